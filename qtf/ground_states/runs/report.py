"""What a ground-state run says of its result."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qtf.files import write_json
from qtf.ground_states.estimates import relative_error
from qtf.ground_states.exact_sums import MAX_LISTED_SITES, variational_energy
from qtf.ground_states.runs.gaps import RESULT, Gap, find_gap
from qtf.ground_states.task import GroundStateTraining
from qtf.physics import HamiltonianSettings, published_energies
from qtf.physics.known_energies import KnownEnergy
from qtf.training.run_folder import RunFolder

NO_RELATIVE_ERROR = "Relative error: none, as the reference is 0"


@dataclass(frozen=True)
class Result:
    """What a run has reached; energies are total ones.

    Attributes:
        n_sites: Number of sites.
        weights_after_step: Optimiser steps after which the run had the weights.
        metrics: Metrics of a validation.
        warnings: Why it may not be the ground state, one sentence each.
        reference: Ground energy that it is held against.
        energy: Energy from sums over all configurations; None: there are too many.
        n_symmetries: Number of known symmetries that are not built in.
        averaged: Energy of the average over them, from sums over all configurations.
        gap: Distance from the energy of a lower state; None: none is named.
    """

    n_sites: int
    weights_after_step: int | None
    metrics: Mapping[str, float]
    warnings: tuple[str, ...] = ()
    reference: KnownEnergy | None = None
    energy: float | None = None
    n_symmetries: int | None = None
    averaged: float | None = None
    gap: Gap | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Returns the content of `result.json`."""
        sums = {
            "energy_from_all_configurations": self.energy,
            "n_symmetries": self.n_symmetries,
            "energy_averaged_over_symmetries": self.averaged,
        }
        return {
            "n_sites": self.n_sites,
            "weights_after_step": self.weights_after_step,
            **self.metrics,
            "warnings": list(self.warnings),
            **{key: value for key, value in sums.items() if value is not None},
            **({} if self.gap is None else self.gap.to_mapping()),
            **{
                f"reference_{name}": getattr(self.reference, name, None)
                for name in ("source", "error", "kind")
            },
        }


def measure(
    training: GroundStateTraining,
    workdir: Path | str,
    reference: KnownEnergy | None,
    *,
    n_samples: int | None = None,
) -> Result:
    """Measures the energy in every way that the size allows.

    It is that of the weights which the model has now, after `run` those that exports take.

    Args:
        training: The wave function with the weights to measure, and what measures it.
        workdir: The run folder.
        reference: Ground energy where it is known.
        n_samples: Samples of the measurement; None: as many as of a validation.
    """
    task, psi = training.task, training.model
    measurement = training.measure(n_samples or task.n_validation)
    result = Result(
        n_sites=psi.n_sites,
        weights_after_step=RunFolder(workdir).kept_step(),
        metrics=measurement.metrics,
        warnings=tuple(training.warnings(measurement)),
        reference=reference,
    )
    if psi.n_sites <= MAX_LISTED_SITES:
        result = replace(result, energy=variational_energy(psi, task.hamiltonian, xla=task.xla))
    folder = RunFolder(workdir)
    if folder.config.exists():
        gap = find_gap(result.metrics, result.energy, folder.load_config())
        result = replace(result, gap=gap)
    if psi.n_sites > MAX_LISTED_SITES:
        return result
    if task.symmetrized is None:
        return result
    average = task.symmetrized(psi)
    energy = variational_energy(average, task.hamiltonian, xla=task.xla)
    return replace(result, n_symmetries=average.n_symmetries, averaged=energy)


def write_result(
    result: Result, workdir: Path | str, more: Mapping[str, float | None] | None = None
) -> None:
    """Writes `result.json` into a run folder, with more entries if there are any."""
    write_json(Path(workdir) / RESULT, {**result.to_mapping(), **(more or {})})


def lines(result: Result, hamiltonian: HamiltonianSettings) -> Iterator[str]:
    """Yields what a user reads at the end of a run."""
    metrics, n_sites = result.metrics, result.n_sites
    energy, error = metrics["energy"], metrics["energy_error"]
    yield f"Energy: {energy:.9g} +- {error:.2g}"
    yield f"Energy a site: {energy / n_sites:.8g} +- {error / n_sites:.1g}"
    yield f"Variance: {metrics['energy_variance']:.3g}, V-score: {metrics['v_score']:.3g}"
    for row in published_energies(hamiltonian):
        bar = f" +- {row.error:.0e}" if row.error else ""
        published = f"{row.energy_per_site:.9g}{bar} a site"
        yield f"{row.method}: {published} ({row.kind}: {row.source})"
    reference = result.reference
    if reference is not None:
        bar = f" +- {reference.error:.1g}" if reference.error else ""
        yield f"Reference: {reference.energy:.9g}{bar} ({reference.kind}: {reference.source})"
        relative = _relative(energy, reference)
        yield f"Relative error: {relative} from samples" if relative else NO_RELATIVE_ERROR
    sums = {
        "Energy from all configurations": result.energy,
        f"Averaged over {result.n_symmetries} symmetries": result.averaged,
    }
    for name, total in sums.items():
        if total is not None:
            relative = _relative(total, reference)
            yield f"{name}: {total:.9g}{f', relative error {relative}' if relative else ''}"
    if result.gap is not None:
        yield from result.gap.lines()
    yield from (f"Warning: {warning}" for warning in result.warnings)


def _relative(energy: float, reference: KnownEnergy | None) -> str:
    error = None if reference is None else relative_error(energy, reference.energy)
    return "" if error is None else f"{error:.2g}"
