"""What a ground-state run says of its result."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from qtf.files import write_json
from qtf.ground_states.estimates import relative_error
from qtf.ground_states.exact_sums import MAX_LISTED_SITES, variational_energy
from qtf.ground_states.task import GroundStateTask
from qtf.physics import HamiltonianSettings, published_energies
from qtf.training.run_folder import RunFolder

RESULT = "result.json"
NO_RELATIVE_ERROR = "Relative error: none, as the reference is 0"


def measure(
    task: GroundStateTask,
    model: Any,
    workdir: Path | str,
    *,
    n_samples: int | None = None,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Measures the energy in every way that the size allows, and writes it into the run folder.

    It is that of the weights which the model has now, after `run` those that exports take.

    Args:
        task: Its samples measure the energy.
        model: The wave function with the weights to measure.
        workdir: The run folder.
        n_samples: Samples of the measurement; None: as many as of a validation.
        more: Further entries of `result.json`.

    Returns:
        What `result.json` holds: the metrics of a validation, the list "warnings" and, where all
        configurations can be listed, "energy_from_all_configurations" and
        "energy_averaged_over_symmetries"; energies are total ones.
    """
    n_sites = task.hamiltonian.n_sites
    values = task.validate(model, n_samples=n_samples)
    found = {
        "n_sites": n_sites,
        "weights_after_step": RunFolder(workdir).kept_step(),
        **values,
        "warnings": task.warnings(values),
    }
    if n_sites <= MAX_LISTED_SITES:
        energy = variational_energy(model, task.hamiltonian, xla=task.xla)
        found["energy_from_all_configurations"] = energy
        if task.symmetrized is not None:
            average = task.symmetrized(model)
            found["n_symmetries"] = average.n_symmetries
            energy = variational_energy(average, task.hamiltonian, xla=task.xla)
            found["energy_averaged_over_symmetries"] = energy
    found.update(more or {})
    write_json(Path(workdir) / RESULT, found)
    return found


def lines(found: dict[str, Any], hamiltonian: dict[str, Any]) -> Iterator[str]:
    """Yields what a user reads at the end of a run.

    Args:
        found: Of `measure`.
        hamiltonian: Its configuration.
    """
    n_sites = found["n_sites"]
    yield f"Energy: {found['energy']:.9g} +- {found['energy_error']:.2g}"
    yield f"Energy a site: {found['energy'] / n_sites:.8g} +- {found['energy_error'] / n_sites:.1g}"
    yield f"Variance: {found['energy_variance']:.3g}, V-score: {found['v_score']:.3g}"
    for row in published_energies(HamiltonianSettings.from_mapping(hamiltonian)):
        error = f" +- {row.error:.0e}" if row.error else ""
        energy = f"{row.energy_per_site:.9g}{error} a site"
        yield f"{row.method}: {energy} ({row.kind}: {row.source})"
    reference = found.get("reference_energy")
    if reference is not None:
        yield f"Reference: {_reference(found)}"
        error = _relative(found["energy"], reference)
        yield f"Relative error: {error} from samples" if error else NO_RELATIVE_ERROR
    names = {
        "energy_from_all_configurations": "Energy from all configurations",
        "energy_averaged_over_symmetries": f"Averaged over {found.get('n_symmetries')} symmetries",
    }
    for key, name in names.items():
        if key in found:
            error = "" if reference is None else _relative(found[key], reference)
            yield f"{name}: {found[key]:.9g}{f', relative error {error}' if error else ''}"
    # Absent in results from before they were kept.
    yield from (f"Warning: {warning}" for warning in found.get("warnings", ()))


def _reference(found: dict[str, Any]) -> str:
    """Returns the energy, its error bar, what it is and where it is from."""
    error = f" +- {found['reference_error']:.1g}" if found.get("reference_error") else ""
    # Absent in results from before it was told.
    kind = found.get("reference_kind")
    told = f" ({kind}: {found['reference_source']})" if kind else ""
    return f"{found['reference_energy']:.9g}{error}{told}"


def _relative(energy: float, reference: float) -> str:
    error = relative_error(energy, reference)
    return "" if error is None else f"{error:.2g}"
