"""Linear equations x' = sum_k f_k(t) A_k x by commutator-free Magnus steps of order 4.

With the coefficients early and late, those at the two nodes of Gauss in a step h,

    x(t + h) = exp(h sum_k (b early + a late)_k A_k) exp(h sum_k (a early + b late)_k A_k) x(t),

a = 1/4 + sqrt(3)/6 and b = 1/4 - sqrt(3)/6. The error of a step is of order h^5, and whatever
the exponentials conserve, norm or trace, is conserved.

Source: Blanes and Moan, Appl. Numer. Math. 56, 1519 (2006); Alvermann and Fehske, J. Comput. Phys.
230, 5930 (2011).
"""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from qtf.physics._stepping import pieces_between

NODES = (0.5 - math.sqrt(3) / 6, 0.5 + math.sqrt(3) / 6)
NEAR, FAR = 0.25 + math.sqrt(3) / 6, 0.25 - math.sqrt(3) / 6

# The difference between a step and two halves of it is 1 - 2**-4 of the error of the step, and
# that of the halves a sixteenth.
_HALVES = 15.0
_SAFETY, _SHRINK, _GROW = 0.9, 0.1, 4.0
# So that a length that fits but for rounding is not cut into one more.
_JUST_BELOW_1 = 1 - 1e-12
# The exponentials leave this part of the error that a step may have.
_EXPONENTIAL_SHARE = 1e-2
# No error is driven below so many roundings of the operators times the time.
_ROUNDINGS = 16
# An estimate of the error of a step that is nothing but rounding.
_ROUNDING = 4 * float(np.finfo(float).eps)
# Of the whole time; shorter ones are asked for only where a function is not smooth.
_SMALLEST_STEP = 1e-10

# exp(step * sum_k c_k A_k) of columns (dimension, batch): (c, columns, step, relative tolerance).
Exponential = Callable[[np.ndarray, np.ndarray, float, float], np.ndarray]
Coefficients = Callable[[float], np.ndarray]


class Marching:
    """Takes columns from time 0 outwards, by steps whose halves tell the error.

    Args:
        exponential: As above.
        coefficients: f_k by the time.
        columns: Columns at time 0, (dimension, batch), whose norms can be squared.
        duration: Of the whole march.
        tolerance: Bound of the estimated error at its end, relative to the norm of each column.
        given_step: Longest step, whatever its error; None: as the tolerance allows.
        width: Size of the largest eigenvalue at time 0, or a bound of it.

    Attributes:
        error: Sum of the estimated errors so far, the largest of all columns.
        n_steps: Steps so far.
    """

    def __init__(
        self,
        exponential: Exponential,
        coefficients: Coefficients,
        columns: np.ndarray,
        *,
        duration: float,
        tolerance: float,
        given_step: float | None,
        width: float,
    ) -> None:
        self._exponential, self._coefficients = exponential, coefficients
        self._columns = columns
        norms = np.linalg.norm(columns, axis=0)
        self._norms = np.where(norms > 0, norms, 1.0)
        self._duration = duration or 1.0
        self._rate = max(tolerance / self._duration, _ROUNDINGS * np.finfo(float).eps * width)
        self._is_given = given_step is not None
        self._longest = given_step or min(self._duration, 1.0 / max(width, 1.0 / self._duration))
        self.error, self.n_steps = 0.0, 0

    def through(self, times: np.ndarray, breaks: Sequence[float]) -> Iterator[np.ndarray]:
        """Yields the columns at each time; no step passes over a break.

        Args:
            times: Times of one sign, ordered outwards from 0.
            breaks: Ascending times.

        Raises:
            ValueError: No step is short enough.
        """
        for start, end, served in pieces_between(times, breaks):
            for time in times[served].tolist():
                self._reach(start, time)
                yield self._columns
                start = time
            self._reach(start, end)

    def _reach(self, time: float, end: float) -> None:
        while time != end:
            n_left = max(1, math.ceil(abs(end - time) / self._longest * _JUST_BELOW_1))
            step = (end - time) / n_left
            columns, error = self._step(time, step)
            allowed = max(self._rate * abs(step), _ROUNDING)
            if self._is_given or error <= allowed:
                self._columns, time = columns, end if n_left == 1 else time + step
                self.error, self.n_steps = self.error + error, self.n_steps + 1
            if not self._is_given:
                self._adapt(abs(step), error, allowed, time)

    def _step(self, time: float, step: float) -> tuple[np.ndarray, float]:
        """Returns the columns after two halves of a step, and their estimated relative error."""
        tolerance = _EXPONENTIAL_SHARE * self._rate * abs(step)
        if self._is_given:
            tolerance = np.finfo(float).eps
        whole = self._magnus_step(self._columns, time, step, tolerance)
        half = self._magnus_step(self._columns, time, step / 2, tolerance)
        halves = self._magnus_step(half, time + step / 2, step / 2, tolerance)
        differences = np.linalg.norm(halves - whole, axis=0) / self._norms
        return halves, float(differences.max(initial=0.0)) / _HALVES

    def _magnus_step(
        self, columns: np.ndarray, time: float, step: float, tolerance: float
    ) -> np.ndarray:
        early, late = (self._coefficients(time + node * step) for node in NODES)
        between = self._exponential(NEAR * early + FAR * late, columns, step, tolerance)
        return self._exponential(FAR * early + NEAR * late, between, step, tolerance)

    def _adapt(self, step: float, error: float, allowed: float, time: float) -> None:
        """Sets the length of the next step; the errors of steps of length h are as h^5."""
        factor = _SAFETY * (allowed / error) ** 0.25 if error else _GROW
        longest = step * min(max(factor, _SHRINK), _GROW)
        # A step that a stop has cut short says little of longer ones.
        self._longest = max(longest, self._longest) if factor >= 1 else longest
        if self._longest < _SMALLEST_STEP * self._duration:
            raise ValueError(
                "Argument `hamiltonian` must have coefficients that are smooth but at its `breaks`,"
                f" but steps of {step:.0e} at the time {time:.6g} are still too long."
            )
