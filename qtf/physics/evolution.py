"""Time evolution under a Hamiltonian, constant or driven, by the method that suits it."""

import numpy as np

from qtf.physics.constant_evolution import evolve_constant
from qtf.physics.driven import DrivenHamiltonian
from qtf.physics.driven_evolution import evolve_driven
from qtf.physics.operators import PauliSum


def evolve(
    hamiltonian: PauliSum | DrivenHamiltonian,
    psi0: np.ndarray,
    times: np.ndarray,
    *,
    method: str = "auto",
    tolerance: float = 1e-12,
) -> np.ndarray:
    """Returns the solutions of the Schroedinger equation at many times.

        i d/dt psi(t) = H psi(t),  psi(t) = exp(-i H t) psi(0)   (hbar = 1)

    Args:
        hamiltonian: H; one that is driven is left to `evolve_driven`, which also tells errors.
        psi0: States at time 0, (..., 2**n_sites); any finite norm.
        times: Times (n_times,), in any order, of either sign, in inverse units of H.
        method: "diagonalization" (up to 12 spins, exact to rounding; not for driven ones),
            "krylov" or "chebyshev" (up to 24 spins, as memory allows), or "auto":
            diagonalization up to 10 spins, chebyshev up to 20, else krylov.
        tolerance: Bound of |error| / |psi0| at the largest |t|; of exact diagonalization there
            is none.

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
    if isinstance(hamiltonian, DrivenHamiltonian):
        return evolve_driven(hamiltonian, psi0, times, method=method, tolerance=tolerance).states
    return evolve_constant(hamiltonian, psi0, times, method=method, tolerance=tolerance)
