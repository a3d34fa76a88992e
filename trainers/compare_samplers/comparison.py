"""Compares direct samples with Markov chains, in two figures and one file of numbers."""

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qtf.files import (
    locked,
    read_object,
    writable_folder,
    write_atomically,
    write_figure,
    write_json,
)
from qtf.ground_states.estimates import relative_error
from qtf.ground_states.figures import TrainingCurve, modes_figure, training_figure
from qtf.physics import HamiltonianSettings, lanczos_ground_energy
from qtf.physics.ground_energies import QUICK_LANCZOS_SITES
from qtf.progress import announced
from qtf.provenance import machine, today, versions
from qtf.typing import Json
from trainers.compare_samplers.modes import Mean, compare_modes, recorded_settings
from trainers.compare_samplers.settings import ChainTrainingSettings, ModesSettings
from trainers.compare_samplers.training import Trainings, hamiltonian_of, name_of

DOTS_PER_INCH = 150
NAMES_OF_SAMPLES = {
    "direct": "direct samples",
    "chains": "all chains",
    "chains_from_up": "chains started up",
}


def run(
    workdir: Path | str,
    *,
    modes: ModesSettings | None,
    training: ChainTrainingSettings | None,
    steps_between: Sequence[int] = (),
    tell: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Draws the figures that are asked for, computing only what `workdir` lacks.

    Args:
        workdir: Folder for `comparison.json`, the figures and what they are drawn from.
        modes: Settings of the first figure, or None.
        training: Settings of the second figure, or None.
        steps_between: Steps of the chains between two samples, one training for each.
        tell: Function that takes a line about each result as soon as it is there.

    Returns:
        The content of `comparison.json`.

    Raises:
        ValueError: `workdir` holds results of another plan, or is in use.
        FileNotFoundError: The run of `modes` is missing.
    """
    if modes is not None:
        # A missing run is found before the folder is touched.
        recorded_settings(modes)
    workdir = writable_folder(workdir)
    with locked(workdir):
        comparison: dict[str, Any] = {"made": _provenance()}
        if modes is not None:
            comparison["modes"] = _modes(workdir, modes, tell)
        if training is not None:
            comparison["training"] = _trainings(workdir, training, steps_between, tell)
        write_json(workdir / "comparison.json", comparison)
    return comparison


def _modes(workdir: Path, plan: ModesSettings, tell: Callable[[str], None]) -> dict[str, Any]:
    settings = recorded_settings(plan)
    kept = _keep(workdir / "modes.json", settings, lambda: compare_modes(plan))
    summary, samples = kept["summary"], kept["samples"]
    figure = modes_figure(
        {name: values["components"] for name, values in samples.items()},
        {name: values["magnetizations"] for name, values in samples.items()},
        title=HamiltonianSettings.from_mapping(summary["hamiltonian"]).describe(),
    )
    write_figure(workdir / "modes.png", figure, dpi=DOTS_PER_INCH)
    for key, name in NAMES_OF_SAMPLES.items():
        tell(f"{name}: {_magnetization_line(Mean(**summary[key]['magnetization']))}")
    return {**settings, **summary}


def _magnetization_line(z: Mean) -> str:
    if z.error is None or z.r_hat is None:
        return f"<Z> = {z.mean:.3f}; nothing moves, so its error is unknown"
    return (
        f"<Z> = {z.mean:.3f} +- {z.error:.3f}, effective sample size"
        f" {z.effective_sample_size:.0f}, R-hat {z.r_hat:.3f}"
    )


def _trainings(
    workdir: Path,
    plan: ChainTrainingSettings,
    steps_between: Sequence[int],
    tell: Callable[[str], None],
) -> dict[str, Any]:
    settings = plan.as_mapping()
    # Made at the first training that is missing.
    trainings = functools.cache(lambda: Trainings(plan))

    def train(k: int) -> Mapping[str, Json]:
        return dataclasses.asdict(trainings().train(k))

    curves = {}
    for k in (0, *sorted(set(steps_between))):
        path = workdir / (f"training-chains-{k}.json" if k else "training-direct.json")
        curve = TrainingCurve(**_keep(path, settings, functools.partial(train, k)))
        curves[name_of(k)] = curve
        tell(
            f"{name_of(k)}: energy {curve.energies[-1]:.6g}, variance {curve.variances[-1]:.3g},"
            f" {curve.seconds[-1]:.3g} s"
        )
    exact = plan.side**2 <= QUICK_LANCZOS_SITES
    lowest = min(min(curve.energies) for curve in curves.values())
    with announced("exact ground energy by Lanczos"):
        reference = lanczos_ground_energy(hamiltonian_of(plan)) if exact else lowest
    name = "exact" if exact else "lowest"
    title = f"Ising model, open square of {plan.side} x {plan.side}, field {plan.field:g}"
    figure = training_figure(curves, reference, name, title=title)
    write_figure(workdir / "training.png", figure, dpi=DOTS_PER_INCH)
    last = {
        name: {
            "energy": curve.energies[-1],
            "energy_variance": curve.variances[-1],
            "relative_error": relative_error(curve.energies[-1], reference),
            "seconds": curve.seconds[-1],
        }
        for name, curve in curves.items()
    }
    return {**settings, "reference": reference, "reference_is_exact": exact, "curves": last}


def _keep(
    path: Path, settings: Mapping[str, Json], compute: Callable[[], Mapping[str, Json]]
) -> Mapping[str, Any]:
    """Returns what the file holds, after computing and writing it if there is none.

    Raises:
        ValueError: The file was computed with other settings.
    """
    if not path.exists():
        result = compute()
        content = {"made": _provenance(), "settings": settings, "result": result}
        write_atomically(path, json.dumps(content) + "\n")
        return result
    content = read_object(path, keys=("settings", "result"))
    for key, value in settings.items():
        recorded = content["settings"].get(key)
        if recorded != value:
            raise ValueError(
                f"File {path} was computed with `{key}` = {recorded!r}, but {value!r} is asked;"
                " choose another folder, or remove the file to compute it anew."
            )
    return content["result"]


def _provenance() -> dict[str, Any]:
    return {"date": today(), "machine": machine(), "versions": versions()}
