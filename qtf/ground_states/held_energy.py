"""The lowest energy that a kind of wave function can have, for systems that are small enough."""

import numpy as np

from qtf.ground_states.every_configuration import EveryConfiguration
from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.physics import PauliSum
from qtf.physics.ground_energies import lowest_eigenvalue
from qtf.physics.sign_rules import with_signs


def lowest_energy_held(hamiltonian: PauliSum, psi: SampledWaveFunction) -> float:
    """Returns the lowest energy of all states that a wave function could have with some weights.

    These are the states that vanish where it must, and whose amplitudes, but for the factor of
    its `sign_sites`, are the same at all images under its symmetries. Phases are not asked for:
    with `positive` it is that energy where the sign rule is right.

    Args:
        hamiltonian: Real.
        psi: The wave function; its weights do not matter.

    Returns:
        The energy, to about 12 digits.

    Raises:
        ValueError: There are more sites than `EveryConfiguration` lists.

    Example:
        >>> from qtf.autoregressive import GRUNetwork
        >>> from qtf.ground_states.symmetries import SymmetricWaveFunction
        >>> from qtf.ground_states.wave_function import WaveFunction
        >>> from qtf.physics import Chain, heisenberg
        >>> psi = WaveFunction(network=GRUNetwork(n_positions=2))
        >>> swapped = SymmetricWaveFunction(psi=psi, permutations=[(0, 1), (1, 0)])
        >>> chain = heisenberg(Chain(2))
        >>> [round(lowest_energy_held(chain, state), 12) for state in (psi, swapped)]
        [-0.75, 0.25]
    """
    from scipy.sparse import csr_array

    every = EveryConfiguration(psi)
    matrix = with_signs(hamiltonian, psi.sign_rule()).to_sparse()
    columns = np.flatnonzero(every.allowed)
    rows = every.rows[columns]
    # Each row is a state in which all images of one configuration are equally likely.
    shares = 1.0 / np.sqrt(every.counts[rows])
    shape = (len(every.counts), hamiltonian.dimension)
    states = csr_array((shares, (rows, columns)), shape=shape)
    held = csr_array(states @ matrix @ states.T)
    held.eliminate_zeros()
    return lowest_eigenvalue(held)
