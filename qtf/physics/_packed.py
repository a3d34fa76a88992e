"""Hermitian operators as real matrices, and the Lindblad equation of these.

    R = Re(rho) + Im(rho),  rho = (R + R^T) / 2 + i (R - R^T) / 2

holds a Hermitian rho in half of its numbers. Re(rho) is symmetric and Im(rho) antisymmetric, so
that both are known from R, and R has the Frobenius norm and the trace of rho.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from qtf.physics._norms import euclidean_norm
from qtf.physics.jumps import JumpOperator
from qtf.physics.operators import PauliSum

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Up to here calling a sparse product takes longer than the dense one.
_MAX_DENSE_SITES = 5
# What products of matrices leave of an anti-Hermitian part that is zero.
_ROUNDING = 16 * float(np.finfo(float).eps)


def pack(operator: np.ndarray) -> np.ndarray:
    """Returns the Hermitian parts A, B of an operator A + i B as real matrices.

    Args:
        operator: complex128 (d, d).

    Returns:
        float64 array (1 or 2, d * d): A, and B unless it is nothing but rounding.
    """
    real, imaginary = operator.real / 2, operator.imag / 2
    hermitian = (real + real.T + imaginary - imaginary.T).reshape(-1)
    rest = (imaginary + imaginary.T - real + real.T).reshape(-1)
    if euclidean_norm(rest) <= _ROUNDING * euclidean_norm(hermitian):
        return hermitian[None]
    return np.stack([hermitian, rest])


def unpack(parts: Iterable[np.ndarray], dimension: int) -> np.ndarray:
    """Returns the operators A + i B whose parts `pack` would return.

    Args:
        parts: A, or A and B, each float64 (..., d * d).
        dimension: d.

    Returns:
        complex128 array (..., d, d).
    """
    hermitian, *rest = (part.reshape(*part.shape[:-1], dimension, dimension) for part in parts)
    operators = np.empty(hermitian.shape, np.complex128)
    np.add(hermitian, hermitian.swapaxes(-1, -2), out=operators.real)
    np.subtract(hermitian, hermitian.swapaxes(-1, -2), out=operators.imag)
    for part in rest:
        operators.real -= part - part.swapaxes(-1, -2)
        operators.imag += part + part.swapaxes(-1, -2)
    operators /= 2
    return operators


def matrix_of(hamiltonian: PauliSum) -> "np.ndarray | csr_array":
    """Returns H, (2**n, 2**n), for `PackedProduct`: dense for few spins, sparse for more."""
    is_small = hamiltonian.n_sites <= _MAX_DENSE_SITES
    return hamiltonian.to_dense() if is_small else hamiltonian.to_sparse()


class PackedProduct:
    """The right-hand side of the Lindblad equation, of packed operators.

    With H = A + i B, A and B real, -i [H, rho] packed is

        (A R)^T - A R^T + B R + (B R^T)^T,

    so that H is applied to 2**n columns at a time. What the jumps do is a sparse matrix.

    Args:
        hamiltonian: H as `matrix_of` returns it, or a sum of such.
        losses: Matrix of the jumps as `packed_losses` returns it.
    """

    def __init__(self, hamiltonian: "np.ndarray | csr_array", losses: "csr_array") -> None:
        self._real, self._imaginary = hamiltonian.real, None
        if np.iscomplexobj(hamiltonian):
            self._imaginary = hamiltonian.imag
        self._losses = losses
        self._shape = hamiltonian.shape

    def __call__(self, flat: np.ndarray) -> np.ndarray:
        """Returns the change of a packed operator, float64 (4**n,)."""
        size = self._shape[0]
        packed = flat.reshape(self._shape)
        both = np.empty((size, 2 * size))
        both[:, :size], both[:, size:] = packed, packed.T
        change = (self._losses @ flat).reshape(self._shape)
        image = self._real @ both
        change += image[:, :size].T
        change -= image[:, size:]
        if self._imaginary is not None:
            image = self._imaginary @ both
            change += image[:, :size]
            change += image[:, size:].T
        return change.reshape(-1)


def packed_losses(jump_ops: Iterable[JumpOperator], n_sites: int) -> "csr_array":
    """Returns the jumps' part of the Lindblad equation, float64 (4**n, 4**n), packed.

    A complex entry c of the equation that takes rho_km to rho_ij takes R_km there by Re(c) and
    R_mk by Im(c).
    """
    from scipy.sparse import coo_array

    dimension = 2**n_sites
    indices = np.arange(dimension**2, dtype=np.int32).reshape(dimension, dimension)
    rates = np.zeros((dimension, dimension))
    rows, columns, entries = [indices.reshape(-1)], [indices.reshape(-1)], [rates.reshape(-1)]
    for site, equation in enumerate(_site_equations(jump_ops, n_sites)):
        # Bits before, at and after the site, of the row and of the column.
        split = (2**site, 2, 2 ** (n_sites - 1 - site)) * 2
        to, plain, mirrored = (x.reshape(split) for x in (indices, indices, indices.T))
        for i, j, k, m in np.argwhere(equation).tolist():
            entry, row = equation[i, j, k, m], to[:, i, :, :, j].reshape(-1)
            sources = [(mirrored, entry.imag)]
            if (i, j) == (k, m):
                rates.reshape(split)[:, i, :, :, j] += entry.real
            else:
                sources.append((plain, entry.real))
            for source, number in sources:
                if number:
                    rows.append(row)
                    columns.append(source[:, k, :, :, m].reshape(-1))
                    entries.append(np.full(len(row), number))
    places = (np.concatenate(rows), np.concatenate(columns))
    matrix = coo_array((np.concatenate(entries), places), shape=(dimension**2,) * 2).tocsr()
    matrix.eliminate_zeros()
    return matrix


def _site_equations(jump_ops: Iterable[JumpOperator], n_sites: int) -> np.ndarray:
    """Returns what the jumps of each site do, complex128 (n_sites, 2, 2, 2, 2).

    Entry [i, j, k, m] is the factor of rho_km in the change of rho_ij.
    """
    equations = np.zeros((n_sites, 2, 2, 2, 2), np.complex128)
    for jump in jump_ops:
        after = np.einsum("ik,jm->ijkm", jump.matrix, jump.matrix.conj())
        weight = jump.matrix.conj().T @ jump.matrix
        before = np.einsum("ik,jm->ijkm", weight, np.eye(2))
        before = before + np.einsum("ik,mj->ijkm", np.eye(2), weight)
        equations[jump.site] += jump.rate * (after - before / 2)
    return equations
