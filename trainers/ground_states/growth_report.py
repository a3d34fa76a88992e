"""What a growth says of its sizes: growth.json, two figures and lines."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from qtf.files import read_object, write_figure, write_json
from qtf.ground_states.estimates import relative_error
from qtf.ground_states.growth_figures import (
    AFTER,
    AVERAGE,
    BEFORE,
    errors_figure,
    retraining_figure,
)
from qtf.physics import LATTICES, HamiltonianSettings, known_energies
from qtf.physics.finite_size import fit_sizes
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder
from trainers.ground_states.report import RESULT
from trainers.ground_states.stages import Stage

GROWTH = "growth.json"
HEADER = (
    "size  minibatches  energy a site           relative error      before retraining"
    "   with symmetries"
)
# Of the entries about the network before its first minibatch, and averaged over symmetries.
BEFORE_IT, AVERAGED = "_before", "_with_symmetries"
# Entries of a size that go on as they are.
SHOWN = (
    "size",
    "n_sites",
    "n_steps",
    "energy",
    "energy_error",
    "n_evaluation",
    "energy_variance",
    "v_score",
)


def write_report(stages: Sequence[Stage], workdir: Path) -> dict[str, Any]:
    """Writes `growth.json`, `relative_error.png` and `retraining.png`.

    Args:
        stages: Sizes that are finished.
        workdir: Folder of the growth.

    Returns:
        What `growth.json` holds: "rows", one for each size, and "bulk", or None.
    """
    hamiltonian = stages[0].config["physics"]["hamiltonian"]
    rows = [_row(stage, workdir / stage.name) for stage in stages]
    found = {"rows": rows, "bulk": bulk_energy(rows, hamiltonian)}
    write_json(workdir / GROWTH, found)
    if any(row["relative_error"] is not None for row in rows):
        size_name = LATTICES[HamiltonianSettings.from_mapping(hamiltonian).lattice_kind].SIZE_NAME
        curves = {
            stage.size: retraining_curve(workdir / stage.name, row)
            for stage, row in zip(stages, rows, strict=True)
            if stage.start is not None and row["relative_error"] is not None
        }
        title = growth_title(hamiltonian)
        write_figure(workdir / "relative_error.png", growth_errors_figure(rows, size_name, title))
        retraining = retraining_figure(curves, size_name, title=title)
        write_figure(workdir / "retraining.png", retraining)
    return found


def growth_title(hamiltonian: dict[str, Any]) -> str:
    """Returns what grows, without the size that it starts from."""
    system = HamiltonianSettings.from_mapping(hamiltonian).describe(with_size=False)
    return f"{system}, growing"


def bulk_energy(
    rows: Sequence[dict[str, Any]], hamiltonian: dict[str, Any]
) -> dict[str, Any] | None:
    """Returns the energy a site of the infinite lattice, or None if the sizes are too few.

    Where all sizes have it, from the energies averaged over symmetries, which are closer. Its
    error bar is that of the samples times the Birge ratio, see `SizeFit.birge_ratio`.

    Args:
        rows: Of `growth.json`.
        hamiltonian: Its configuration.
    """
    physics = HamiltonianSettings.from_mapping(hamiltonian)
    powers = physics.resized(rows[0]["size"]).lattice.size_powers(len(rows))
    if powers is None:
        return None
    is_averaged = all(row[f"energy{AVERAGED}"] is not None for row in rows)
    suffix = AVERAGED if is_averaged else ""
    if len(rows) < len(powers) or not all(row[f"energy_error{suffix}"] > 0.0 for row in rows):
        return None
    keys = ("size", f"energy{suffix}", f"energy_error{suffix}")
    columns = ([row[key] for row in rows] for key in keys)
    fit = fit_sizes(*columns, powers)
    known = known_energies.bulk_energy(physics)
    return {
        "with_symmetries": is_averaged,
        "energy_per_site": fit.bulk_energy,
        "energy_error": fit.birge_ratio * fit.bulk_error,
        "birge_ratio": fit.birge_ratio,
        "chi_squared": fit.chi_squared,
        "n_degrees_of_freedom": fit.n_degrees_of_freedom,
        "powers": list(powers),
        "coefficients": fit.coefficients.tolist(),
        "known_energy": None if known is None else known[0],
        "known_error": None if known is None else known[1],
    }


def retraining_curve(folder: Path, row: dict[str, Any]) -> tuple[list[float], list[float]]:
    """Returns minibatches and relative errors, from the samples of the training itself.

    Args:
        folder: Of a size after the first, whose reference is known and not 0.
        row: Of `growth.json`.
    """
    reference = row["reference_energy"]
    steps, errors, before = [0.0], [row["relative_error_before"]], 0
    for found in read_metrics(RunFolder(folder).metrics, "training"):
        # Its loss is the mean energy of all minibatches since the row before.
        steps.append((before + found["step"]) / 2)
        errors.append(relative_error(found["loss"], reference))
        before = found["step"]
    return steps, errors


def line(row: dict[str, Any]) -> str:
    """Returns what a user reads of one size, below `HEADER`."""
    energy, error = (row[key] / row["n_sites"] for key in ("energy", "energy_error"))
    errors = "  ".join(f"{_shown(row, suffix):18}" for suffix in ("", BEFORE_IT, AVERAGED))
    shown = f"{energy:#.7g} +- {error:.0e}"
    return f"{row['size']:4d}  {row['n_steps']:11d}  {shown:20}  {errors}".rstrip()


def bulk_line(bulk: dict[str, Any]) -> str:
    """Returns what a user reads of the infinite lattice."""
    known = "" if bulk["known_energy"] is None else f", known {bulk['known_energy']:#.6g}"
    which = " with symmetries" if bulk["with_symmetries"] else ""
    return (
        f"Infinite lattice, from the energies{which}: {bulk['energy_per_site']:#.6g} +-"
        f" {bulk['energy_error']:.1g} a site{known}; {_words_of_fit(bulk)}"
    )


def _words_of_fit(bulk: dict[str, Any]) -> str:
    freedom, ratio = bulk["n_degrees_of_freedom"], bulk["birge_ratio"]
    if freedom == 0:
        return "the error bar is that of the samples, with nothing to check the fit by"
    widened = f" times {ratio:.2g}" if ratio > 1.0 else ""
    return (
        f"the error bar is that of the samples{widened}, as chi squared per degree of freedom is"
        f" {bulk['chi_squared'] / freedom:.2g} ({freedom} left)"
    )


def _row(stage: Stage, folder: Path) -> dict[str, Any]:
    result = read_object(folder / RESULT, keys=(*SHOWN, "seconds_per_step", "reference_source"))
    row = {key: result[key] for key in SHOWN}
    # Absent in runs from before they were kept.
    row["warnings"] = result.get("warnings", [])
    row["n_samples"] = stage.config["sampling"]["n_samples"]
    row["learning_rate"] = stage.config["training"]["optimizer"]["learning_rate"]
    per_step = result["seconds_per_step"]
    row["seconds"] = None if per_step is None else per_step * row["n_steps"]
    row["reference_energy"] = result.get("reference_energy")
    row["reference_source"] = result["reference_source"]
    # Absent in runs from before it was told.
    row["reference_kind"] = result.get("reference_kind")
    row |= _errors(row["energy"], row["energy_error"], result, "")
    first = read_metrics(RunFolder(folder).metrics, "validation")[0]
    before = first if first["step"] == 0 else {"energy": None, "energy_error": None}
    row["energy_before"], row["energy_error_before"] = before["energy"], before["energy_error"]
    row |= _errors(before["energy"], before["energy_error"], result, BEFORE_IT)
    # Absent without known symmetries, and in runs from before it was measured.
    energy, bar = (result.get(f"{key}{AVERAGED}") for key in ("energy", "energy_error"))
    row |= {f"energy{AVERAGED}": energy, f"energy_error{AVERAGED}": bar}
    return row | _errors(energy, bar, result, AVERAGED)


def _errors(
    energy: float | None, bar: float | None, result: dict[str, Any], suffix: str
) -> dict[str, float | None]:
    """Returns the relative error and its error bar, which has that of the reference in it."""
    names = f"relative_error{suffix}", f"relative_error_bar{suffix}"
    reference = result.get("reference_energy")
    if energy is None or not reference:
        return dict.fromkeys(names)
    bar = math.hypot(bar, result["reference_error"]) / abs(reference)
    return dict(zip(names, (relative_error(energy, reference), bar), strict=True))


def growth_errors_figure(rows: Sequence[dict[str, Any]], size_name: str, title: str) -> Figure:
    """Draws the relative errors of all sizes.

    Args:
        rows: Of `growth.json`.
        size_name: What a size is.
        title: Names the system.
    """
    curves = {
        name: tuple(
            [row[f"{key}{suffix}"] for row in rows]
            for key in ("relative_error", "relative_error_bar")
        )
        for name, suffix in ((AFTER, ""), (AVERAGE, AVERAGED), (BEFORE, BEFORE_IT))
        if any(row[f"relative_error{suffix}"] is not None for row in rows)
    }
    return errors_figure([row["size"] for row in rows], curves, size_name, title=title)


def _shown(row: dict[str, Any], suffix: str) -> str:
    value, bar = row[f"relative_error{suffix}"], row[f"relative_error_bar{suffix}"]
    return "" if value is None else f"{value:.1e} +- {bar:.0e}"
