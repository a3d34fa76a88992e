"""Which chain length each step of a mixed stream has, known for any step at once."""

from collections.abc import Sequence

import numpy as np

from qtf.checks import COUNT_OR_0, check_arguments

# Constants of the mixing function SplitMix64, a bijection of 64-bit integers.
_INCREMENT = 0x9E3779B97F4A7C15
_MULTIPLIERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_SHIFTS = (30, 27, 31)
_WORD = (1 << 64) - 1


class Mixture:
    """Draws a chain length for every step, each from `(seed, step)` alone.

    Args:
        n_sites: Different chain lengths.
        weights: How often each is drawn, in any unit; by default equally often.
        seed: Non-negative integer.

    Raises:
        ValueError: The weights are not one positive number for each chain length, a
            chain length stands twice, or the seed is negative.

    Example:
        >>> mixture = Mixture((2, 3), seed=0)
        >>> mixture.n_sites_at(np.arange(1000, 1004)).tolist()
        [3, 3, 2, 3]
    """

    def __init__(
        self, n_sites: Sequence[int], *, weights: Sequence[float] | None = None, seed: int = 0
    ) -> None:
        self.n_sites = _checked_n_sites(n_sites)
        self.weights = _checked_weights(weights, len(self.n_sites))
        check_arguments(COUNT_OR_0, seed=seed)
        self.seed = seed

    def indices_at(self, steps: np.ndarray) -> np.ndarray:
        """Returns which entry of `n_sites` each step has.

        Args:
            steps: Non-negative integers of any shape.

        Returns:
            int64 array of the same shape.
        """
        # Sums and products of 64-bit words wrap around on purpose.
        with np.errstate(over="ignore"):
            words = _mix(np.asarray(steps, np.uint64) + np.uint64(_mix_int(self.seed)))
        uniforms = (words >> np.uint64(11)).astype(np.float64) / 2.0**53
        bounds = np.cumsum(self.weights)[:-1]
        return np.searchsorted(bounds, uniforms, side="right").astype(np.int64)

    def n_sites_at(self, steps: np.ndarray) -> np.ndarray:
        """Returns the chain length of each step.

        Args:
            steps: Non-negative integers of any shape.

        Returns:
            int64 array of the same shape.
        """
        return np.asarray(self.n_sites, np.int64)[self.indices_at(steps)]

    def counts_before(self, step: int) -> np.ndarray:
        """Returns how many of the steps before `step` have each chain length.

        Args:
            step: Non-negative integer.

        Returns:
            int64 array (len(n_sites),), its sum is `step`.

        Example:
            >>> Mixture((2, 3), seed=0).counts_before(1000).sum()
            np.int64(1000)
        """
        counts = np.zeros(len(self.n_sites), np.int64)
        for first in range(0, step, 1 << 20):
            steps = np.arange(first, min(step, first + (1 << 20)))
            counts += np.bincount(self.indices_at(steps), minlength=len(counts))
        return counts


def mixed_seed(*numbers: int) -> int:
    """Returns a non-negative int64 that depends on all the numbers and their order.

    Args:
        *numbers: Non-negative integers.

    Example:
        >>> mixed_seed(1, 2) == mixed_seed(2, 1)
        False
    """
    word = 0
    for number in numbers:
        word = _mix_int(word ^ _mix_int(number))
    return word >> 1


def _mix_int(number: int) -> int:
    word = (number + _INCREMENT) & _WORD
    for shift, multiplier in zip(_SHIFTS, (*_MULTIPLIERS, 1), strict=True):
        word = ((word ^ (word >> shift)) * multiplier) & _WORD
    return word


def _mix(words: np.ndarray) -> np.ndarray:
    words = words + np.uint64(_INCREMENT)
    for shift, multiplier in zip(_SHIFTS, (*_MULTIPLIERS, 1), strict=True):
        words = (words ^ (words >> np.uint64(shift))) * np.uint64(multiplier)
    return words


def _checked_n_sites(n_sites: Sequence[int]) -> tuple[int, ...]:
    checked = tuple(n_sites)
    if not checked or len(set(checked)) < len(checked):
        raise ValueError(f"Argument `n_sites` must hold different chain lengths, but is {checked}.")
    return checked


def _checked_weights(weights: Sequence[float] | None, n_lengths: int) -> np.ndarray:
    values = np.ones(n_lengths) if weights is None else np.asarray(weights, np.float64)
    if values.shape != (n_lengths,) or not np.all((values > 0) & np.isfinite(values)):
        raise ValueError(
            f"Argument `weights` must be {n_lengths} positive numbers, one for each chain"
            f" length, but is {weights}."
        )
    return values / values.sum()
