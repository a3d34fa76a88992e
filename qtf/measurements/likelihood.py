"""Likelihood of counts with score and Fisher information, and least squares of marginals before it.

log L = sum over settings and bit strings of count log p(bits | parameters)
score = sum count dp / p        information = sum shots dp dp^T / p

The likelihood of the last bits, where the first are given, has p / q and dp / p - dq / q in place
of p and dp / p, with q = p summed over the last bits.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from qtf.measurements.experiments import Setting
from qtf.measurements.model import Predicted
from qtf.physics._threads import one_thread
from qtf.physics.basis import all_spins

# A string that was read although its probability is 0 makes the likelihood small, not 0.
SMALLEST_PROBABILITY = 1e-12


@dataclass(frozen=True)
class Slope:
    """A function to be maximised, at one point.

    Attributes:
        value: Its value.
        score: Derivatives in the free parameters, (K,).
        information: Expected second derivatives, with the opposite sign, (K, K).
        spread: Sum over shots of (dp / p) (dp / p)^T, the middle of the sandwich, (K, K).
    """

    value: float
    score: np.ndarray
    information: np.ndarray
    spread: np.ndarray

    @classmethod
    def zero(cls, size: int) -> "Slope":
        """Returns that of nothing, in some parameters."""
        return cls(0.0, np.zeros(size), np.zeros((size, size)), np.zeros((size, size)))

    def at(self, places: Sequence[int], size: int) -> "Slope":
        """Returns the slope in more parameters, of which these are at some places."""
        larger = Slope.zero(size)
        larger.score[places] = self.score
        larger.information[np.ix_(places, places)] = self.information
        larger.spread[np.ix_(places, places)] = self.spread
        return replace(larger, value=self.value)

    def __add__(self, other: "Slope") -> "Slope":
        """Returns the slope of the sum of two functions."""
        return Slope(
            self.value + other.value,
            self.score + other.score,
            self.information + other.information,
            self.spread + other.spread,
        )


class Objective(Protocol):
    """What a fit maximises."""

    def __call__(self, parameters: np.ndarray, free: Sequence[int]) -> Slope:
        """Returns the slope in the free parameters."""


class Counted(Protocol):
    """Settings and how often each state came out: `Experiments`, or a window of them."""

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The settings."""

    @property
    def outcomes(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """For each setting numbers of states, and their counts."""

    @property
    def n_sites(self) -> int:
        """Number of bits."""


class Predictor(Protocol):
    """What gives probabilities of bit strings: `ShotModel`, or the patch of a window."""

    def predict(
        self, parameters: np.ndarray, settings: Sequence[Setting], free: Sequence[int] | None = None
    ) -> Iterator[Predicted]:
        """Yields probabilities and derivatives, see `ShotModel.predict`."""


def counts_of(experiments: Counted, rows: np.ndarray) -> np.ndarray:
    """Returns the counts of all bit strings of some settings, float64 (S, 2**n)."""
    counts = np.zeros((len(rows), 2**experiments.n_sites))
    for place, row in enumerate(rows):
        states, numbers = experiments.outcomes[row]
        counts[place, states] = numbers
    return counts


def shots_of(experiments: Counted, rows: np.ndarray) -> np.ndarray:
    """Returns the shots of some settings, float64 (S,)."""
    return np.array([experiments.settings[row].shots for row in rows], np.float64)


@dataclass(frozen=True)
class Likelihood:
    """The logarithm of the likelihood of all counts.

    Args:
        model: What explains them.
        experiments: The counts.
        n_given: Number of first bits that are given: it is the likelihood of the others then.
    """

    model: Predictor
    experiments: Counted
    n_given: int = 0

    def __call__(self, parameters: np.ndarray, free: Sequence[int]) -> Slope:
        """Returns log L, score and Fisher information."""
        total = Slope.zero(len(free))
        with one_thread(1):
            for piece in self.model.predict(parameters, self.experiments.settings, free):
                counts = counts_of(self.experiments, piece.rows)
                shots = shots_of(self.experiments, piece.rows)
                total = total + slope_of_counts(piece.values, counts, shots, self.n_given)
        return total


def slope_of_counts(
    values: np.ndarray, counts: np.ndarray, shots: np.ndarray, n_given: int = 0
) -> Slope:
    """Returns log L, score and Fisher information of some settings.

    Args:
        values: Probabilities of all bit strings and their derivatives, (S, 1 + K, 2**n).
        counts: How often each came out, (S, 2**n).
        shots: Their sums, (S,).
        n_given: Number of first bits that are given.
    """
    logs, ratios = log_probabilities(values, n_given)
    of_shots = ratios * np.sqrt(counts)[:, None]
    scaled = ratios * np.sqrt(shots[:, None] * _floored(values[:, 0]))[:, None]
    return Slope(
        float((counts * logs).sum()),
        (of_shots @ np.sqrt(counts)[..., None])[..., 0].sum(0),
        (scaled @ scaled.swapaxes(1, 2)).sum(0),
        (of_shots @ of_shots.swapaxes(1, 2)).sum(0),
    )


def log_probabilities(values: np.ndarray, n_given: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Returns logarithms of probabilities, and their derivatives.

    Args:
        values: Probabilities of all bit strings and their derivatives, (S, 1 + K, 2**n).
        n_given: Number of first bits that are given: probabilities of the others then.

    Returns:
        log p (S, 2**n) and dp / p (S, K, 2**n).

    Example:
        >>> values = np.array([[[0.1, 0.3, 0.2, 0.4], [0.1, 0.1, -0.1, -0.1]]])
        >>> logs, ratios = log_probabilities(values, n_given=1)
        >>> np.exp(logs).round(3).tolist(), ratios.round(2).tolist()
        ([[0.25, 0.75, 0.333, 0.667]], [[[0.5, -0.17, -0.17, 0.08]]])
    """
    probabilities = _floored(values[:, 0])
    logs, ratios = np.log(probabilities), values[:, 1:] / probabilities[:, None]
    if n_given:
        n_settings, n_both, _ = values.shape
        first = values.reshape(n_settings, n_both, 2**n_given, -1).sum(-1)
        n_last = values.shape[-1] // first.shape[-1]
        given = _floored(first[:, 0])
        logs -= np.repeat(np.log(given), n_last, axis=1)
        ratios -= np.repeat(first[:, 1:] / given[:, None], n_last, axis=2)
    return logs, ratios


@dataclass(frozen=True)
class MarginalFit:
    """Least squares of the means of one and two spins, which tolerates starts that are far off.

    Where a model calls impossible what was read the likelihood has no slope; means have.

    Args:
        model: What explains the means.
        experiments: The counts.
    """

    model: Predictor
    experiments: Counted

    def __call__(self, parameters: np.ndarray, free: Sequence[int]) -> Slope:
        """Returns minus half the weighted sum of squares, and its slope."""
        features = marginal_features(self.experiments.n_sites)
        value, score = 0.0, np.zeros(len(free))
        information = np.zeros((len(free), len(free)))
        with one_thread(1):
            for piece in self.model.predict(parameters, self.experiments.settings, free):
                shots = shots_of(self.experiments, piece.rows)[:, None]
                observed = counts_of(self.experiments, piece.rows) @ features / shots
                means = piece.values @ features
                off = observed - means[:, 0]
                # Two shots more, one of each result: no mean is certain.
                weights = shots / (1 - (observed * shots / (shots + 2)) ** 2)
                value -= float((weights * off**2).sum()) / 2
                slopes = means[:, 1:]
                score += np.einsum("sf,skf->k", weights * off, slopes)
                scaled = slopes * np.sqrt(weights)[:, None]
                information += (scaled @ scaled.swapaxes(1, 2)).sum(0)
        return Slope(value, score, information, information)


def marginal_features(n_sites: int, *, only_neighbours: bool = False) -> np.ndarray:
    """Returns the spins of all states and the products of two of them.

    Args:
        n_sites: Number of spins.
        only_neighbours: Whether only products of neighbours are among them.

    Returns:
        float64 (2**n_sites, n_features).
    """
    spins = all_spins(n_sites).astype(np.float64)
    pairs = itertools.combinations(range(n_sites), 2)
    products = [spins[:, i] * spins[:, j] for i, j in pairs if not only_neighbours or j == i + 1]
    return np.column_stack([spins, *products])


def _floored(probabilities: np.ndarray) -> np.ndarray:
    return np.maximum(probabilities, SMALLEST_PROBABILITY)
