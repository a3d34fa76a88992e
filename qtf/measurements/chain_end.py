"""The end of a fit by patches: squared scores of shots, goodness, and score tests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qtf.measurements.chain_objective import Map, slope_of_predicted
from qtf.measurements.experiments import Setting
from qtf.measurements.goodness import Goodness, Sums, sum_up
from qtf.measurements.likelihood import Slope, log_probabilities
from qtf.measurements.model import Predicted
from qtf.measurements.patches import ChainShots, Patch
from qtf.physics._threads import one_thread

# Bit strings whose scores are squared; more would say the same. And the bytes of all scores.
MOST_STRINGS = 100_000
SCORES_BYTES = 1 << 28


@dataclass(frozen=True)
class ChainEnd:
    """What the data say at the end of a fit.

    Attributes:
        slope: Score and information of all windows, in the parameters that derivatives are taken
            in; its spread is that of shots, all windows of each together.
        goodness: How well windows that cover the chain are explained.
    """

    slope: Slope
    goodness: Goodness


def end_of_chain(
    patches: Sequence[Patch],
    shots: ChainShots,
    parameters: np.ndarray,
    free: Sequence[int],
    covariance: np.ndarray,
    mapping: Map,
) -> ChainEnd:
    """Returns what the data say of some parameters.

    Args:
        patches: The patches.
        shots: The data.
        parameters: All parameters of the chain, (size,).
        free: Places of those that derivatives are taken in, which are those of the patches.
        covariance: Covariance of these, as if windows were independent; 0 for what is not fitted.
        mapping: Applies a function to patches.
    """
    order = {k: place for place, k in enumerate(free)}
    places = [[order[k] for k in patch.places] for patch in patches]
    most = max(1, min(MOST_STRINGS, SCORES_BYTES // (4 * max(1, len(free)))))
    strings = np.arange(0, len(shots.counts), -(-len(shots.counts) // most))
    covariances = [covariance[np.ix_(some, some)] for some in places]
    several = [parameters] * len(patches), covariances, [strings] * len(patches)
    total = Slope.zero(len(free))
    scores = np.zeros((len(strings), len(free)), np.float32)
    sums = []
    for some, (slope, of_strings, of_patch) in zip(
        places, mapping(_end_of_patch, patches, *several), strict=True
    ):
        total = total + slope.at(some, len(free))
        scores[:, some] += of_strings
        sums.append(of_patch)
    counts = shots.counts
    weights = counts[strings] * (counts.sum() / counts[strings].sum())
    spread = (scores * weights[:, None].astype(np.float32)).T @ scores
    slope = Slope(total.value, total.score, total.information, spread.astype(np.float64))
    return ChainEnd(slope, _total(shots.experiments.n_sites, patches, sums))


@dataclass(frozen=True)
class _Replay:
    """Probabilities that are known already, in place of a model."""

    pieces: Sequence[Predicted]

    def predict(
        self, parameters: np.ndarray, settings: Sequence[Setting], free: Sequence[int] | None = None
    ) -> Iterator[Predicted]:
        """Yields them."""
        yield from self.pieces


def _end_of_patch(
    patch: Patch, parameters: np.ndarray, covariance: np.ndarray, strings: np.ndarray
) -> tuple[Slope, np.ndarray, Sums]:
    """Returns the slope, scores of some bit strings, float32 (R, K), and sums of the goodness."""
    with one_thread(1):
        predicted = patch.predict(parameters)
        slope = slope_of_predicted(patch, predicted)
    _, ratios = log_probabilities(predicted, patch.n_given)
    # Where probabilities are those of a wider part their mean is not 0 by itself.
    ratios -= (ratios * predicted[:, :1]).sum(2, keepdims=True)
    rows, states = patch.groups[strings].T
    scores = ratios[rows, :, states].astype(np.float32)
    replay = _Replay([Predicted(np.arange(len(predicted)), predicted)])
    size = len(patch.places)
    return slope, scores, sum_up(replay, patch.shots, np.zeros(size), range(size), covariance)


def _total(n_sites: int, patches: Sequence[Patch], sums: Sequence[Sums]) -> Goodness:
    """Returns the goodness of windows that cover the chain, as few of them as there can be."""
    total, reached = Sums(), 0
    squares: dict[float, np.ndarray] = {}
    for k, (patch, one) in enumerate(zip(patches, sums, strict=True)):
        if k + 1 < len(patches) and patches[k + 1].window.start <= reached:
            continue
        total.chi_squared += one.chi_squared
        total.mean += one.mean
        total.variance += one.variance
        total.fitted += one.fitted
        for moment, values in one.residuals().items():
            squares.setdefault(moment, np.ones(n_sites))[list(patch.window)] = values
        reached = patch.window.stop
    return total.goodness({moment: squares[moment].tolist() for moment in sorted(squares)})
