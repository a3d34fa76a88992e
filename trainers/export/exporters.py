"""Exports of the runs of every trainer."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qtf.export.saved_model import export_dynamics, export_outcomes, export_wave_function
from qtf.files import writable_folder
from qtf.ground_states.last_part import last_part
from qtf.ground_states.settings import SymmetrySettings
from qtf.ground_states.symmetries import averaged
from qtf.physics import HamiltonianSettings
from qtf.run_kinds import HELD
from qtf.training.run_folder import RunFolder
from trainers.export.open_system_runs import mean_of_runs

# Flags that not every run has -> the kinds of runs that they are for.
USES = {
    "max_steps": ("dynamics",),
    "xla_signature": ("dynamics",),
    "n_sites": ("dynamics",),
    "max_samples": ("ground states", "open systems"),
    "symmetrized": ("ground states",),
    "average_with": ("open systems",),
}
# Tables of longer chains would make the file large; ask for them by name.
MAX_DEFAULT_SITES = 12


def run(
    workdir: Path | str,
    model_dir: Path | str,
    *,
    max_steps: int | None = None,
    xla_signature: bool = False,
    n_sites: Sequence[int] = (),
    max_samples: int | None = None,
    symmetrized: bool = False,
    average_with: Sequence[Path | str] = (),
) -> Path:
    """Writes the next version of the model in `workdir` and returns its folder.

    Args:
        workdir: The run folder, of dynamics, a ground state or an open system; of a growth,
            whose largest size is taken, or of one of its sizes.
        model_dir: Folder of all versions, created if missing.
        max_steps: Dynamics: largest number of steps of one request.
        xla_signature: Dynamics: whether to add `rollout_xla`.
        n_sites: Dynamics: chain lengths to serve, see `served_n_sites`.
        max_samples: Ground states and open systems: largest number of configurations of one
            request.
        symmetrized: Ground states: whether to average over the run's `symmetry.group`.
        average_with: Open systems: further runs, whose probabilities are averaged with those
            of this one.

    Raises:
        FileNotFoundError: A run has no weights.
        ValueError: A number is not positive, the model does not know such chains, the runs
            do not describe the same, or an argument is for another kind of run.
    """
    folder = RunFolder(last_part(workdir))
    options = _given(
        max_steps=max_steps,
        xla_signature=xla_signature or None,
        n_sites=tuple(n_sites) or None,
        max_samples=max_samples,
        symmetrized=symmetrized or None,
        average_with=tuple(average_with) or None,
    )
    kind = folder.kind
    for name in options:
        if kind not in USES[name]:
            raise ValueError(
                f"Flag --{name} is for {' and '.join(USES[name])}, but {workdir} holds"
                f" {HELD[kind]}."
            )
    exporters: dict[str, Callable[..., Path]] = {
        "dynamics": _export_dynamics,
        "ground states": _export_wave_function,
        "open systems": _export_open_system,
    }
    return exporters[kind](folder, model_dir, **options)


def served_n_sites(model: Any, trained: Sequence[int], asked: Sequence[int]) -> tuple[int, ...]:
    """Returns the chain lengths to export.

    Args:
        model: The model; a local generator has `terms`.
        trained: Chain lengths that it was trained for.
        asked: Chain lengths that the user wants, or none.

    Raises:
        ValueError: The model does not know such a chain.
    """
    known = tuple(trained)
    if hasattr(model, "terms") and model.terms.n_sites is None:
        known = tuple(range(1, model.n_max + 1))
    for n in asked:
        if n not in known:
            raise ValueError(f"Flag --n_sites must hold n in {known}, but holds {n}.")
    return tuple(asked) or tuple(n for n in known if n in trained or 2 <= n <= MAX_DEFAULT_SITES)


def _export_dynamics(
    folder: Any, model_dir: Path | str, *, n_sites: Sequence[int] = (), **options: Any
) -> Path:
    model, config = folder.load_model(), folder.load_config()
    physics = HamiltonianSettings.from_mapping(config["physics"]["hamiltonian"])
    by_n = {
        n: physics.with_n_sites(n).build()
        for n in served_n_sites(model, config["data"]["n_sites"], n_sites)
    }
    return export_dynamics(model, writable_folder(model_dir), by_n, config, **options)


def _export_wave_function(
    folder: Any, model_dir: Path | str, *, symmetrized: bool = False, **options: Any
) -> Path:
    psi, config = folder.load_model(), folder.load_config()
    physics = HamiltonianSettings.from_mapping(config["physics"]["hamiltonian"])
    if symmetrized:
        symmetry = SymmetrySettings.from_mapping(config["symmetry"])
        psi = averaged(psi, symmetry, physics.lattice)
    hamiltonian = physics.build()
    return export_wave_function(psi, writable_folder(model_dir), hamiltonian, config, **options)


def _export_open_system(
    folder: Any,
    model_dir: Path | str,
    *,
    average_with: Sequence[Path | str] = (),
    **options: Any,
) -> Path:
    distribution, time = mean_of_runs([folder, *map(RunFolder, average_with)])
    config = folder.load_config()
    return export_outcomes(distribution, writable_folder(model_dir), config, time=time, **options)


def _given(**options: Any) -> dict[str, Any]:
    """Returns the options that were asked for; all others keep their defaults."""
    return {name: value for name, value in options.items() if value is not None}
