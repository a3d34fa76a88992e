"""What the Krylov and the Chebyshev steps share."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from qtf.physics.operators import PauliSum


class HermitianProduct(Protocol):
    """Function of complex vectors or columns, (dimension, ...), that applies an operator."""

    dimension: int

    def __call__(self, psi: np.ndarray) -> np.ndarray:
        """Returns the operator times psi."""

    def spectral_interval(self) -> tuple[float, float]:
        """Returns the centre and half width of an interval that holds all eigenvalues."""


class SparseProduct:
    """Function of complex vectors or columns, (dimension, ...), that applies H to them.

    A real H is never converted to a complex one: the vectors are seen as pairs of real
    ones, which takes half the time and memory.
    """

    def __init__(self, hamiltonian: PauliSum) -> None:
        self.matrix = hamiltonian.to_sparse()
        self.dimension = hamiltonian.dimension

    def __call__(self, psi: np.ndarray) -> np.ndarray:
        """Returns H psi."""
        if np.iscomplexobj(self.matrix):
            return self.matrix @ psi
        pairs = np.ascontiguousarray(psi).view(np.float64).reshape(len(psi), -1)
        return (self.matrix @ pairs).view(np.complex128).reshape(psi.shape)

    @cached_property
    def interval(self) -> tuple[float, float]:
        """What `spectral_interval` returns, computed once."""
        return self.spectral_interval()

    def spectral_interval(self) -> tuple[float, float]:
        """Returns the centre and half width of an interval that holds all eigenvalues.

        By Gershgorin's circles, so it is wider than the spectrum but always valid.
        """
        diagonal = self.matrix.diagonal().real
        radii = np.asarray(abs(self.matrix).sum(axis=1)).reshape(-1) - np.abs(diagonal)
        low, high = (diagonal - radii).min(), (diagonal + radii).max()
        return float(high + low) / 2, float(high - low) / 2


class WeightedProduct:
    """Function of complex vectors or columns, (dimension, ...), that applies sum_k c_k H_k.

    Args:
        products: Those of the H_k, at least one.
        weights: c_k, real.
    """

    def __init__(self, products: Sequence[SparseProduct], weights: np.ndarray) -> None:
        pairs = list(zip(weights.tolist(), products, strict=True))
        self._pairs = [pair for pair in pairs if pair[0]] or pairs[:1]
        self.dimension = products[0].dimension

    def __call__(self, psi: np.ndarray) -> np.ndarray:
        """Returns sum_k c_k H_k psi."""
        (weight, product), *rest = self._pairs
        image = product(psi)
        image *= weight
        for weight, product in rest:
            image += weight * product(psi)
        return image

    def spectral_interval(self) -> tuple[float, float]:
        """Returns an interval that holds the sum of any eigenvalues, hence those of the sum."""
        intervals = [(weight, *product.interval) for weight, product in self._pairs]
        center = sum(weight * middle for weight, middle, _ in intervals)
        return center, sum(abs(weight) * half_width for weight, _, half_width in intervals)


def order_by_distance(times: np.ndarray, sign: int) -> np.ndarray:
    """Returns where times of one sign stand, by growing distance from 0 (0 is positive)."""
    order = np.argsort(np.abs(times), kind="stable")
    return order[(times[order] >= 0) == (sign > 0)]


def pieces_between(
    times: np.ndarray, breaks: Sequence[float]
) -> Iterator[tuple[float, float, slice]]:
    """Yields the pieces from 0 to the last time that breaks cut, and the times within each.

    Args:
        times: Times of one sign, ordered outwards from 0.
        breaks: Ascending times.

    Yields:
        Start and end of each piece, outwards from 0, and which times lie in it; one at a break
        belongs to the piece that ends there.
    """
    last = float(times[-1])
    sign = -1.0 if last < 0 else 1.0
    cuts = sorted(abs(moment) for moment in breaks if 0 < sign * moment < sign * last)
    start, done = 0.0, 0
    for distance in (*cuts, abs(last)):
        served = int(np.searchsorted(np.abs(times), distance, side="right"))
        yield start, sign * distance, slice(done, served)
        start, done = sign * distance, served


def krylov_dimension(phase: float, largest: int) -> int:
    """Returns how many vectors, up to the largest number, follow exp(A) v to rounding.

    Args:
        phase: Bound of the largest eigenvalue of A.
        largest: Most vectors.
    """
    term, size = 1.0, 1
    while term > np.finfo(float).eps and size < largest:
        term, size = term * phase / size, size + 1
    return max(2, size)
