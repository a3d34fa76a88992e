"""Operators as sums of Pauli strings, their products, and their matrices.

On a basis state b a string of Paulis flips the bits where it has X or Y, and multiplies by
-1 for each spin down where it has Y or Z, and by i for each Y. All strings that flip the
same bits form one "flip": H psi at b is the sum over flips m of `diagonal_m[b] psi[b ^ m]`.
"""

import functools
import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qtf.physics._checks import checked_integer, checked_number, checked_states
from qtf.physics.pauli_strings import (
    PauliString,
    PauliTerm,
    check_keys,
    masks_of,
    multiply_strings,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MAX_DENSE_SITES = 14
MAX_SPARSE_SITES = 24
# Relative to the largest coefficient of an operator.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class PauliSum:
    """A Hermitian operator `sum_k c_k P_k` on n spins, P_k products of Pauli matrices.

    `+`, `-` and `*` form sums and real multiples, `@` products, which need not be Hermitian.
    Operators are equal if each string has the same coefficient, in whatever order.

    Args:
        n_sites: Number of spins.
        terms: The terms, in any order; equal strings add up.

    Raises:
        ValueError: `n_sites` is no positive integer, or a term acts outside the sites.

    Example:
        >>> field = PauliSum(2, [PauliTerm(-0.5, (0,), "Z"), PauliTerm(-0.5, (1,), "Z")])
        >>> bond = PauliSum(2, [PauliTerm(1.0, (0, 1), "XX")])
        >>> (bond + 2 * field).to_dense()
        array([[-2.,  0.,  0.,  1.],
               [ 0.,  0.,  1.,  0.],
               [ 0.,  1.,  0.,  0.],
               [ 1.,  0.,  0.,  2.]])
    """

    n_sites: int
    terms: tuple[PauliTerm, ...]

    def __init__(self, n_sites: int, terms: Iterable[PauliTerm]) -> None:
        object.__setattr__(self, "n_sites", checked_integer("n_sites", n_sites, minimum=1))
        object.__setattr__(self, "terms", tuple(terms))
        for term in self.terms:
            if any(site >= n_sites for site in term.sites):
                raise ValueError(
                    f"Argument `sites` must hold sites below n_sites = {n_sites},"
                    f" but is {term.sites}."
                )

    @property
    def dimension(self) -> int:
        """Number of amplitudes of a state, 2**n_sites."""
        return 2**self.n_sites

    @property
    def is_real(self) -> bool:
        """Whether the matrix is real because every term has an even number of Y."""
        return all(term.paulis.count("Y") % 2 == 0 for term in self.terms)

    @functools.cached_property
    def coefficients(self) -> dict[PauliString, float]:
        """Coefficient of each string, once and without zeros; not to be changed."""
        parts: dict[PauliString, list[float]] = {}
        for term in self.terms:
            parts.setdefault(term.string, []).append(term.coefficient)
        # A sum that does not depend on the order.
        sums = {string: math.fsum(numbers) for string, numbers in parts.items()}
        return {string: number for string, number in sums.items() if number}

    def simplify(self) -> "PauliSum":
        """Returns the operator with each string once, without zeros.

        Example:
            >>> PauliSum(2, [PauliTerm(1.0, (1, 0), "XY"), PauliTerm(2.0, (0, 1), "YX")]).simplify()
            PauliSum(n_sites=2, terms=(PauliTerm(coefficient=3.0, sites=(0, 1), paulis='YX'),))
        """
        return _sum_of(self.n_sites, self.coefficients)

    def is_close(self, other: "PauliSum", *, tolerance: float = ROUNDING) -> bool:
        """Tells whether two operators are equal up to rounding.

        Args:
            other: The other one.
            tolerance: Largest difference of coefficients, relative to the largest of them.

        Example:
            >>> X = PauliSum(1, [PauliTerm(1.0, (0,), "X")])
            >>> tenths = X * 0.1 + X * 0.2
            >>> tenths == X * 0.3, tenths.is_close(X * 0.3)
            (False, True)
        """
        scale = max(_largest(self), _largest(other))
        return self.n_sites == other.n_sites and _largest(self - other) <= tolerance * scale

    def __eq__(self, other: object) -> bool:
        """Tells whether each string has the same coefficient."""
        if not isinstance(other, PauliSum):
            return NotImplemented
        return self.n_sites == other.n_sites and self.coefficients == other.coefficients

    def __hash__(self) -> int:
        """Returns the same number for equal operators."""
        return hash((self.n_sites, frozenset(self.coefficients.items())))

    def __add__(self, other: "PauliSum") -> "PauliSum":
        """Returns the sum of two operators on equally many spins."""
        if not isinstance(other, PauliSum):
            return NotImplemented
        _check_same_sites(self, other)
        return PauliSum(self.n_sites, self.terms + other.terms)

    def __sub__(self, other: "PauliSum") -> "PauliSum":
        """Returns the difference of two operators on equally many spins."""
        return self + -other if isinstance(other, PauliSum) else NotImplemented

    def __neg__(self) -> "PauliSum":
        """Returns the operator times -1."""
        return self * -1.0

    def __mul__(self, factor: float) -> "PauliSum":
        """Returns the operator times a real number; a product of operators is `a @ b`."""
        if isinstance(factor, (PauliSum, PauliPolynomial)):
            return NotImplemented
        number = checked_number("factor", factor)
        terms = (PauliTerm(number * t.coefficient, t.sites, t.paulis) for t in self.terms)
        return PauliSum(self.n_sites, terms)

    __rmul__ = __mul__

    def __matmul__(self, other: "PauliSum") -> "PauliPolynomial":
        """Returns the product of two operators on equally many spins.

        Example:
            >>> X, Y = (PauliSum(1, [PauliTerm(1.0, (0,), letter)]) for letter in "XY")
            >>> (X @ Y).imaginary
            PauliSum(n_sites=1, terms=(PauliTerm(coefficient=1.0, sites=(0,), paulis='Z'),))
        """
        if not isinstance(other, PauliSum):
            return NotImplemented
        _check_same_sites(self, other)
        parts: tuple[dict[PauliString, float], dict[PauliString, float]] = ({}, {})
        for (a, c), (b, d) in itertools.product(
            self.coefficients.items(), other.coefficients.items()
        ):
            power, string = multiply_strings(a, b)
            part = parts[power % 2]
            part[string] = part.get(string, 0.0) + (c * d if power < 2 else -c * d)
        return PauliPolynomial(*(_sum_of(self.n_sites, part) for part in parts))

    def as_polynomial(self) -> "PauliPolynomial":
        """Returns the operator as one that may be multiplied by complex numbers."""
        return PauliPolynomial(self, PauliSum(self.n_sites, []))

    def to_dense(self) -> np.ndarray:
        """Returns the matrix.

        Returns:
            Array (2**n, 2**n), float64 if `is_real`, else complex128.

        Raises:
            ValueError: There are more than 14 spins.
        """
        checked_integer("n_sites", self.n_sites, minimum=1, maximum=MAX_DENSE_SITES)
        matrix: np.ndarray = np.zeros((self.dimension, self.dimension), self._dtype)
        rows = np.arange(self.dimension)
        for mask, diagonal in self.flips:
            matrix[rows, rows ^ mask] = diagonal
        return matrix

    def to_sparse(self) -> "csr_array":
        """Returns the matrix in compressed sparse rows, its columns sorted, without zeros.

        Returns:
            scipy.sparse.csr_array (2**n, 2**n), float64 if `is_real`, else complex128.

        Raises:
            ValueError: There are more than 24 spins.
        """
        from scipy.sparse import csr_array

        checked_integer("n_sites", self.n_sites, minimum=1, maximum=MAX_SPARSE_SITES)
        dimension, n_flips = self.dimension, len(self.flips)
        columns = np.empty((dimension, n_flips), np.int32)
        entries: np.ndarray = np.empty((dimension, n_flips), self._dtype)
        rows = np.arange(dimension, dtype=np.int32)
        for k, (mask, diagonal) in enumerate(self.flips):
            columns[:, k] = rows ^ np.int32(mask)
            entries[:, k] = diagonal
        starts = np.arange(dimension + 1) * n_flips
        shape = (dimension, dimension)
        matrix = csr_array((entries.reshape(-1), columns.reshape(-1), starts), shape=shape)
        matrix.eliminate_zeros()
        matrix.sort_indices()
        return matrix

    def apply(self, psi: np.ndarray) -> np.ndarray:
        """Returns H psi without forming a matrix.

        Args:
            psi: States (..., 2**n_sites).

        Returns:
            complex128 array of the same shape.

        Raises:
            ValueError: `psi` has another number of amplitudes or is not finite.

        Example:
            >>> PauliSum(1, [PauliTerm(1.0, (0,), "Y")]).apply([1.0, 0.0])
            array([0.+0.j, 0.+1.j])
        """
        states = checked_states("psi", psi, self.dimension)
        rows = np.arange(self.dimension)
        result = np.zeros(states.shape, np.complex128)
        for mask, diagonal in self.flips:
            flipped = states[..., rows ^ mask] if mask else states
            result += diagonal * flipped
        return result

    def to_dict(self) -> dict[str, Any]:
        """Returns the operator as numbers, texts, lists and dicts, as JSON can hold them.

        Example:
            >>> PauliSum(1, [PauliTerm(2.0, (0,), "X")]).to_dict()
            {'n_sites': 1, 'terms': [{'coefficient': 2.0, 'sites': [0], 'paulis': 'X'}]}
        """
        return {"n_sites": self.n_sites, "terms": [term.to_dict() for term in self.terms]}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "PauliSum":
        """Returns the operator that `to_dict` wrote.

        Args:
            content: Mapping with the keys `n_sites` and `terms`.

        Raises:
            ValueError: A key is missing or unknown, or a value is not allowed.
        """
        check_keys("content", content, ("n_sites", "terms"))
        return cls(content["n_sites"], [PauliTerm.from_dict(term) for term in content["terms"]])

    @property
    def _dtype(self) -> type:
        return np.float64 if self.is_real else np.complex128

    @functools.cached_property
    def flips(self) -> tuple[tuple[int, np.ndarray], ...]:
        """Pairs of a mask of flipped bits and the diagonal, a number if it is constant."""
        diagonals: dict[int, Any] = {}
        rows = np.arange(self.dimension)
        for term in self.terms:
            flip, sign = masks_of(term.string, self.n_sites)
            factor = (1j ** term.paulis.count("Y")) * term.coefficient
            factor = factor.real if self.is_real else factor
            # The sign belongs to the state before the flip, `rows ^ flip`.
            values = factor * (_parity_signs((rows ^ flip) & sign) if sign else 1.0)
            diagonals[flip] = diagonals.get(flip, 0.0) + values
        return tuple(diagonals.items())


@dataclass(frozen=True)
class PauliPolynomial:
    """Any operator `A = R + i I` on n spins, of two Hermitian ones: what products become.

    `+`, `-`, `*` with complex numbers and `@` go on from there.

    Args:
        real: R.
        imaginary: I.

    Raises:
        ValueError: The two are on different numbers of spins.

    Example:
        >>> X, Y, Z = (PauliSum(1, [PauliTerm(1.0, (0,), letter)]) for letter in "XYZ")
        >>> (X @ Y).is_hermitian, (X @ Y == 1j * Z.as_polynomial()), (X @ Y @ Z * -1j).hermitian()
        (False, True, PauliSum(n_sites=1, terms=(PauliTerm(coefficient=1.0, sites=(), paulis=''),)))
    """

    real: PauliSum
    imaginary: PauliSum

    def __post_init__(self) -> None:
        _check_same_sites(self.real, self.imaginary)

    @property
    def n_sites(self) -> int:
        """Number of spins."""
        return self.real.n_sites

    @property
    def coefficients(self) -> dict[PauliString, complex]:
        """Coefficient of each string, without zeros."""
        real, imaginary = self.real.coefficients, self.imaginary.coefficients
        return {
            string: complex(real.get(string, 0.0), imaginary.get(string, 0.0))
            for string in real | imaginary
        }

    @property
    def is_hermitian(self) -> bool:
        """Whether I is zero up to rounding."""
        return _largest(self.imaginary) <= ROUNDING * _largest(self.real)

    def hermitian(self) -> PauliSum:
        """Returns R if the operator is Hermitian.

        Raises:
            ValueError: It is not.
        """
        if not self.is_hermitian:
            raise ValueError(
                "The operator must be Hermitian, but has an anti-Hermitian part with coefficients"
                f" up to {_largest(self.imaginary):.3g}."
            )
        return self.real

    def adjoint(self) -> "PauliPolynomial":
        """Returns R - i I."""
        return PauliPolynomial(self.real, -self.imaginary)

    def to_dense(self) -> np.ndarray:
        """Returns the matrix, complex128 (2**n, 2**n); limits as of `PauliSum.to_dense`."""
        return self.real.to_dense() + 1j * self.imaginary.to_dense()

    def apply(self, psi: np.ndarray) -> np.ndarray:
        """Returns A psi without forming a matrix, see `PauliSum.apply`."""
        return self.real.apply(psi) + 1j * self.imaginary.apply(psi)

    def __add__(self, other: "AnyOperator") -> "PauliPolynomial":
        """Returns the sum of two operators on equally many spins."""
        right = _as_polynomial(other)
        if right is None:
            return NotImplemented
        real, imaginary = self.real + right.real, self.imaginary + right.imaginary
        return PauliPolynomial(real.simplify(), imaginary.simplify())

    __radd__ = __add__

    def __sub__(self, other: "AnyOperator") -> "PauliPolynomial":
        """Returns the difference of two operators on equally many spins."""
        right = _as_polynomial(other)
        return NotImplemented if right is None else self + -right

    def __rsub__(self, other: "AnyOperator") -> "PauliPolynomial":
        """Returns the difference of two operators on equally many spins."""
        return -self + other

    def __neg__(self) -> "PauliPolynomial":
        """Returns the operator times -1."""
        return self * -1.0

    def __mul__(self, factor: complex) -> "PauliPolynomial":
        """Returns the operator times a number."""
        if _as_polynomial(factor) is not None:
            return NotImplemented
        x, y = (checked_number("factor", part) for part in (np.real(factor), np.imag(factor)))
        real = self.real * x - self.imaginary * y
        imaginary = self.real * y + self.imaginary * x
        return PauliPolynomial(real.simplify(), imaginary.simplify())

    __rmul__ = __mul__

    def __matmul__(self, other: "AnyOperator") -> "PauliPolynomial":
        """Returns the product of two operators on equally many spins."""
        right = _as_polynomial(other)
        if right is None:
            return NotImplemented
        real = self.real @ right.real - self.imaginary @ right.imaginary
        return real + 1j * (self.real @ right.imaginary + self.imaginary @ right.real)

    def __rmatmul__(self, other: PauliSum) -> "PauliPolynomial":
        """Returns the product of two operators on equally many spins."""
        left = _as_polynomial(other)
        return NotImplemented if left is None else left @ self


AnyOperator = PauliSum | PauliPolynomial


def commutator(a: AnyOperator, b: AnyOperator) -> PauliPolynomial:
    """Returns [a, b] = a b - b a, anti-Hermitian for Hermitian a and b.

    Args:
        a: An operator.
        b: Another one on equally many spins.

    Raises:
        ValueError: They are on different numbers of spins.

    Example:
        >>> from qtf.physics import Chain, heisenberg
        >>> bond = heisenberg(Chain(2))
        >>> total = PauliSum(2, [PauliTerm(1.0, (i,), "Z") for i in range(2)])
        >>> commutator(bond, total).coefficients
        {}
    """
    return a @ b - b @ a


def _as_polynomial(operator: object) -> PauliPolynomial | None:
    if isinstance(operator, PauliSum):
        return operator.as_polynomial()
    return operator if isinstance(operator, PauliPolynomial) else None


def _sum_of(n_sites: int, coefficients: Mapping[PauliString, float]) -> PauliSum:
    """Returns the sum of some strings, without zeros."""
    return PauliSum(
        n_sites,
        (
            PauliTerm(number, tuple(site for site, _ in string), "".join(p for _, p in string))
            for string, number in coefficients.items()
            if number
        ),
    )


def _largest(operator: PauliSum) -> float:
    return max(map(abs, operator.coefficients.values()), default=0.0)


def _check_same_sites(one: PauliSum, other: PauliSum) -> None:
    if other.n_sites != one.n_sites:
        raise ValueError(
            f"Argument `n_sites` must be {one.n_sites} in both operators, but is {other.n_sites}."
        )


def _parity_signs(bits: np.ndarray) -> np.ndarray:
    return 1.0 - 2.0 * (np.bitwise_count(bits) & 1)


def check_number_of_spins(operator: PauliSum, n_sites: int) -> None:
    """Checks that an operator acts on the spins of a state.

    Args:
        operator: The operator.
        n_sites: Number of spins of the state.

    Raises:
        ValueError: It acts on another number of them.
    """
    if operator.n_sites != n_sites:
        raise ValueError(
            f"Argument `operator` must act on {n_sites} spins, but acts on {operator.n_sites}."
        )
