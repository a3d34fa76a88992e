"""What is kept of the sizes of a growth, and of the infinite lattice."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from qtf.files import read_object
from qtf.ground_states.estimates import relative_error
from qtf.physics import HamiltonianSettings, known_energies
from qtf.physics.finite_size import fit_sizes
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder
from trainers.ground_state.growth.stages import Stage
from trainers.ground_state.report import RESULT

# Suffixes of the entries of `growth.json` about the network before its first minibatch, and
# averaged over symmetries.
BEFORE, AVERAGED = "_before", "_with_symmetries"
SUFFIXES = {"after": "", "before": BEFORE, "averaged": AVERAGED}
# Entries of a result that go on as they are.
SHOWN = ("size", "n_sites", "n_steps", "n_evaluation", "energy_variance", "v_score")


@dataclass(frozen=True)
class Energy:
    """A total energy, and how far it is from the reference.

    Attributes:
        energy: The energy.
        energy_error: Its error bar.
        relative_error: Its relative distance from the reference; None: there is none, or it is 0.
        relative_error_bar: Error bar of that, which has that of the reference in it.
    """

    energy: float
    energy_error: float
    relative_error: float | None = None
    relative_error_bar: float | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One size of a growth.

    Attributes:
        size: Spins of a chain or of the side of a square.
        n_sites: Number of sites.
        n_steps: Optimiser steps.
        n_evaluation: Samples of the energy after the retraining.
        energy_variance: Variance of the energy.
        v_score: V-score.
        warnings: Why it may not be the ground state, one sentence each.
        n_samples: Samples of a step.
        learning_rate: Learning rate at the start.
        seconds: Time of the training; None: unknown.
        reference_energy: Ground energy that it is held against.
        reference_source: Where that is from.
        reference_kind: What that is; None: unknown, or told by an older version.
        after: Energy after the retraining.
        before: Energy before its first minibatch; None: it was not measured.
        averaged: Energy averaged over symmetries; None: it was not measured.
    """

    size: int
    n_sites: int
    n_steps: int
    n_evaluation: int
    energy_variance: float
    v_score: float
    warnings: Sequence[str] = ()
    n_samples: int
    learning_rate: float
    seconds: float | None
    reference_energy: float | None
    reference_source: str | None
    reference_kind: str | None = None
    after: Energy
    before: Energy | None = None
    averaged: Energy | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Returns a row of `growth.json`."""
        names = (entry.name for entry in fields(self) if entry.name not in SUFFIXES)
        return {name: getattr(self, name) for name in names} | {
            f"{entry.name}{suffix}": getattr(getattr(self, name), entry.name, None)
            for name, suffix in SUFFIXES.items()
            for entry in fields(Energy)
        }

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Returns a row of `growth.json`; what an older version has not written is unknown."""
        names = (entry.name for entry in fields(cls) if entry.name in values)
        energies = {}
        for name, suffix in SUFFIXES.items():
            if values.get(f"energy{suffix}") is not None:
                keys = (f"{entry.name}{suffix}" for entry in fields(Energy))
                energies[name] = Energy(*(values[key] for key in keys))
        return cls(**{name: values[name] for name in names}, **energies)


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

    def to_mapping(self) -> dict[str, Any]:
        """Returns the content of the file."""
        rows = [row.to_mapping() for row in self.rows]
        return {"rows": rows, "bulk": None if self.bulk is None else asdict(self.bulk)}


def read_row(stage: Stage, folder: Path) -> Row:
    """Returns the row of a size from its run folder."""
    result = read_object(folder / RESULT, keys=(*SHOWN, "seconds_per_step", "reference_source"))
    per_step = result["seconds_per_step"]
    first = read_metrics(RunFolder(folder).metrics, "validation")[0]
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
        after=_energy(result, result),
        before=_energy(first, result) if first["step"] == 0 else None,
        # Absent without known symmetries, and in runs from before it was measured.
        averaged=_energy(result, result, AVERAGED) if f"energy{AVERAGED}" in result else None,
    )


def _energy(values: Mapping[str, Any], result: Mapping[str, Any], suffix: str = "") -> Energy:
    """Returns an energy among some values, held against the reference of a result."""
    energy, error = values[f"energy{suffix}"], values[f"energy_error{suffix}"]
    reference = result.get("reference_energy")
    if not reference:
        return Energy(energy, error)
    bar = math.hypot(error, result["reference_error"]) / abs(reference)
    return Energy(energy, error, relative_error(energy, reference), bar)


def bulk_energy(rows: Sequence[Row], hamiltonian: HamiltonianSettings) -> Bulk | None:
    """Returns the energy a site of the infinite lattice, or None if the sizes are too few.

    Where all sizes have it, from the energies averaged over symmetries, which are closer.

    Args:
        rows: One for each size.
        hamiltonian: The Hamiltonian; its size does not matter.
    """
    powers = hamiltonian.resized(rows[0].size).lattice.size_powers(len(rows))
    energies = [row.averaged for row in rows if row.averaged is not None]
    is_averaged = len(energies) == len(rows)
    if not is_averaged:
        energies = [row.after for row in rows]
    errors = [energy.energy_error for energy in energies]
    if powers is None or len(rows) < len(powers) or not all(error > 0.0 for error in errors):
        return None
    sizes, totals = [row.size for row in rows], [energy.energy for energy in energies]
    fit = fit_sizes(sizes, totals, errors, powers)
    known, known_error = known_energies.find_bulk_energy(hamiltonian) or (None, None)
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
