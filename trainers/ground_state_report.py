"""What a ground-state run says of its result."""

from collections.abc import Iterator
from typing import Any

from qtf.ground_states.exact_sums import MAX_LISTED_SITES, variational_energy
from qtf.ground_states.symmetries import SymmetricWaveFunction
from qtf.ground_states.task import GroundStateTask
from qtf.physics import published_energies


def report(task: GroundStateTask, model: Any, config: dict[str, Any]) -> Iterator[str]:
    """Yields the lines that a user reads at the end, each as soon as it is known.

    Args:
        task: Its samples measure the energy.
        model: The wave function with the weights to report.
        config: The resolved configuration.
    """
    estimate, _ = task.estimate(task.n_validation)
    yield f"Energy: {estimate.energy:.9g} +- {estimate.energy_error:.2g}"
    yield f"Variance: {estimate.energy_variance:.3g}, V-score: {estimate.v_score:.3g}"
    for row in published_energies(config["physics"]["hamiltonian"]):
        energy = f"{row.energy_per_site} +- {row.error:.0e} a site"
        yield f"{row.method}: {energy} ({row.source})"
    if task.reference is not None:
        yield f"Reference: {task.reference:.9g}"
    if task.hamiltonian.n_sites > MAX_LISTED_SITES:
        per_site = estimate.energy / task.hamiltonian.n_sites
        yield _with_error(task, estimate.energy, f"Energy a site: {per_site:.8g}, in total")
        return
    yield _from_all(task, model, "from all configurations")
    if task.symmetrized is not None:
        symmetric: SymmetricWaveFunction = task.symmetrized(model)
        text = f"averaged over {symmetric.n_symmetries} symmetries, from all configurations"
        yield _from_all(task, symmetric, text)


def _from_all(task: GroundStateTask, psi: Any, how: str) -> str:
    energy = variational_energy(psi, task.hamiltonian, xla=task.xla)
    return _with_error(task, energy, f"Energy {how}")


def _with_error(task: GroundStateTask, energy: float, name: str) -> str:
    line = f"{name}: {energy:.9g}"
    if task.reference is None:
        return line
    return f"{line}, relative error {abs(energy / task.reference - 1.0):.2g}"
