"""What is kept of the sizes of a growth, and of the infinite lattice."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from qtf.files import read_object
from qtf.ground_states.estimates import relative_error
from qtf.ground_states.runs.report import RESULT
from qtf.physics import HamiltonianSettings, known_energies
from qtf.physics.finite_size import fit_sizes
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder
from trainers.ground_state.growth.stages import Stage

# Suffixes of entries about the network before its first minibatch, and averaged over symmetries.
BEFORE_IT, AVERAGED = "_before", "_with_symmetries"
# Entries of a result that go on as they are.
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


@dataclass(frozen=True, kw_only=True)
class Row:
    """One size of a growth, as `growth.json` has it.

    Energies are total ones, each with its error bar, its relative distance from the reference and
    the error bar of that, which has the reference's in it; None: it is not known. They are of the
    network after its training, before its first minibatch, and averaged over symmetries.

    Attributes:
        size: Spins of a chain or of the side of a square.
        n_steps: Optimiser steps.
        n_evaluation: Samples of the energy.
        warnings: Why it may not be the ground state, one sentence each.
        n_samples: Samples of a step.
        learning_rate: Learning rate at the start.
        seconds: Duration of the training, in all starts, with compilation.
        n_symmetric_steps: Further steps, which have trained the average over symmetries.
        v_score_with_symmetries: V-score of the average, where it was trained.
    """

    size: int
    n_sites: int
    n_steps: int
    energy: float
    energy_error: float
    n_evaluation: int
    energy_variance: float
    v_score: float
    warnings: Sequence[str] = ()
    n_samples: int
    learning_rate: float
    seconds: float | None
    reference_energy: float | None = None
    reference_source: str | None
    reference_kind: str | None = None
    relative_error: float | None = None
    relative_error_bar: float | None = None
    energy_before: float | None = None
    energy_error_before: float | None = None
    relative_error_before: float | None = None
    relative_error_bar_before: float | None = None
    energy_with_symmetries: float | None = None
    energy_error_with_symmetries: float | None = None
    relative_error_with_symmetries: float | None = None
    relative_error_bar_with_symmetries: float | None = None
    n_symmetric_steps: int = 0
    v_score_with_symmetries: float | None = None

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Returns a row of `growth.json`, whatever is beside it."""
        names = {entry.name for entry in fields(cls)}
        return cls(**{key: value for key, value in values.items() if key in names})

    def error(self, suffix: str) -> tuple[float | None, float | None]:
        """Returns a relative error and its error bar: "", `BEFORE_IT` or `AVERAGED`."""
        values = vars(self)
        return values[f"relative_error{suffix}"], values[f"relative_error_bar{suffix}"]


@dataclass(frozen=True)
class Bulk:
    """The energy a site of the infinite lattice, from a fit to the sizes of a growth.

    Attributes:
        with_symmetries: Whether it is from the energies averaged over symmetries.
        energy_per_site: The energy.
        energy_error: Its error bar: that of the samples times the Birge ratio.
        birge_ratio: See `SizeFit.birge_ratio`.
        chi_squared: Chi squared of the fit.
        n_degrees_of_freedom: Number of sizes less that of terms.
        powers: Powers of the size in the terms.
        coefficients: Their coefficients.
        known_energy: Energy a site, where it is known.
        known_error: Its error.
    """

    with_symmetries: bool
    energy_per_site: float
    energy_error: float
    birge_ratio: float
    chi_squared: float
    n_degrees_of_freedom: int
    powers: tuple[int, ...]
    coefficients: tuple[float, ...]
    known_energy: float | None
    known_error: float | None


@dataclass(frozen=True)
class Growth:
    """The content of `growth.json`.

    Attributes:
        rows: One for each size.
        bulk: The infinite lattice; None: there are too few sizes.
    """

    rows: tuple[Row, ...]
    bulk: Bulk | None


