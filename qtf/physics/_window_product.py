"""Products of local operators with states, by small matrices on windows of neighbouring sites."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from qtf.physics.operators import PauliSum
from qtf.physics.pauli_strings import PauliTerm

# Sites of a window. On 16 spins a matrix of 16 x 16 takes a fifth of a millisecond, and the terms
# of four sites at once.
WINDOW = 4
# Real numbers behind a window up to which its matrix acts from the right, on longer rows.
SHORT_ROW = 8

# Of double or of single precision.
States = NDArray[np.complex128] | NDArray[np.complex64]
SiteMatrix = tuple[int, NDArray[np.complex128]]


class WindowProduct:
    """Function of states (batch, 2**n_sites) that applies A = sum_k c_k P_k + sum_i M_i to them.

    What is diagonal is one vector. Other terms are gathered in windows of neighbouring sites, each
    one small matrix; real matrices act on the real and imaginary parts alike. Terms that reach
    further, such as the bond that closes a ring, flip bits one by one.

    Args:
        operator: The Pauli strings P_k with their coefficients.
        site_matrices: Pairs of a site and M, (2, 2), which need not be Hermitian.
        single: Whether states are complex64, which takes half the time, and not complex128.
    """

    def __init__(
        self,
        operator: PauliSum,
        site_matrices: Iterable[SiteMatrix] = (),
        *,
        single: bool = False,
    ) -> None:
        self.dtype = np.dtype(np.complex64 if single else np.complex128)
        self.n_sites = operator.n_sites
        self.dimension = operator.dimension
        terms = [term for term in operator.terms if set(term.paulis) & set("XY")]
        diagonal = [term for term in operator.terms if not set(term.paulis) & set("XY")]
        matrices = list(site_matrices)
        self.diagonal = self._rounded(self._make_diagonal(diagonal, matrices))
        near = [term for term in terms if _span(term) <= WINDOW]
        far = [term for term in terms if _span(term) > WINDOW]
        self._windows = self._make_windows(near, matrices)
        rows = np.arange(self.dimension)
        self._flips = [
            (rows ^ mask, self._rounded(np.asarray(values)))
            for mask, values in PauliSum(self.n_sites, far).flips
        ]
        self._scratch: States = np.empty((0, self.dimension), self.dtype)

    @property
    def is_diagonal(self) -> bool:
        """Whether the operator is `diagonal` alone."""
        return not self._windows and not self._flips

    def __call__(self, psi: States, out: States) -> States:
        """Writes A psi to `out`; both are contiguous."""
        if self._scratch.shape != psi.shape:
            self._scratch = np.empty_like(psi)
        scratch = self._scratch
        np.multiply(psi, self.diagonal, out=out)
        for window in self._windows:
            window.apply(psi, scratch)
            out += scratch
        for rows, values in self._flips:
            np.take(psi, rows, axis=1, out=scratch, mode="clip")
            scratch *= values
            out += scratch
        return out

    def mean(self, psi: States, out: States) -> NDArray[np.float64]:
        """Returns Re <psi|A|psi> of each state, (batch,); `out` is overwritten."""
        if self.is_diagonal:
            return (np.abs(psi) ** 2 @ self.diagonal.real).astype(np.float64)
        parts, images = (array.view(psi.real.dtype) for array in (psi, self(psi, out)))
        return (parts[:, None] @ images[:, :, None])[:, 0, 0].astype(np.float64)

    def _rounded(self, values: np.ndarray) -> np.ndarray:
        single = np.complex64 if np.iscomplexobj(values) else np.float32
        return values.astype(single) if self.dtype == np.complex64 else values

    def _make_diagonal(
        self, terms: list[PauliTerm], matrices: list[SiteMatrix]
    ) -> NDArray[np.complex128] | NDArray[np.float64]:
        (_, values), *_ = PauliSum(self.n_sites, [PauliTerm(0.0, (), ""), *terms]).flips
        diagonal = np.zeros(self.dimension, np.complex128) + values
        for site, matrix in matrices:
            diagonal.reshape(2**site, 2, -1)[...] += np.diagonal(matrix)[:, None]
        return diagonal if diagonal.imag.any() else diagonal.real.copy()

    def _make_windows(self, terms: list[PauliTerm], matrices: list[SiteMatrix]) -> list["_Window"]:
        """Gathers terms in as few windows as going from left to right needs."""
        off = [(site, matrix - np.diag(np.diagonal(matrix))) for site, matrix in matrices]
        off = [(site, matrix) for site, matrix in off if matrix.any()]
        width, windows = min(WINDOW, self.n_sites), []
        while terms or off:
            first = min([min(term.sites) for term in terms] + [site for site, _ in off])
            start = min(first, self.n_sites - width)
            sites = range(start, start + width)
            inside = [term for term in terms if set(term.sites) <= set(sites)]
            terms = [term for term in terms if not set(term.sites) <= set(sites)]
            moved = [
                PauliTerm(term.coefficient, tuple(i - start for i in term.sites), term.paulis)
                for term in inside
            ]
            matrix = PauliSum(width, moved).to_dense().astype(np.complex128)
            for site, one in off:
                if site in sites:
                    matrix += _on_window(one, site - start, width)
            off = [(site, one) for site, one in off if site not in sites]
            windows.append(_Window(self._rounded(matrix), start, self.n_sites))
        return windows


class _Window:
    """A matrix that acts on some neighbouring sites."""

    def __init__(self, matrix: np.ndarray, start: int, n_sites: int) -> None:
        self._is_real = not matrix.imag.any()
        self._size = len(matrix)
        behind = 2**n_sites // (2**start * self._size)
        self._behind = behind * (1 + self._is_real)
        acting = matrix.real.copy() if self._is_real else matrix
        self._from_right = self._behind * (2 - self._is_real) <= SHORT_ROW
        if self._from_right:
            identity = np.eye(self._behind, dtype=acting.dtype)
            acting = np.ascontiguousarray(np.kron(acting, identity).T)
        self._matrix = acting

    def apply(self, psi: States, out: States) -> None:
        """Writes the product with the states (batch, 2**n_sites) to `out`."""
        x, y = psi.view(self._matrix.dtype), out.view(self._matrix.dtype)
        if self._from_right:
            shape = (-1, self._size * self._behind)
            np.matmul(x.reshape(shape), self._matrix, out=y.reshape(shape))
        else:
            blocks = (-1, self._size, self._behind)
            np.matmul(self._matrix, x.reshape(blocks), out=y.reshape(blocks))


def _span(term: PauliTerm) -> int:
    return max(term.sites) - min(term.sites) + 1


def _on_window(matrix: np.ndarray, site: int, width: int) -> np.ndarray:
    return np.kron(np.kron(np.eye(2**site), matrix), np.eye(2 ** (width - 1 - site)))
