"""Means of independent samples with their error bars."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any, Self

import numpy as np

from qtf.typing import Array


class WithError:
    """What has a mean and its standard error, and is reckoned with as such.

    Sums, differences and products take numbers, and other estimates from other samples: errors
    add up as those of independent numbers do.

    Attributes:
        mean: The mean.
        error: Its standard error.
    """

    mean: float
    error: float

    def __add__(self, other: "WithError | float") -> "Estimate":
        """Returns the sum with a number or an independent estimate."""
        mean, error = _parts(other)
        return Estimate(self.mean + mean, math.hypot(self.error, error))

    __radd__ = __add__

    def __sub__(self, other: "WithError | float") -> "Estimate":
        """Returns the difference from a number or an independent estimate."""
        return self + -1.0 * _as_estimate(other)

    def __rsub__(self, other: float) -> "Estimate":
        """Returns a number less the estimate."""
        return -self + other

    def __mul__(self, other: "WithError | float") -> "Estimate":
        """Returns the product with a number or an independent estimate."""
        mean, error = _parts(other)
        return Estimate(self.mean * mean, math.hypot(self.error * mean, self.mean * error))

    __rmul__ = __mul__

    def __truediv__(self, other: float) -> "Estimate":
        """Returns the quotient by a number."""
        return self * (1.0 / other) if isinstance(other, Real) else NotImplemented

    def __neg__(self) -> "Estimate":
        """Returns the estimate of the opposite number."""
        return Estimate(-self.mean, self.error)

    def __float__(self) -> float:
        """Returns the mean."""
        return float(self.mean)

    def __format__(self, spec: str) -> str:
        """Returns mean and error, both in a format or, without one, as far as the error tells."""
        if spec:
            return f"{self.mean:{spec}} +- {self.error:{spec}}"
        return show_with_error(self.mean, self.error)

    def __str__(self) -> str:
        """Returns mean and error, as far as the error tells."""
        return format(self, "")


@dataclass(frozen=True)
class Estimate(WithError):
    """A mean over independent samples.

    Attributes:
        mean: The mean.
        error: Its standard error; 0 where it is a sum over everything.

    Example:
        >>> energy = Estimate(-7.50213, 0.0012)
        >>> print(energy, energy / 4, f"{2 * energy:.2f}", sep=" | ")
        -7.502 +- 0.001 | -1.8755 +- 0.0003 | -15.00 +- 0.00
        >>> print(energy - Estimate(-7.5, 0.0016))
        -0.002 +- 0.002
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


@dataclass(frozen=True, eq=False)
class Estimates:
    """Means of several quantities, each with its error; one of them by its index.

    Attributes:
        mean: The means, an array.
        error: Their standard errors, of the same shape; 0 where they are sums over everything.

    Example:
        >>> profile = Estimates(np.array([0.5, -0.25]), np.array([0.02, 0.01]))
        >>> print(profile[1], np.round(profile, 1))
        -0.25 +- 0.01 [ 0.5 -0.2]
    """

    mean: Array
    error: Array

    @classmethod
    def of(cls, estimates: Iterable[WithError]) -> Self:
        """Returns several estimates as one, (n_estimates,)."""
        pairs = [(estimate.mean, estimate.error) for estimate in estimates]
        mean, error = np.array(pairs, np.float64).reshape(-1, 2).T
        return cls(mean, error)

    @classmethod
    def of_pairs(
        cls, n_sites: int, estimate: "Callable[[list[tuple[int, int]]], Estimates]"
    ) -> Self:
        """Returns a quantity of every two sites, 1 on the diagonal, (n_sites, n_sites).

        Args:
            n_sites: Number of sites.
            estimate: Returns it for pairs of sites, the smaller one first.
        """
        rows, columns = np.triu_indices(n_sites, 1)
        mean, error = np.eye(n_sites), np.zeros((n_sites, n_sites))
        if len(rows):
            of_pairs = estimate(list(zip(rows.tolist(), columns.tolist(), strict=True)))
            mean[rows, columns] = mean[columns, rows] = of_pairs.mean
            error[rows, columns] = error[columns, rows] = of_pairs.error
        return cls(mean, error)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the means."""
        return np.shape(self.mean)

    def reshape(self, *shape: int) -> "Estimates":
        """Returns the same in another shape."""
        return Estimates(self.mean.reshape(shape), self.error.reshape(shape))

    def __getitem__(self, place: Any) -> "Estimate | Estimates":
        """Returns the estimate at an index, or several of them."""
        mean, error = self.mean[place], self.error[place]
        if np.ndim(mean):
            return Estimates(mean, error)
        return Estimate(float(mean), float(error))

    def __len__(self) -> int:
        """Returns the length of the first axis."""
        return len(self.mean)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Returns the means."""
        return np.array(self.mean, dtype, copy=copy)


def show_with_error(mean: float, error: float) -> str:
    """Returns a mean to the first digit of its error, "+-" and the error; without one, the mean.

    Example:
        >>> show_with_error(-7.50213, 0.0012), show_with_error(1234.5, 31.0)
        ('-7.502 +- 0.001', '1230 +- 30')
        >>> show_with_error(-0.75, 0.0), show_with_error(1e-9, 2e-12)
        ('-0.75', '1.000e-09 +- 2e-12')
    """
    if not math.isfinite(error) or not error:
        return f"{mean:.9g}" if not error else f"{mean:.9g} +- {error}"
    place = math.floor(math.log10(float(f"{error:.0e}")))
    largest = max(abs(mean), error)
    if largest < 1e-4:
        digits = max(0, math.floor(math.log10(largest)) - place)
        return f"{mean:.{digits}e} +- {error:.0e}"
    shown = round(mean, -place), round(error, -place)
    decimals = max(0, -place)
    return f"{shown[0]:.{decimals}f} +- {shown[1]:.{decimals}f}"


def _as_estimate(other: "WithError | float") -> "Estimate":
    return Estimate(*_parts(other))


def _parts(other: "WithError | float") -> tuple[float, float]:
    if isinstance(other, WithError):
        return other.mean, other.error
    if not isinstance(other, Real) or isinstance(other, bool):
        raise TypeError(f"An estimate takes a number or an estimate, but got {other!r}.")
    return float(other), 0.0
