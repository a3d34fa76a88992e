"""Means of independent samples with their error bars."""

from dataclasses import dataclass

import numpy as np

from qtf.typing import Array


@dataclass(frozen=True)
class Estimate:
    """A mean over independent samples.

    Attributes:
        mean: The mean.
        error: Its standard error.
    """

    mean: float
    error: float

    @classmethod
    def of(cls, values: Array) -> "Estimate":
        """Returns the mean of real values and its standard error.

        Raises:
            ValueError: There are fewer than two values.

        Example:
            >>> Estimate.of(np.array([1.0, 3.0]))
            Estimate(mean=2.0, error=1.0)
        """
        if len(values) < 2:
            raise ValueError(f"Argument `values` must hold at least two, but has {len(values)}.")
        return cls(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))))
