"""exp(L t) v and the null vector of an L that is known by its products only.

L need be neither Hermitian nor normal; both forms of the Lindblad equation need this.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qtf.physics._norms import euclidean_norm
from qtf.physics._threads import one_thread

# Forty vectors of 4**9 probabilities take 84 MB, and a longer space hardly saves products.
KRYLOV_DIMENSION = 40
# Vectors that the last, shorter step takes beyond its share.
_N_SPARE = 10
# Steps are chosen among so many parts of the longest.
_N_STEPS = 64
# Vectors of up to _SHORT numbers are made orthogonal to all before, at no cost beside that of
# calling; longer ones to so many.
_SHORT, _N_BEFORE = 1024, 2
# Terms of the series of an exponential: 1 / (4**12 12!) is a rounding.
_N_TERMS, _SERIES_REACH = 12, 0.25
# Each of about 30 products with L.
MAX_ITERATIONS = 400
# Of the search for a second steady state, and what one changes by at most, in units of the
# largest rate of decay. Of a random vector of 4**12 numbers a 4096th is left.
SECOND_TOLERANCE, SLOWEST_RATE = 1e-10, 1e-6

# The bound of the error of a step is not driven below so many roundings of L times it.
_ROUNDINGS = 16

Product = Callable[[np.ndarray], np.ndarray]


def exponential_evolve(
    product: Product,
    vector: np.ndarray,
    times: np.ndarray,
    tolerance: float,
    *,
    dimension: int = KRYLOV_DIMENSION,
) -> np.ndarray:
    """Returns exp(L t) v of a real v at times of at least 0 in any order, (n_times, dimension).

    Steps in Krylov spaces, each as long as the estimate of its error allows. `tolerance`
    bounds the sum of these estimates at the largest time relative to |v|; `dimension` is that of
    a space, at most.
    """
    result = np.empty((len(times), len(vector)))
    order = np.argsort(times, kind="stable")
    times = times[order]
    rate = tolerance / max(times[-1], np.finfo(float).tiny)
    time, done, size = 0.0, 0, dimension
    while done < len(order):
        with one_thread(dimension * len(vector)):
            space = _KrylovSpace.of(product, vector, size)
            left = times[-1] - time
            step = space.longest_step(left, rate)
            end = time + step if step < left else times[-1]
            served = int(np.searchsorted(times, end, side="right"))
            states = space.evolve(np.append(times[done:served] - time, step))
            result[order[done:served]], vector = states[:-1], states[-1]
        if step < left:
            size = min(dimension, math.ceil(size * (left - step) / step) + _N_SPARE)
        time, done = end, served
    return result


@dataclass(frozen=True)
class _KrylovSpace:
    """The space of v, L v, ..., and L restricted to it.

    A long vector is made orthogonal to the two before it only: of an L that mostly turns, the
    others hardly overlap. Whatever is left of that,

        L v_j = sum_i T_ij v_i + remainder delta_jm w,  |w| = 1,

    holds to rounding, and by it both exp(T t) and the estimate of its error.

    Attributes:
        norm: |v|.
        vectors: Basis (m, dimension) of unit vectors, the first along v.
        projected: T, (m, m), of Hessenberg form.
        remainder: Norm of the part of L v_m outside the space.
    """

    norm: float
    vectors: np.ndarray
    projected: np.ndarray
    remainder: float

    @classmethod
    def of(cls, product: Product, vector: np.ndarray, dimension: int) -> "_KrylovSpace":
        """Builds the space; it ends early where L leads no further out of it."""
        size = min(dimension, len(vector))
        n_before = size if len(vector) <= _SHORT else _N_BEFORE
        norm = euclidean_norm(vector)
        vectors = np.empty((size, len(vector)))
        projected = np.zeros((size + 1, size))
        vectors[0] = vector / norm if norm else vector
        for j in range(size):
            image = product(vectors[j])
            scale = remainder = math.sqrt(image @ image)
            before = slice(max(0, j + 1 - n_before), j + 1)
            for _ in range(2):  # the second time removes what rounding left
                overlaps = vectors[before] @ image
                image = image - overlaps @ vectors[before]
                projected[before, j] += overlaps
                remainder = math.sqrt(image @ image)
                if remainder > scale / 2:
                    break
            if remainder <= 32 * np.finfo(float).eps * scale:
                return cls(norm, vectors[: j + 1], projected[: j + 1, : j + 1], 0.0)
            projected[j + 1, j] = remainder
            if j + 1 < size:
                vectors[j + 1] = image / remainder
        return cls(norm, vectors, projected[:size], remainder)

    def evolve(self, times: np.ndarray) -> np.ndarray:
        """Returns exp(L t) v at times of at least 0, (n_times, dimension)."""
        first = np.eye(1, len(self.projected))[0]
        return self.norm * _exponentials(self.projected, first, times) @ self.vectors

    def longest_step(self, limit: float, rate: float) -> float:
        """Returns a step up to `limit` whose estimated error is at most `rate` times it."""
        if self.remainder == 0 or limit == 0:
            return limit
        width = float(np.linalg.norm(self.projected, 2))
        rate = max(rate, _ROUNDINGS * np.finfo(float).eps * width)
        # Beyond this many turns no space of m vectors follows the vector.
        step = min(limit, 2 * len(self.projected) / width)
        while True:
            steps = step * (np.arange(_N_STEPS) + 1) / _N_STEPS
            fits = self._relative_errors(steps, width) <= rate * steps
            n_fitting = _N_STEPS if fits.all() else int(np.argmin(fits))
            if n_fitting:
                return float(steps[n_fitting - 1])
            step /= _N_STEPS

    def _relative_errors(self, steps: np.ndarray, width: float) -> np.ndarray:
        """Returns |remainder e_m^T integral_0^step exp(T s) ds e_1| for each step."""
        size = len(self.projected)
        extended = np.zeros((size + 1, size + 1))
        extended[:size, :size] = self.projected
        extended[0, size] = width
        last = np.eye(size + 1)[size]
        return self.remainder / width * np.abs(_exponentials(extended, last, steps)[:, size - 1])


def _exponentials(matrix: np.ndarray, vector: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Returns exp(A t) v at times of at least 0, (n_times, m), of a small A.

    Times are multiples of a unit, by powers of exp(A unit), and what is left of them, by the
    series of the exponential.
    """
    turns = float(np.abs(matrix).sum(axis=0).max()) * float(times.max())
    reach = turns / _SERIES_REACH
    n_doublings = math.ceil(math.log2(reach)) if reach > 1 else 0
    unit = float(times.max()) / 2**n_doublings
    counts, rest = np.divmod(times, unit) if unit else (times, times)
    columns = np.repeat(vector[:, None], len(times), axis=1)
    if rest.any():
        columns = _series(matrix, columns, rest)
    power = _series(matrix, np.eye(len(matrix)), np.full(len(matrix), unit))
    for _ in range(n_doublings + 1):
        is_odd = counts % 2 == 1
        columns[:, is_odd] = power @ columns[:, is_odd]
        power, counts = power @ power, counts // 2
    return columns.T


