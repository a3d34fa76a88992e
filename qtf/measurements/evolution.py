"""Linear equations v' = A v with exact derivatives in the coefficients of A.

With A = sum_k c_k A_k the derivative w_k of v in c_k obeys w_k' = A w_k + A_k v, w_k = 0 at time 0.
Both are series of one augmented equation, cut where their terms are rounding, so that nothing is
differenced. They are Taylor series of short steps (the idea of steps from norms is that of Al-Mohy
and Higham, SIAM J. Sci. Comput. 33, 488 (2011)), or where A is anti-Hermitian one Chebyshev series
for all times (Tal-Ezer and Kosloff, J. Chem. Phys. 81, 3967 (1984)): with R at least the norm of A,

    exp(A t) = sum_n (2 - delta_n0) J_n(R t) U_n,   U_(n+1) = 2 (A / R) U_n + U_(n-1),

where U_0 = 1 and U_1 = A / R.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack
from scipy.special import jv

# Norm of A times a step of the series: larger ones lose digits, smaller ones take more steps.
LARGEST_STEP = 3.0
STEP_TO_SQUARE = 0.5
MAX_ORDER = 80
ROUNDING = 1e-17
# Bytes of the sums that a series makes at once, one for each time.
SUMS_BYTES = 1 << 28
# Up to here dense products are faster than sparse ones.
DENSE_DIMENSION = 64


@dataclass(frozen=True)
class LinearEquation:
    """An equation v' = A v of one vector, and the parts of A that derivatives are taken in.

    Attributes:
        generator: A, (d, d).
        parts: A_k, each (d, d).
        is_unitary: Whether A is anti-Hermitian.
    """

    generator: csr_array
    parts: Sequence[csr_array]
    is_unitary: bool = False

    @property
    def dimension(self) -> int:
        """The length d of a vector."""
        return int(self.generator.shape[0])

    def follow(self, start: np.ndarray, times: Sequence[float]) -> Iterator[np.ndarray]:
        """Yields vectors and derivatives at each time.

        Of many vectors, the propagator and its derivatives are followed instead.

        Args:
            start: Vectors at time 0, (d, m).
            times: Times in ascending order.

        Yields:
            Array (d, 1 + n_parts, m): the vector, then its derivative in each coefficient.
        """
        dimension, n_vectors = start.shape
        if n_vectors <= dimension:
            yield from self._follow(start, times)
            return
        for propagators in self._propagators(times):
            yield (propagators @ start).swapaxes(0, 1)

    def _propagators(self, times: Sequence[float]) -> Iterator[np.ndarray]:
        """Yields exp(A t) and its derivatives at each time, (1 + n_parts, d, d)."""
        before, total = 0.0, None
        for time in times:
            step = self._propagator(time - before)
            total = step if total is None else _compose(step, total)
            before = time
            yield total

    def _propagator(self, dt: float) -> np.ndarray:
        """Returns exp(A dt) and its derivatives, by a short series squared again and again."""
        n_squares = max(0, int(np.ceil(np.log2(max(self._norm * dt / STEP_TO_SQUARE, 1e-300)))))
        start: np.ndarray = np.zeros((self.dimension, 1 + len(self.parts), self.dimension))
        start[:, 0] = np.eye(self.dimension)
        step = self._step(start.astype(self._dtype(start)), dt / 2**n_squares).swapaxes(0, 1)
        for _ in range(n_squares):
            step = _compose(step, step)
        return step

    def _follow(self, start: np.ndarray, times: Sequence[float]) -> Iterator[np.ndarray]:
        both = np.zeros((start.shape[0], 1 + len(self.parts), start.shape[1]), self._dtype(start))
        both[:, 0] = start
        if self.is_unitary and times:
            yield from self._expand(both, np.asarray(times, np.float64))
            return
        before = 0.0
        for time in times:
            # Derivatives move also where the generator is 0.
            n_steps = max(1, int(np.ceil(self._norm * (time - before) / LARGEST_STEP)))
            for _ in range(n_steps):
                both = self._step(both, (time - before) / n_steps)
            before = time
            yield both

    def _expand(self, both: np.ndarray, times: np.ndarray) -> Iterator[np.ndarray]:
        """Yields what `both` becomes by series for as many times as memory allows."""
        several, before = max(1, SUMS_BYTES // both.nbytes), 0.0
        for first in range(0, len(times), several):
            some = times[first : first + several]
            sums = self._series(both, some - before)
            yield from sums
            both, before = sums[-1], float(some[-1])

    def _series(self, both: np.ndarray, durations: np.ndarray) -> np.ndarray:
        """Returns exp(A t), and its derivatives, applied to `both`, for each t."""
        # Derivatives move also where the generator is 0.
        radius = self._norm or 1.0
        phases = radius * durations
        orders = np.arange(int(2 * phases.max()) + 100)
        coefficients = jv(orders, phases[:, None]) * np.where(orders == 0, 1.0, 2.0)
        # Derivatives of polynomials are larger than they are by the square of their order.
        sizes = np.abs(coefficients).max(axis=0) * (1 + orders**2)
        n_orders = int(np.flatnonzero(sizes > ROUNDING)[-1]) + 1
        sums = coefficients[:, 0].reshape(-1, *[1] * both.ndim) * both
        last, now = np.zeros_like(both), both
        for order in range(1, n_orders):
            scaled = self._apply(now) * ((1 if order == 1 else 2) / radius)
            last, now = now, scaled + last
            for total, coefficient in zip(sums, coefficients[:, order], strict=True):
                if abs(coefficient) * (1 + order**2) > ROUNDING:
                    total += coefficient * now
        return sums

    def _step(self, both: np.ndarray, dt: float) -> np.ndarray:
        total, term = both.copy(), both
        small = 0
        for order in range(1, MAX_ORDER):
            term = self._apply(term) * (dt / order)
            total += term
            small = small + 1 if np.abs(term).max() <= ROUNDING * np.abs(total).max() else 0
            # One term may vanish by symmetry.
            if small == 2:
                break
        return total

    def _apply(self, both: np.ndarray) -> np.ndarray:
        dimension, n_both, n_vectors = both.shape
        result = (self._matrix @ both.reshape(dimension, -1)).reshape(both.shape)
        if self.parts:
            added = self._stacked @ np.ascontiguousarray(both[:, 0])
            result[:, 1:] += added.reshape(n_both - 1, dimension, n_vectors).swapaxes(0, 1)
        return result

    def _dtype(self, start: np.ndarray) -> np.dtype:
        return np.result_type(start.dtype, self.generator.dtype)

    @cached_property
    def _norm(self) -> float:
        return float(abs(self.generator).sum(axis=0).max())

    @cached_property
    def _matrix(self) -> Any:
        return _fast(self.generator)

    @cached_property
    def _stacked(self) -> Any:
        return _fast(csr_array(vstack(self.parts, format="csr")))


def _compose(later: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    """Returns the product of two propagators and its derivatives."""
    product = later[:1] @ earlier
    product[1:] += later[1:] @ earlier[0]
    return product


def _fast(matrix: csr_array) -> Any:
    return matrix.toarray() if matrix.shape[1] <= DENSE_DIMENSION else matrix
