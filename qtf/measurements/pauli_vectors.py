"""Density matrices as the means of all Pauli strings, and the equation that these obey.

The vector r_Q = tr(Q rho) is real. Strings are numbers with a digit for each site, the first site
first: 0 for the identity, 1, 2, 3 for X, Y, Z.
"""

from collections.abc import Iterable

import numpy as np
from scipy.sparse import csr_array, eye_array, kron

from qtf.physics import JumpOperator, PauliSum
from qtf.physics.pauli_matrices import PAULI_MATRICES

DIGITS = {"X": 1, "Y": 2, "Z": 3}
MATRICES = np.array([np.eye(2), *PAULI_MATRICES.values()], np.complex128)
# Letter of a product of two, and the power of i before it.
_PRODUCT = np.array([[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]])
_POWER = np.array([[0, 0, 0, 0], [0, 0, 1, 3], [0, 3, 0, 1], [0, 1, 3, 0]])


def unitary_part(hamiltonian: PauliSum) -> csr_array:
    """Returns the matrix L of r' = L r for rho' = -i [H, rho].

    Args:
        hamiltonian: H, hbar = 1.

    Returns:
        float64 (4**n, 4**n).

    Example:
        >>> from qtf.physics import PauliTerm
        >>> unitary_part(PauliSum(1, [PauliTerm(0.5, (0,), "Z")])).toarray()[1:3, 1:3]
        array([[ 0., -1.],
               [ 1.,  0.]])
    """
    n_sites = hamiltonian.n_sites
    strings = np.arange(4**n_sites)
    matrix = csr_array((len(strings), len(strings)))
    for term in hamiltonian.terms:
        columns, power = strings.copy(), np.zeros(len(strings), int)
        for site, letter in zip(term.sites, term.paulis, strict=True):
            place = 4 ** (n_sites - 1 - site)
            digits, factor = strings // place % 4, DIGITS[letter]
            columns += (_PRODUCT[digits, factor] - digits) * place
            power += _POWER[digits, factor]
        # Strings that commute have an even power and stay as they are.
        moved = power % 2 == 1
        values = 2.0 * term.coefficient * (2 - power[moved] % 4)
        matrix = matrix + csr_array((values, (strings[moved], columns[moved])), matrix.shape)
    return csr_array(matrix)


def jump_part(n_sites: int, jumps: Iterable[JumpOperator]) -> csr_array:
    """Returns the matrix of sum_k rate_k (G_k rho G_k^+ - {G_k^+ G_k, rho} / 2).

    Args:
        n_sites: Number of spins.
        jumps: Jumps of single spins.

    Returns:
        float64 (4**n, 4**n).
    """
    matrix = csr_array((4**n_sites, 4**n_sites))
    for jump in jumps:
        before, after = eye_array(4**jump.site), eye_array(4 ** (n_sites - 1 - jump.site))
        one_site = jump.rate * _jump_matrix(jump.matrix)
        matrix = matrix + csr_array(kron(kron(before, one_site), after))
    return csr_array(matrix)


def _jump_matrix(jump: np.ndarray) -> np.ndarray:
    """Returns what one jump of rate 1 does to the means of one spin, (4, 4)."""
    dagger = jump.conj().T
    number = dagger @ jump
    moved = [dagger @ q @ jump - (number @ q + q @ number) / 2 for q in MATRICES]
    return np.array([[np.trace(r @ image).real / 2 for r in MATRICES] for image in moved])