def _series(matrix: np.ndarray, columns: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Returns exp(A t) of each column (m, n) with its own time, |A t| <= 1/4."""
    total, term = columns.copy(), columns
    for k in range(1, _N_TERMS):
        term = matrix @ term * (times / k)
        total += term
    return total


class SeveralSteadyStates(ValueError):
    """More than one state stays as it is, so that none of them is the steady state.

    Example:
        >>> from qtf.physics import Lindbladian, PauliSum, decay
        >>> try:
        ...     Lindbladian(PauliSum(1, []), decay(1, 0.0)).steady_state()
        ... except SeveralSteadyStates:
        ...     print("nothing decays")
        nothing decays
    """


def steady_vector(
    product: Product,
    trace: Callable[[np.ndarray], complex],
    start: np.ndarray,
    tolerance: float,
    rate: float,
    *,
    unique: bool,
) -> np.ndarray:
    """Returns v with |L v| <= tolerance * rate and trace(v) = 1.

    Args:
        product: L, which conserves the trace.
        trace: The trace.
        start: Steady where nothing decays, of trace 1.
        tolerance: Relative to the rate.
        rate: Largest rate of decay.
        unique: Whether there must be no other such v.

    Raises:
        ValueError: The tolerance is out of reach.
        SeveralSteadyStates: v is not unique, but has to be.
    """
    if rate == 0.0:
        if unique:
            raise SeveralSteadyStates(
                "Argument `unique` must be False where nothing decays, as every mixture of"
                " energy levels is steady, but is True."
            )
        return start

    def apply_scaled(vector: np.ndarray) -> np.ndarray:
        return product(vector) / rate

    vector = _null_vector(apply_scaled, trace, start, tolerance)
    if unique:
        _check_isolated(apply_scaled, trace, start)
    return vector


def _null_vector(
    product: Product, trace: Callable[[np.ndarray], complex], start: np.ndarray, tolerance: float
) -> np.ndarray:
    """Returns v with |L v| <= tolerance and trace(v) = 1, for an L that conserves the trace.

    (L - u trace) v = -u, u of trace 1, has this v as its only solution if there is one
    steady state only. `start` is u and the first guess.
    """
    # Half for L v, half for what is left of the trace. Far below rounding the iteration may
    # overflow, which the residual shows.
    with np.errstate(all="ignore"):
        solution = _solve(_shift(product, trace, start), -start, start, tolerance / 2)
        solution = solution / trace(solution)
        residual = float(np.linalg.norm(product(solution)))
    if not residual <= tolerance:
        raise ValueError(
            f"Argument `tolerance` must be within reach, but is {tolerance} and the steady"
            f" state is left with |L v| = {residual:.1e} times the largest rate."
        )
    return solution


def _check_isolated(
    product: Product, trace: Callable[[np.ndarray], complex], start: np.ndarray
) -> None:
    """Checks that no other vector than the null vector stays as it is.

    A random vector w of trace 0 is moved by what solves (L - u trace) y = -(L - u trace) w, by
    Krylov spaces, which never leave the range of L - u trace. If that is regular, all of w
    is taken away. Else what w has of a second null vector is left, and does not change.

    Args:
        product: L in units of the largest rate; it conserves the trace.
        trace: The trace.
        start: u, of trace 1.

    Raises:
        SeveralSteadyStates: A vector of trace 0 changes by less than 1e-6 of the rate.
    """
    w = np.random.default_rng(0).standard_normal(len(start)).astype(start.dtype)
    w -= trace(w) * start
    w /= np.linalg.norm(w)
    shifted = _shift(product, trace, start)
    with np.errstate(all="ignore"):
        left = w + _solve(shifted, -shifted(w), np.zeros_like(w), SECOND_TOLERANCE)
        rate = float(np.linalg.norm(product(left)) / np.linalg.norm(left))
    if rate <= SLOWEST_RATE:
        raise SeveralSteadyStates(
            "Argument `unique` must be False where more than one state is steady, but is True:"
            f" beside the one found, a difference of two changes at {rate:.0e} of the largest"
            " rate of decay only."
        )


def _shift(product: Product, trace: Callable[[np.ndarray], complex], start: np.ndarray) -> Product:
    return lambda vector: product(vector) - trace(vector) * start


def _solve(product: Product, right: np.ndarray, guess: np.ndarray, tolerance: float) -> np.ndarray:
    from scipy.sparse.linalg import LinearOperator, gcrotmk

    operator = LinearOperator((len(right),) * 2, matvec=product, dtype=right.dtype)
    options = {"rtol": 0.0, "atol": tolerance, "m": 30, "maxiter": MAX_ITERATIONS}
    with one_thread(KRYLOV_DIMENSION * len(right)):
        return gcrotmk(operator, right, x0=guess, **options)[0]
