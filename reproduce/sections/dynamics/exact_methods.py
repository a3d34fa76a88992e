"""Ways to compute exact trajectories, from the slowest to the fastest, diagonalisation included.

All solve psi(t) = exp(-i H t) psi(0), hbar = 1, at the times k dt, k = 0 .. n_steps.
"""

import numpy as np

from data_gen.propagation import Propagation
from qtf.physics import Eigenbasis, PauliSum


def one_at_a_time(hamiltonian: PauliSum, psi0: np.ndarray, dt: float, n_steps: int) -> np.ndarray:
    """Diagonalises anew for every state of every trajectory, V exp(-i E t) V^T psi(0).

    The paper does not say how it did it; its times, 1.15 s for one trajectory of seven spins
    and proportional to the batch, are of the size that this way takes.

    Args:
        hamiltonian: H, a real symmetric matrix.
        psi0: Initial states (batch, 2**n).
        dt: Time step.
        n_steps: Number of steps.

    Returns:
        Complex (batch, n_steps + 1, 2**n).
    """
    matrix = hamiltonian.to_dense()
    psi = np.empty((len(psi0), n_steps + 1, psi0.shape[-1]), np.complex128)
    for i in range(len(psi0)):
        for k in range(n_steps + 1):
            energies, vectors = np.linalg.eigh(matrix)
            psi[i, k] = vectors @ (np.exp(-1j * energies * k * dt) * (vectors.T @ psi0[i]))
    return psi


def by_propagator(hamiltonian: PauliSum, psi0: np.ndarray, dt: float, n_steps: int) -> np.ndarray:
    """Multiplies the whole batch by one propagator at every step; arguments as above."""
    step = Eigenbasis.from_hamiltonian(hamiltonian).propagator(dt).T
    psi = np.empty((n_steps + 1, *psi0.shape), np.complex128)
    psi[0] = psi0
    for k in range(n_steps):
        np.matmul(psi[k], step, out=psi[k + 1])
    return psi.swapaxes(0, 1)


def by_eigenbasis(hamiltonian: PauliSum, psi0: np.ndarray, dt: float, n_steps: int) -> np.ndarray:
    """Gives all times from the eigenbasis at once, as real and imaginary parts.

    Returns:
        float64 (batch, n_steps + 1, 2, 2**n).
    """
    basis = Eigenbasis.from_hamiltonian(hamiltonian)
    return basis.evolve_parts(psi0, dt * np.arange(n_steps + 1))


def by_interpolation(
    hamiltonian: PauliSum, psi0: np.ndarray, dt: float, n_steps: int
) -> np.ndarray:
    """Uses the eigenbasis at few times and interpolates, to rounding, as the generator does.

    Returns:
        float64 (batch, n_steps + 1, 2, 2**n).
    """
    return Propagation(hamiltonian, dt=dt, n_steps=n_steps).trajectories(psi0)


# Those that treat the whole batch at once.
METHODS = (by_eigenbasis, by_interpolation, by_propagator)
