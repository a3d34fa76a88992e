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
_MAX_AUTO_CHEBYSHEV_SITES = 20


def evolve(
    hamiltonian: PauliSum,
    psi0: np.ndarray,
    times: np.ndarray,
    *,
    method: str = "auto",
    tolerance: float = 1e-12,
) -> np.ndarray:
    """Returns the solutions of the Schroedinger equation at many times.

        i d/dt psi(t) = H psi(t),  psi(t) = exp(-i H t) psi(0)   (hbar = 1)

    Args:
        hamiltonian: H.
        psi0: States at time 0, (..., 2**n_sites); any finite norm.
        times: Times (n_times,), in any order, of either sign, in inverse units of H.
        method: "diagonalization" (up to 12 spins, exact to rounding), "krylov" or
            "chebyshev" (up to 24 spins, as memory allows), or "auto": diagonalization up
            to 10 spins, chebyshev up to 20, else krylov.
        tolerance: Bound of |error| / |psi0| at the largest |t| for the last two methods.

    Returns:
        complex128 array (..., n_times, 2**n_sites).

    Raises:
        ValueError: The method is unknown or the system too large for it, or `psi0` or
            `times` has a wrong shape or is not finite, or `tolerance` is not positive.

    Example:
        >>> from qtf.physics import PauliSum, PauliTerm
        >>> field = PauliSum(1, [PauliTerm(1.0, (0,), "Z")])
        >>> evolve(field, [1.0, 1.0], [0.0, np.pi / 2]).round(12)
        array([[1.+0.j, 1.+0.j],
               [0.-1.j, 0.+1.j]])
    """
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
    return "chebyshev" if n_sites <= _MAX_AUTO_CHEBYSHEV_SITES else "krylov"
