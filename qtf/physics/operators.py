"""Hamiltonians as sums of Pauli strings, and their matrices.

On a basis state b a string of Paulis flips the bits where it has X or Y, and multiplies by
-1 for each spin down where it has Y or Z, and by i for each Y. All strings that flip the
same bits form one "flip": H psi at b is the sum over flips m of `diagonal_m[b] psi[b ^ m]`.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qtf.physics._checks import checked_integer, checked_number, checked_states

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MAX_DENSE_SITES = 14
MAX_SPARSE_SITES = 24


@dataclass(frozen=True)
class PauliTerm:
    """A real coefficient times a product of Pauli matrices on different sites.

    Args:
        coefficient: Finite real number.
        sites: Sites the matrices act on, counted from 0; empty for the identity.
        paulis: One letter X, Y or Z for each site.

    Raises:
        ValueError: The coefficient is not finite and real, a site is negative or repeated,
            or `paulis` is not one letter X, Y or Z for each site.

    Example:
        >>> PauliTerm(-1.0, (0, 1), "ZZ")
        PauliTerm(coefficient=-1.0, sites=(0, 1), paulis='ZZ')
    """

    coefficient: float
    sites: tuple[int, ...]
    paulis: str

    def __post_init__(self) -> None:
        coefficient = checked_number("coefficient", self.coefficient)
        if not isinstance(self.sites, Sequence):
            raise ValueError(f"Argument `sites` must be a tuple of sites, but is {self.sites!r}.")
        sites = tuple(checked_integer("sites", site, minimum=0) for site in self.sites)
        if len(set(sites)) < len(sites):
            raise ValueError(f"Argument `sites` must not repeat a site, but is {sites}.")
        letters = isinstance(self.paulis, str) and set(self.paulis) <= set("XYZ")
        if not letters or len(self.paulis) != len(sites):
            raise ValueError(
                f"Argument `paulis` must be one letter X, Y or Z for each of {len(sites)} sites,"
                f" but is {self.paulis!r}."
            )
        object.__setattr__(self, "coefficient", coefficient)
        object.__setattr__(self, "sites", sites)

    def to_dict(self) -> dict[str, Any]:
        """Returns the term as a number, a list and a text."""
        return {
            "coefficient": self.coefficient,
            "sites": list(self.sites),
            "paulis": self.paulis,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "PauliTerm":
        """Returns the term that `to_dict` wrote.

        Args:
            content: Mapping with the keys `coefficient`, `sites` and `paulis`.

        Raises:
            ValueError: A key is missing or unknown, or a value is not allowed.
        """
        _check_keys("content", content, ("coefficient", "sites", "paulis"))
        return cls(content["coefficient"], content["sites"], content["paulis"])


@dataclass(frozen=True)
class PauliSum:
    """A Hermitian operator `sum_k c_k P_k` on n spins, P_k products of Pauli matrices.

    Sums and real multiples of such operators are formed with `+` and `*`.

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

    def __add__(self, other: "PauliSum") -> "PauliSum":
        """Returns the sum of two operators on equally many spins."""
        if not isinstance(other, PauliSum):
            return NotImplemented
        if other.n_sites != self.n_sites:
            raise ValueError(
                f"Argument `n_sites` must be {self.n_sites} in both summands,"
                f" but is {other.n_sites}."
            )
        return PauliSum(self.n_sites, self.terms + other.terms)

    def __mul__(self, factor: float) -> "PauliSum":
        """Returns the operator times a real number."""
        number = checked_number("factor", factor)
        terms = (PauliTerm(number * t.coefficient, t.sites, t.paulis) for t in self.terms)
        return PauliSum(self.n_sites, terms)

    __rmul__ = __mul__

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
        _check_keys("content", content, ("n_sites", "terms"))
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
            flip, sign = _masks(term, self.n_sites)
            factor = (1j ** term.paulis.count("Y")) * term.coefficient
            factor = factor.real if self.is_real else factor
            # The sign belongs to the state before the flip, `rows ^ flip`.
            values = factor * (_parity_signs((rows ^ flip) & sign) if sign else 1.0)
            diagonals[flip] = diagonals.get(flip, 0.0) + values
        return tuple(diagonals.items())


def _masks(term: PauliTerm, n_sites: int) -> tuple[int, int]:
    """Returns the bits that a term flips and the bits that give it a sign."""
    bits = {site: 1 << (n_sites - 1 - site) for site in term.sites}
    letters = list(zip(term.sites, term.paulis, strict=True))
    flip = sum(bits[site] for site, pauli in letters if pauli in "XY")
    sign = sum(bits[site] for site, pauli in letters if pauli in "YZ")
    return flip, sign


def _parity_signs(bits: np.ndarray) -> np.ndarray:
    return 1.0 - 2.0 * (np.bitwise_count(bits) & 1)


def _check_keys(name: str, content: object, known: tuple[str, ...]) -> None:
    if not isinstance(content, Mapping) or set(content) != set(known):
        listed = ", ".join(known)
        raise ValueError(f"Argument `{name}` must have the keys {listed}, but is {content!r}.")
