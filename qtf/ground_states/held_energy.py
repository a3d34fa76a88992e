"""The lowest energy that a kind of wave function can have, for systems that are small enough."""

from collections.abc import Sequence

import numpy as np

from qtf.ground_states.sector import Representatives, Sector
from qtf.physics import PauliSum
from qtf.physics.ground_energies import lowest_eigenvalues
from qtf.physics.sign_rules import with_signs


def lowest_energy_held(
    hamiltonian: PauliSum, sector: Sector, sign_sites: Sequence[int] = ()
) -> float:
    """Returns the lowest one of `lowest_energies_held`, whose arguments and errors these are.

    Example:
        >>> from qtf.ground_states.symmetry_groups import SymmetryGroup
        >>> from qtf.physics import Chain, heisenberg
        >>> sectors = Sector(2), Sector(2, group=SymmetryGroup(((0, 1), (1, 0))))
        >>> [round(lowest_energy_held(heisenberg(Chain(2)), sector), 12) for sector in sectors]
        [-0.75, 0.25]
    """
    return lowest_energies_held(hamiltonian, sector, 1, sign_sites)[0]


def lowest_energies_held(
    hamiltonian: PauliSum, sector: Sector, n_levels: int, sign_sites: Sequence[int] = ()
) -> list[float]:
    """Returns the lowest energies of all states that a wave function could have with some weights.

    These are the states that vanish outside of a sector, and whose amplitudes, but for the factor
    of a sign rule, are the same at all images under its symmetries. Phases are not asked for:
    with `positive` it is that energy where the sign rule is right.

    Args:
        hamiltonian: Any.
        sector: Where the states may be other than zero, and their symmetries.
        n_levels: Number of the energies; a level counts as often as it has states.
        sign_sites: Sites whose down spins change the sign.

    Returns:
        The energies, ascending, to about 12 digits.

    Raises:
        ValueError: There are more sites than `Representatives` lists.

    Example:
        >>> from qtf.physics import Chain, heisenberg
        >>> energies = lowest_energies_held(heisenberg(Chain(2)), Sector(2), 2)
        >>> [round(energy, 12) for energy in energies]
        [-0.75, 0.25]
    """
    from scipy.sparse import csr_array

    every = Representatives(sector)
    matrix = with_signs(hamiltonian, sign_sites).to_sparse()
    columns = np.flatnonzero(every.allowed)
    rows = every.rows[columns]
    # Each row is a state in which all images of one configuration are equally likely.
    shares = 1.0 / np.sqrt(every.counts[rows])
    shape = (len(every.counts), hamiltonian.dimension)
    states = csr_array((shares, (rows, columns)), shape=shape)
    held = csr_array(states @ matrix @ states.T)
    held.eliminate_zeros()
    return lowest_eigenvalues(held, n_levels)
