"""Ground energies that are known exactly or to rounding, to hold others against."""

import functools
from typing import TYPE_CHECKING

import numpy as np

from qtf.physics._checks import checked_coefficients, checked_integer
from qtf.physics.hamiltonians import Coefficient
from qtf.physics.operators import PauliSum

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# What Lanczos does within a second or so.
QUICK_LANCZOS_SITES = 16
# Below, a dense diagonalisation is as fast and needs no start vector.
DENSE_SITES = 6


@functools.lru_cache(maxsize=16)
def lanczos_ground_energy(hamiltonian: PauliSum) -> float:
    """Returns the lowest energy of a Hamiltonian on up to 20 or so spins.

    Args:
        hamiltonian: Any; its sparse matrix must fit into memory.

    Returns:
        The energy in the Hamiltonian's units, to about 12 digits.

    Example:
        >>> from qtf.physics import Chain, heisenberg
        >>> round(lanczos_ground_energy(heisenberg(Chain(4))), 9)
        -1.616025404
    """
    return lowest_eigenvalue(hamiltonian.to_sparse())


def lowest_eigenvalue(matrix: "csr_array") -> float:
    """Returns the lowest eigenvalue of a sparse Hermitian matrix.

    Args:
        matrix: Square, without stored zeros.

    Example:
        >>> from qtf.physics import Chain, heisenberg
        >>> round(lowest_eigenvalue(heisenberg(Chain(2)).to_sparse()), 12)
        -0.75
    """
    return lowest_eigenvalues(matrix, 1)[0]


def lowest_eigenvalues(matrix: "csr_array", count: int) -> list[float]:
    """Returns the lowest eigenvalues of a sparse Hermitian matrix, ascending.

    Args:
        matrix: Square, without stored zeros.
        count: Their number; all, if there are fewer.

    Example:
        >>> from qtf.physics import Chain, heisenberg
        >>> [round(value, 12) for value in lowest_eigenvalues(heisenberg(Chain(2)).to_sparse(), 2)]
        [-0.75, 0.25]
    """
    if matrix.shape[0] <= max(2**DENSE_SITES, 2 * count):
        return np.linalg.eigvalsh(matrix.toarray())[:count].tolist()
    # Imported where it is needed: evolution does without.
    from scipy.sparse.linalg import eigsh

    # ARPACK takes energies far below 1 for zero, and has no answer for H = 0.
    scale = float(abs(matrix).max())
    if scale == 0.0:
        return [0.0] * count
    start = np.random.default_rng(0).standard_normal(matrix.shape[0])
    energies = eigsh(matrix / scale, k=count, which="SA", v0=start, return_eigenvectors=False)
    return (scale * np.sort(energies)).tolist()


def heisenberg_chain_ground_energy(n_sites: int) -> float:
    """Returns the ground energy of the open antiferromagnetic Heisenberg chain.

        H = sum_i S_i . S_{i+1}   (hbar = 1, S = sigma / 2)
        E = (n - 1)/4 - 1/2 sum_j 1 / (l_j^2 + 1/4),  j = 1 .. n/2
        2 n atan(2 l_j) = pi j + sum_{k != j} [atan(l_j - l_k) + atan(l_j + l_k)]

    Args:
        n_sites: Number of spins, even.

    Returns:
        The energy, relative to a coupling of 1.

    Raises:
        ValueError: `n_sites` is odd or not positive, or the equations were not solved.

    Example:
        >>> round(heisenberg_chain_ground_energy(10), 9)
        -4.258035207

    Source: Bethe equations of Alcaraz et al., J. Phys. A 20, 6397 (1987).
    """
    roots = bethe_roots(n_sites)
    return float((n_sites - 1) / 4 - 0.5 * (1 / (roots**2 + 0.25)).sum())


