"""Time evolution under a constant Hamiltonian, by the method that suits its size."""

import numpy as np

from qtf.physics._checks import checked_choice
from qtf.physics.chebyshev import chebyshev_evolve
from qtf.physics.diagonalization import Eigenbasis
from qtf.physics.krylov import krylov_evolve
from qtf.physics.operators import PauliSum

METHODS = ("auto", "diagonalization", "krylov", "chebyshev")

# Up to here all eigenvectors take less than a second.
_MAX_AUTO_DIAGONALIZED_SITES = 10
# Measured for 11 to 16 spins, 1 to 32 states, times of 0.2 to 10: Krylov takes 0.8 to 5.6 times as
# long as Chebyshev, less only for few states at 250 close times. Chebyshev holds 60 vectors instead
# of 30, a gigabyte for 20 spins.
MAX_AUTO_CHEBYSHEV_SITES = 20


def evolve_constant(
    hamiltonian: PauliSum,
    psi0: np.ndarray,
    times: np.ndarray,
    *,
    method: str = "auto",
    tolerance: float = 1e-12,
) -> np.ndarray:
    """Returns the solutions of the Schroedinger equation, see `qtf.physics.evolve`."""
    checked_choice("method", method, METHODS)
    if method == "auto":
        method = _fastest(hamiltonian.n_sites)
    if method == "diagonalization":
        return Eigenbasis.from_hamiltonian(hamiltonian).evolve(psi0, times)
    step = chebyshev_evolve if method == "chebyshev" else krylov_evolve
    return step(hamiltonian, psi0, times, tolerance=tolerance)


def _fastest(n_sites: int) -> str:
    if n_sites <= _MAX_AUTO_DIAGONALIZED_SITES:
        return "diagonalization"
    return "chebyshev" if n_sites <= MAX_AUTO_CHEBYSHEV_SITES else "krylov"