def read_row(stage: Stage, folder: Path) -> Row:
    """Returns the row of a size from its run folder."""
    result = read_object(folder / RESULT, keys=(*SHOWN, "seconds_per_step", "reference_source"))
    per_step = result["seconds_per_step"]
    # Of older versions there is but the duration of a step.
    guessed = None if per_step is None else per_step * result["n_steps"]
    first = read_metrics(RunFolder(folder).metrics, "validation")[0]
    before = {f"{key}{BEFORE_IT}": first[key] for key in ("energy", "energy_error")}
    # What is absent was not measured, or the run is from before it was kept.
    measured = {key: result[key] for key in Row.__dataclass_fields__ if key in result}
    measured |= before if first["step"] == 0 else {}
    for suffix in ("", BEFORE_IT, AVERAGED):
        measured |= _errors(measured, result, suffix)
    return Row(
        **{"seconds": guessed, **measured},
        n_samples=stage.settings.sampling.n_samples,
        learning_rate=stage.settings.training.optimizer.learning_rate,
    )


def read_rows(stages: Sequence[Stage], workdir: Path) -> tuple[Row, ...]:
    """Returns a row for each size; what the end of a training has reached is in that of its size.

    Args:
        stages: Those that are finished, in their order.
        workdir: Folder of the growth.
    """
    rows: list[Row] = []
    for stage in stages:
        row = read_row(stage, workdir / stage.name)
        rows.append(_joined(rows.pop(), row) if stage.is_symmetric else row)
    return tuple(rows)


def _joined(row: Row, symmetric: Row) -> Row:
    """Returns the row of a size whose training ends on the average over symmetries."""
    seconds = [part.seconds for part in (row, symmetric) if part.seconds is not None]
    keys = ("energy", "energy_error", "relative_error", "relative_error_bar", "v_score")
    measured = {f"{key}{AVERAGED}": getattr(symmetric, key) for key in keys}
    return replace(
        row,
        **measured,
        n_symmetric_steps=symmetric.n_steps,
        warnings=tuple(dict.fromkeys((*row.warnings, *symmetric.warnings))),
        seconds=math.fsum(seconds) if len(seconds) == 2 else None,
    )


def _errors(
    measured: Mapping[str, Any], result: Mapping[str, Any], suffix: str
) -> dict[str, float | None]:
    energy, reference = measured.get(f"energy{suffix}"), result.get("reference_energy")
    if energy is None or not reference:
        return {}
    bar = math.hypot(measured[f"energy_error{suffix}"], result["reference_error"]) / abs(reference)
    errors = relative_error(energy, reference), bar
    return dict(
        zip((f"relative_error{suffix}", f"relative_error_bar{suffix}"), errors, strict=True)
    )


def bulk_energy(rows: Sequence[Row], hamiltonian: HamiltonianSettings) -> Bulk | None:
    """Returns the energy a site of the infinite lattice, or None if the sizes are too few.

    Where all sizes have it, from the energies averaged over symmetries, which are closer.

    Args:
        rows: One for each size.
        hamiltonian: The Hamiltonian; its size does not matter.
    """
    powers = hamiltonian.resized(rows[0].size).lattice.size_powers(len(rows))
    is_averaged = all(row.energy_with_symmetries is not None for row in rows)
    suffix = AVERAGED if is_averaged else ""
    energies, errors = (
        [vars(row)[f"{key}{suffix}"] for row in rows] for key in ("energy", "energy_error")
    )
    if powers is None or len(rows) < len(powers) or not all(error > 0.0 for error in errors):
        return None
    fit = fit_sizes([row.size for row in rows], energies, errors, powers)
    energy, error = known_energies.find_bulk_energy(hamiltonian) or (None, None)
    return Bulk(
        with_symmetries=is_averaged,
        energy_per_site=fit.bulk_energy,
        energy_error=fit.birge_ratio * fit.bulk_error,
        birge_ratio=fit.birge_ratio,
        chi_squared=fit.chi_squared,
        n_degrees_of_freedom=fit.n_degrees_of_freedom,
        powers=tuple(powers),
        coefficients=tuple(fit.coefficients.tolist()),
        known_energy=energy,
        known_error=error,
    )
