"""Settings of Hamiltonians that are given as sums of Pauli strings."""

import dataclasses

from qtf.physics.hamiltonian_settings import HamiltonianSettings
from qtf.physics.lattices import Chain, Lattice
from qtf.physics.operators import PauliSum


def settings_of_terms(operator: PauliSum, lattice: Lattice | None = None) -> HamiltonianSettings:
    """Returns the settings of a custom Hamiltonian, as configurations and run folders hold it.

    Args:
        operator: The sum of Pauli strings.
        lattice: Its lattice; None: an open chain in the order of the sites.

    Raises:
        ValueError: The lattice has another number of sites.

    Example:
        >>> from qtf.physics import Square, heisenberg
        >>> square = Square(2, 3)
        >>> settings = settings_of_terms(heisenberg(square), square)
        >>> settings.lattice, settings.build() == heisenberg(square)
        (Square(n_rows=2, n_columns=3, periodic=False), True)
    """
    lattice = Chain(operator.n_sites) if lattice is None else lattice
    if lattice.n_sites != operator.n_sites:
        raise ValueError(
            f"Argument `lattice` must have {operator.n_sites} sites, as the Hamiltonian, but has"
            f" {lattice.n_sites}."
        )
    keys = [entry.name for entry in dataclasses.fields(lattice) if entry.init]  # type: ignore[arg-type]
    values = {key: getattr(lattice, key) for key in keys}
    terms = [term.to_dict() for term in operator.terms]
    return HamiltonianSettings("custom", {"lattice": lattice.KIND, **values, "terms": terms})
