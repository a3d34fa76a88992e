"""Exact trajectories at many close times, at a fraction of the products a naive way needs.

The states of a trajectory at equidistant times are values of a smooth function of time
whose frequencies are bounded by the spectrum of H. On an interval [0, T] it equals its
interpolating polynomial at M Chebyshev points up to rounding once M is somewhat larger
than max|E| T / 2. So the eigenbasis is used at M times only (about 20 for 100 steps of
the paper's chain), and one small real matrix product gives all other times.
"""

import numpy as np

from qtf.physics import DrivenHamiltonian, evolve
from qtf.physics.diagonalization import Eigenbasis
from qtf.physics.operators import PauliSum

# Bytes of float64 trajectories held at once, few enough for a core's own cache. It is part of what
# decides the last bits of a product of matrices, so it is no setting.
CHUNK_BYTES = 1 << 21
# Of trajectories that are evolved step by step, the more the better.
STEPPED_CHUNK_BYTES = 1 << 27
# Of the propagators to all times: those of 250 steps of 7 spins take half of it.
TABLE_BYTES = 1 << 27
# Of driven states at the last time.
DRIVEN_TOLERANCE = 1e-11

# Largest error of exp(-i E t), for any energy E of H and any time of the grid.
INTERPOLATION_ERROR = 1e-14


class Propagation:
    """Evolves batches of states to the times `k * dt`, k = 0 .. n_steps.

    `psi(t) = exp(-i H t) psi(0)` with hbar = 1.

    Args:
        hamiltonian: H, of at most 12 spins.
        dt: Time step.
        n_steps: Number of steps.

    Example:
        >>> from qtf.physics.hamiltonians import ising
        >>> from qtf.physics.lattices import Chain
        >>> propagation = Propagation(ising(Chain(2)), dt=0.002, n_steps=100)
        >>> propagation.trajectories(np.eye(4)[:1] + 0j).shape
        (1, 101, 2, 4)
    """

    chunk_bytes = CHUNK_BYTES

    def __init__(self, hamiltonian: PauliSum, *, dt: float, n_steps: int) -> None:
        self._eigenbasis = Eigenbasis.from_hamiltonian(hamiltonian)
        self.times = dt * np.arange(n_steps + 1)
        largest = float(np.abs(self._eigenbasis.energies).max())
        self.node_times, self._weights = interpolation(self.times, largest)

    def trajectories(self, psi0: np.ndarray) -> np.ndarray:
        """Returns the trajectories that start from `psi0`.

        Args:
            psi0: States (batch, 2**n_sites), complex128.

        Returns:
            float64 array (batch, n_steps + 1, 2, 2**n_sites), real parts at index 0 and
            imaginary parts at index 1 of the axis before the last; times in the units of
            `dt`.
        """
        states = self._eigenbasis.evolve_parts(psi0, self.node_times)
        if self._weights is not None:
            n_batch, n_nodes, _, dimension = states.shape
            states = np.matmul(self._weights, states.reshape(n_batch, n_nodes, 2 * dimension))
            states = states.reshape(n_batch, len(self.times), 2, dimension)
        # Free of the rounding of the way into the eigenbasis and back.
        states[:, 0, 0], states[:, 0, 1] = psi0.real, psi0.imag
        return states


class DrivenPropagation:
    """Evolves batches of states under H(t) to the times `k * dt`, k = 0 .. n_steps.

    Where they fit into memory, the propagators to all times are computed once, and each batch is
    one product with them.

    Args:
        hamiltonian: H(t), of at most 12 spins.
        dt: Time step.
        n_steps: Number of steps.
    """

    def __init__(self, hamiltonian: DrivenHamiltonian, *, dt: float, n_steps: int) -> None:
        self._hamiltonian = hamiltonian
        self.times = dt * np.arange(n_steps + 1)
        self._table: np.ndarray | None = None
        self.chunk_bytes = STEPPED_CHUNK_BYTES
        if 16 * len(self.times) * hamiltonian.dimension**2 <= TABLE_BYTES:
            columns = self._evolve(np.eye(hamiltonian.dimension))
            self._table = columns.reshape(hamiltonian.dimension, -1)
            self.chunk_bytes = CHUNK_BYTES

    def trajectories(self, psi0: np.ndarray) -> np.ndarray:
        """Returns the trajectories that start from `psi0`, see `Propagation.trajectories`."""
        psi = self._evolve(psi0) if self._table is None else psi0 @ self._table
        psi = psi.reshape(len(psi0), len(self.times), -1)
        states = np.empty((*psi.shape[:2], 2, psi.shape[2]))
        states[:, :, 0], states[:, :, 1] = psi.real, psi.imag
        return states

    def _evolve(self, psi0: np.ndarray) -> np.ndarray:
        return evolve(self._hamiltonian, psi0, self.times, tolerance=DRIVEN_TOLERANCE)


def make_propagation(
    hamiltonian: PauliSum | DrivenHamiltonian, *, dt: float, n_steps: int
) -> Propagation | DrivenPropagation:
    """Returns what evolves states under a Hamiltonian."""
    if isinstance(hamiltonian, DrivenHamiltonian):
        return DrivenPropagation(hamiltonian, dt=dt, n_steps=n_steps)
    return Propagation(hamiltonian, dt=dt, n_steps=n_steps)


def interpolation(times: np.ndarray, largest_energy: float) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns the fewest times from which states at all `times` follow, and the weights.

    Args:
        times: Ascending times (n_times,), the first of them 0.
        largest_energy: Bound of |E|.

    Returns:
        Node times (n_nodes,) and weights (n_times, n_nodes), so that the states at `times`
        are `weights @ states_at_nodes`; if interpolation does not pay, `times` and None.

    Example:
        >>> nodes, weights = interpolation(np.linspace(0, 0.2, 101), 11.0)
        >>> len(nodes) < 25, weights.shape == (101, len(nodes))
        (True, True)
    """
    for n_nodes in range(4, len(times) // 2):
        nodes, weights = _chebyshev_weights(times, n_nodes)
        if _interpolation_error(times, nodes, weights, largest_energy) < INTERPOLATION_ERROR:
            return nodes, weights
    return times, None


def _chebyshev_weights(times: np.ndarray, n_nodes: int) -> tuple[np.ndarray, np.ndarray]:
    # Points of the second kind contain both ends, so the state at t = 0 is a node itself.
    angles = np.pi * np.arange(n_nodes) / (n_nodes - 1)
    nodes = times[-1] * np.sin(angles / 2) ** 2
    signs = (-1.0) ** np.arange(n_nodes)
    signs[[0, -1]] /= 2
    differences = times[:, None] - nodes
    is_node = np.abs(differences) < 1e-15 * times[-1]
    differences[is_node] = 1.0
    barycentric = signs / differences
    weights = barycentric / barycentric.sum(axis=1, keepdims=True)
    exact = is_node.any(axis=1)
    weights[exact] = is_node[exact]
    return nodes, weights


def _interpolation_error(
    times: np.ndarray, nodes: np.ndarray, weights: np.ndarray, largest_energy: float
) -> float:
    exact = np.exp(-1j * largest_energy * times)
    return float(np.abs(weights @ np.exp(-1j * largest_energy * nodes) - exact).max())
