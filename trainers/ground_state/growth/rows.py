"""What is kept of the sizes of a growth, and of the infinite lattice."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from qtf.files import read_object
from qtf.ground_states.estimates import relative_error
from qtf.ground_states.finite_size import fit_sizes, known_bulk_energy
from qtf.ground_states.growth_figures import AFTER, AVERAGE, BEFORE
from qtf.physics import HamiltonianSettings
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder
from trainers.ground_state.growth.stages import Stage
from trainers.ground_state.report import RESULT

# Of the entries about the network before its first minibatch, and averaged over symmetries.
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
    """One size of a growth, a row of `growth.json`.

    Energies are total ones, each with its error bar and its relative distance from the reference,
    as far as they are known: after the retraining, before its first minibatch, and of the average
    over symmetries.

    Attributes:
        size: Spins of a chain or of the side of a square.
        n_sites: Number of sites.
        n_steps: Optimiser steps.
        n_evaluation: Samples of the energy.
        energy_variance: Variance of the energy.
        v_score: V-score.
        warnings: Why it may not be the ground state, one sentence each.
        n_samples: Samples of a step.
        learning_rate: Learning rate at the start.
        seconds: Time of the training; None: unknown.
        reference_energy: Ground energy that it is held against.
        reference_source: Where that is from.
        reference_kind: What that is; None: unknown, or told by an older version.
    """

    size: int
    n_sites: int
    n_steps: int
    energy: float
    energy_error: float
    n_evaluation: int = 0
    energy_variance: float = math.nan
    v_score: float = math.nan
    warnings: Sequence[str] = ()
    n_samples: int = 0
    learning_rate: float = math.nan
    seconds: float | None = None
    reference_energy: float | None = None
    reference_source: str | None = None
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

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Returns the row of a file; what an older version has not written is unknown."""
        names = {entry.name for entry in fields(cls)}
        return cls(**{key: value for key, value in values.items() if key in names})

    @property
    def relative_errors(self) -> dict[str, tuple[float | None, float | None]]:
        """Relative errors and their error bars by the names of curves."""
        return {
            AFTER: (self.relative_error, self.relative_error_bar),
            AVERAGE: (
                self.relative_error_with_symmetries,
                self.relative_error_bar_with_symmetries,
            ),
            BEFORE: (self.relative_error_before, self.relative_error_bar_before),
        }


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
    first = read_metrics(RunFolder(folder).metrics, "validation")[0]
    before = first if first["step"] == 0 else {}
    # Absent without known symmetries, and in runs from before it was measured.
    averaged = {key: result.get(f"{key}{AVERAGED}") for key in ("energy", "energy_error")}
    return Row(
        **{key: result[key] for key in SHOWN},
        # Absent in runs from before they were kept.
        warnings=result.get("warnings", []),
        n_samples=stage.settings.sampling.n_samples,
        learning_rate=stage.settings.training.optimizer.learning_rate,
        seconds=None if per_step is None else per_step * result["n_steps"],
        reference_energy=result.get("reference_energy"),
        reference_source=result["reference_source"],
        # Absent in runs from before it was told.
        reference_kind=result.get("reference_kind"),
        **_relative_errors(result, result, ""),
        **_energies(before, result, BEFORE_IT),
        **_energies(averaged, result, AVERAGED),
    )


def _energies(
    energies: Mapping[str, float | None], result: Mapping[str, Any], suffix: str
) -> dict[str, float | None]:
    stored = {f"{key}{suffix}": energies.get(key) for key in ("energy", "energy_error")}
    return stored | _relative_errors(energies, result, suffix)


def _relative_errors(
    energies: Mapping[str, float | None], result: Mapping[str, Any], suffix: str
) -> dict[str, float | None]:
    """Returns the relative error and its error bar, which has that of the reference in it."""
    names = f"relative_error{suffix}", f"relative_error_bar{suffix}"
    energy, error = energies.get("energy"), energies.get("energy_error")
    reference = result.get("reference_energy")
    if energy is None or error is None or not reference:
        return dict.fromkeys(names)
    bar = math.hypot(error, result["reference_error"]) / abs(reference)
    return dict(zip(names, (relative_error(energy, reference), bar), strict=True))


def bulk_energy(rows: Sequence[Row], hamiltonian: HamiltonianSettings) -> Bulk | None:
    """Returns the energy a site of the infinite lattice, or None if the sizes are too few.

    Where all sizes have it, from the energies averaged over symmetries, which are closer.

    Args:
        rows: One for each size.
        hamiltonian: The Hamiltonian; its size does not matter.
    """
    powers = hamiltonian.resized(rows[0].size).lattice.size_powers(len(rows))
    energies = [(row.energy_with_symmetries, row.energy_error_with_symmetries) for row in rows]
    is_averaged = all(energy is not None for energy, _ in energies)
    if not is_averaged:
        energies = [(row.energy, row.energy_error) for row in rows]
    if powers is None or len(rows) < len(powers) or not all(error > 0.0 for _, error in energies):
        return None
    fit = fit_sizes([row.size for row in rows], *zip(*energies, strict=True), powers)
    known, known_error = known_bulk_energy(hamiltonian) or (None, None)
    return Bulk(
        with_symmetries=is_averaged,
        energy_per_site=fit.bulk_energy,
        energy_error=fit.birge_ratio * fit.bulk_error,
        birge_ratio=fit.birge_ratio,
        chi_squared=fit.chi_squared,
        n_degrees_of_freedom=fit.n_degrees_of_freedom,
        powers=tuple(powers),
        coefficients=tuple(fit.coefficients.tolist()),
        known_energy=known,
        known_error=known_error,
    )
