"""Coefficients of driven Hamiltonians as real functions of the time."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtf.physics._checks import checked_choice, checked_coefficients, checked_times

PIECEWISE_CONSTANT, LINEAR, CUBIC = "piecewise_constant", "linear", "cubic"
DRIVE_LAWS = (PIECEWISE_CONSTANT, LINEAR, CUBIC)

# Rounding of a time, relative to the range of the samples.
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class SampledFunction:
    """A real function of the time, of which values at some times are known.

    piecewise_constant: each value holds from its time up to the next one, the last for ever;
    linear: straight lines between the samples;
    cubic: the cubic spline through the samples, without a knot at the second and the last but one.

    Args:
        times: Ascending times (n,).
        values: Real values (n,).
        law: One of `DRIVE_LAWS`.

    Raises:
        ValueError: The law is unknown, the times do not ascend, or there are not as many finite
            values as times, at least two of them but for a piecewise constant.

    Example:
        >>> ramp = SampledFunction([0.0, 2.0], [1.0, 0.0], "linear")
        >>> ramp(0.5)
        0.75
        >>> SampledFunction([0.0, 1.0], [3.0, -3.0], "piecewise_constant")(7.0)
        -3.0
    """

    times: np.ndarray
    values: np.ndarray
    law: str

    def __post_init__(self) -> None:
        checked_choice("law", self.law, DRIVE_LAWS)
        times = checked_times(self.times)
        if len(times) < 2 and self.law != PIECEWISE_CONSTANT:
            raise ValueError(
                f'Argument `times` must hold at least 2 times for the law "{self.law}", but is'
                f" {times.tolist()}."
            )
        for earlier, later in zip(times, times[1:], strict=False):
            if later <= earlier:
                raise ValueError(f"Argument `times` must ascend, but has {later} after {earlier}.")
        if np.shape(self.values) != times.shape:
            raise ValueError(
                f"Argument `values` must be {len(times)} numbers, one for each time, but has shape"
                f" {np.shape(self.values)}."
            )
        values = checked_coefficients("values", self.values, len(times), "time")
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "values", values)

    def __call__(self, time: float) -> float:
        """Returns the value at a time.

        Raises:
            ValueError: The time is outside of the samples.
        """
        first, last = float(self.times[0]), float(self.times[-1])
        rounding = _ROUNDING * (last - first)
        is_late = time > last + rounding and self.law != PIECEWISE_CONSTANT
        if time < first - rounding or is_late:
            raise ValueError(
                "Argument `times` of a sampled function must reach as far as the evolution, but"
                f" reaches from {first} to {last} and is asked at {float(time)}."
            )
        if self.law == PIECEWISE_CONSTANT:
            index = int(np.searchsorted(self.times, time, side="right")) - 1
            return float(self.values[max(index, 0)])
        return float(self._curve(time))

    @cached_property
    def _curve(self) -> Callable[[float], float]:
        if self.law == LINEAR:
            return lambda time: np.interp(time, self.times, self.values)
        from scipy.interpolate import CubicSpline

        return CubicSpline(self.times, self.values)
