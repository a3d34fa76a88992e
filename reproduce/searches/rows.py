"""Rows of the table of all ground states, `docs/ground_states.csv`."""

from collections.abc import Iterator
from dataclasses import dataclass

from qtf.physics import HamiltonianSettings
from reproduce.searches.results import Results, Size
from trainers.ground_state.growth.rows import Row

# What is added to the name of a model whose energies are in these units.
SPIN, PAULI = " (S)", " (P)"
MODELS = {"heisenberg": "Heisenberg", "ising": "Ising", "j1j2": "J1-J2", "xxz": "XXZ"}
# What tells Hamiltonians of a name apart, beside the lattice.
PARAMETERS = {"ising": "transverse_field", "j1j2": "next_nearest_coupling", "xxz": "anisotropy"}


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One result; energies are a site, None is what is not known.

    Attributes:
        model: Its name, with (S) where energies are of spin operators S = sigma / 2, and (P) where
            they are of Pauli matrices.
        lattice: "chain" or "square".
        boundary: "open" or "periodic".
        n_sites: Number of spins.
        parameter: The coupling that tells models of a name apart, as NAME=VALUE.
        energy_per_site: Energy of the wave function as it was trained.
        error_per_site: Its error bar; 0: it is a sum over all configurations.
        reference_per_site: Ground energy, or the best one that is known.
        reference_source: How or by whom it was found.
        relative_error: Distance of the energy from the reference, relative to it.
        averaged_relative_error: The same of the wave function averaged over its symmetries.
        v_score: n Var / E^2 of the wave function as it was trained, from samples.
        n_weights: Number of weights of the network.
        minutes: Duration of the training; of a growth, of all sizes up to this one.
        machine: What it ran on.
        date: When.
    """

    model: str
    lattice: str
    boundary: str
    n_sites: int
    parameter: str
    energy_per_site: float
    error_per_site: float
    reference_per_site: float | None
    reference_source: str | None
    relative_error: float | None
    averaged_relative_error: float | None
    v_score: float
    n_weights: int | None
    minutes: float | None
    machine: str
    date: str


def name_system(hamiltonian: HamiltonianSettings) -> dict[str, str]:
    """Returns model, lattice, boundary and parameter of a Hamiltonian whose coupling is 1.

    Args:
        hamiltonian: The Hamiltonian; its size does not matter.

    Example:
        >>> square = {"lattice": "square", "periodic": True, "transverse_field": 3.0}
        >>> list(name_system(HamiltonianSettings("ising", square)).values())
        ['Ising (P)', 'square', 'periodic', 'transverse_field=3']
    """
    name = hamiltonian.name
    spin = "units" in hamiltonian.model.defaults and hamiltonian["units"] == "spin"
    key = PARAMETERS.get(name)
    return {
        "model": MODELS.get(name, name) + (SPIN if spin else PAULI),
        "lattice": hamiltonian.lattice_kind,
        "boundary": "periodic" if hamiltonian.values.get("periodic") else "open",
        "parameter": "" if key is None else f"{key}={hamiltonian.number(key):g}",
    }


def rows_of(results: Results) -> Iterator[TableRow]:
    """Yields a row for each size of each growth of a page."""
    for grown in results.growths.values():
        if grown.hamiltonian is not None:
            hamiltonian = HamiltonianSettings.from_mapping(grown.hamiltonian)
            for size in grown.sizes:
                yield row_of(
                    size,
                    hamiltonian,
                    n_weights=size.n_weights,
                    minutes=size.total_minutes,
                    machine=size.machine,
                    date=size.date,
                )


def row_of(
    size: Size | Row,
    hamiltonian: HamiltonianSettings,
    *,
    n_weights: int | None,
    minutes: float | None,
    machine: str,
    date: str,
) -> TableRow:
    """Returns the row of one size of a growth.

    Args:
        size: Its numbers; energies are of all its sites.
        hamiltonian: Of any size.
        n_weights: Number of weights.
        minutes: Duration of all trainings up to this size.
        machine: Where they ran.
        date: When they did.
    """
    n, reference = size.n_sites, size.reference_energy
    return TableRow(
        **name_system(hamiltonian),
        n_sites=n,
        energy_per_site=size.energy / n,
        error_per_site=size.energy_error / n,
        reference_per_site=None if reference is None else reference / n,
        reference_source=size.reference_source,
        relative_error=size.relative_error,
        averaged_relative_error=size.relative_error_with_symmetries,
        v_score=size.v_score,
        n_weights=n_weights,
        minutes=minutes,
        machine=machine,
        date=date,
    )