def bethe_roots(n_sites: int) -> np.ndarray:
    """Returns the l_j of `heisenberg_chain_ground_energy`.

    Args:
        n_sites: Number of spins, even.

    Returns:
        float64 array (n_sites / 2,), ascending.

    Raises:
        ValueError: As there.

    Example:
        >>> bethe_roots(2).round(12)
        array([0.5])
    """
    from scipy.optimize import root

    checked_integer("n_sites", n_sites, minimum=2)
    if n_sites % 2:
        raise ValueError(f"Argument `n_sites` must be even, but is {n_sites}.")
    numbers = np.arange(1, n_sites // 2 + 1)

    def defects(roots: np.ndarray) -> np.ndarray:
        differences = np.arctan(roots[:, None] - roots[None, :])
        sums = np.arctan(roots[:, None] + roots[None, :])
        np.fill_diagonal(sums, 0.0)
        scattering = (differences + sums).sum(axis=1)
        return 2 * n_sites * np.arctan(2 * roots) - np.pi * numbers - scattering

    def slopes(roots: np.ndarray) -> np.ndarray:
        from_differences = 1 / (1 + (roots[:, None] - roots[None, :]) ** 2)
        from_sums = 1 / (1 + (roots[:, None] + roots[None, :]) ** 2)
        np.fill_diagonal(from_differences, 0.0)
        np.fill_diagonal(from_sums, 0.0)
        diagonal = 4 * n_sites / (1 + 4 * roots**2) - (from_differences + from_sums).sum(axis=1)
        return np.diag(diagonal) + from_differences - from_sums

    # Without scattering, spread a little wider.
    start = 0.5 * np.tan(np.pi * numbers / (2 * n_sites)) * 1.2
    solution = root(defects, start, jac=slopes, method="hybr", tol=1e-13)
    if not solution.success:
        raise ValueError(
            f"Argument `n_sites` must allow to solve the Bethe equations, but is {n_sites}:"
            f" {solution.message}"
        )
    return solution.x


def ising_free_fermion_energies(
    n_sites: int, *, coupling: Coefficient = 1.0, transverse_field: Coefficient = 1.0
) -> np.ndarray:
    """Returns the energies of the free fermions that the open Ising chain consists of.

        H = -sum_i J_i Z_i Z_{i+1} - sum_i g_i X_i = sum_k e_k (2 n_k - 1),  n_k = 0, 1

    The e_k are the singular values of the bidiagonal matrix with the g_i on its diagonal
    and the -J_i above it.

    Args:
        n_sites: Number of spins.
        coupling: J, one number or one for each of the n_sites - 1 bonds.
        transverse_field: g, one number or one for each site.

    Returns:
        float64 array (n_sites,) of the e_k >= 0, descending.

    Raises:
        ValueError: A coefficient is not finite and real or has the wrong length, or
            `n_sites` is no positive integer.

    Example:
        >>> ising_free_fermion_energies(3, coupling=0.0, transverse_field=[1.0, -2.0, 3.0])
        array([3., 2., 1.])

    Source: Pfeuty, Ann. Phys. 57, 79 (1970).
    """
    matrix = majorana_matrix(n_sites, coupling, transverse_field)
    return np.linalg.svd(matrix, compute_uv=False)


def ising_ground_energy(
    n_sites: int, *, coupling: Coefficient = 1.0, transverse_field: Coefficient = 1.0
) -> float:
    """Returns the ground energy of the open Ising chain without longitudinal field.

        E_0 = -sum_k e_k, with the e_k of `ising_free_fermion_energies`

    Args:
        n_sites: Number of spins.
        coupling: J, one number or one for each bond.
        transverse_field: g, one number or one for each site.

    Returns:
        The energy, in Pauli units.

    Raises:
        ValueError: As `ising_free_fermion_energies`.

    Example:
        >>> round(ising_ground_energy(2), 6) == round(-(5**0.5), 6)
        True
    """
    energies = ising_free_fermion_energies(
        n_sites, coupling=coupling, transverse_field=transverse_field
    )
    return float(-energies.sum())


def majorana_matrix(
    n_sites: int, coupling: Coefficient, transverse_field: Coefficient
) -> np.ndarray:
    """Returns the matrix of `ising_free_fermion_energies`, (n_sites, n_sites)."""
    n_sites = checked_integer("n_sites", n_sites, minimum=1)
    fields = checked_coefficients("transverse_field", transverse_field, n_sites, "site")
    couplings = checked_coefficients("coupling", coupling, n_sites - 1, "bond")
    return np.diag(fields) - np.diag(couplings, 1)
