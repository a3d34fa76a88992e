"""Whether a model explains the shots: Pearson's chi squared of marginals, and residuals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import gammaincc

from qtf.measurements.likelihood import (
    Counted,
    Predictor,
    counts_of,
    marginal_features,
    shots_of,
)
from qtf.measurements.model import Predicted
from qtf.physics._threads import one_thread

# Variance of a sum over shots below which no shot in it is expected to differ.
SMALLEST_VARIANCE = 1.0


@dataclass(frozen=True)
class Goodness:
    """How well marginals are explained.

    The marginals are means of each spin and of the products of neighbours. Their sum of squares, in
    units of the covariance that the model tells, has a known mean and variance also for few shots;
    what the fit takes off is subtracted from the degrees of freedom.

    Attributes:
        chi_squared: The sum of squares.
        degrees_of_freedom: Its mean if the model is right.
        p_value: Probability of a larger one.
        residuals: Time -> for each site the mean square of its residuals, 1 if the model is right.
    """

    chi_squared: float
    degrees_of_freedom: float
    p_value: float
    residuals: dict[float, list[float]]


@dataclass
class Sums:
    """What the goodness is made from; sums of several windows are added.

    Attributes:
        chi_squared: Sum of squares.
        mean: Its mean if the model is right.
        variance: Its variance then.
        information: What parameters change of the marginals, (K, K).
        fitted: What the fit takes off the mean.
        squares: Time -> squares of residuals of each site, one array for each setting.
    """

    chi_squared: float = 0.0
    mean: float = 0.0
    variance: float = 0.0
    information: np.ndarray | float = 0.0
    fitted: float = 0.0
    squares: dict[float, list[np.ndarray]] = field(default_factory=dict)

    def goodness(self, residuals: dict[float, list[float]]) -> Goodness:
        """Returns what they say, with these residuals."""
        freedom = self.mean - self.fitted
        # A gamma distribution of this mean and variance; chi squared is the one of variance 2 mean.
        scale = self.variance / max(self.mean, 1.0)
        p_value = (
            float(gammaincc(max(freedom, 1e-9) / scale, self.chi_squared / scale)) if scale else 1.0
        )
        return Goodness(self.chi_squared, freedom, p_value, residuals)

    def residuals(self) -> dict[float, list[float]]:
        """Returns time -> mean square of the residuals of each site."""
        return {time: np.mean(self.squares[time], axis=0).tolist() for time in sorted(self.squares)}


def judge(
    model: Predictor,
    experiments: Counted,
    parameters: np.ndarray,
    free: Sequence[int],
    covariance: np.ndarray,
) -> Goodness:
    """Returns how well a fit explains its data.

    Args:
        model: The model.
        experiments: The data.
        parameters: All parameters, (size,).
        free: Places of those that were fitted.
        covariance: Covariance of these.
    """
    sums = sum_up(model, experiments, parameters, free, covariance)
    return sums.goodness(sums.residuals())


def sum_up(
    model: Predictor,
    experiments: Counted,
    parameters: np.ndarray,
    free: Sequence[int],
    covariance: np.ndarray,
) -> Sums:
    """Returns the sums of `judge`, whose arguments these are."""
    sums = Sums()
    with one_thread(1):
        for piece in model.predict(parameters, experiments.settings, free):
            marginals = _Marginals.of(piece, experiments)
            marginals.add_to(sums)
            for row, residual in zip(piece.rows, marginals.site_squares(), strict=True):
                sums.squares.setdefault(experiments.settings[row].time, []).append(residual)
    sums.fitted = float(np.sum(covariance * sums.information))
    return sums


@dataclass(frozen=True)
class _Marginals:
    """Marginals of some settings."""

    shots: np.ndarray
    off: np.ndarray
    slopes: np.ndarray
    covariance: np.ndarray
    probabilities: np.ndarray
    centred: np.ndarray

    @classmethod
    def of(cls, piece: Predicted, experiments: Counted) -> "_Marginals":
        features = marginal_features(experiments.n_sites, only_neighbours=True)
        shots = shots_of(experiments, piece.rows)
        means = piece.values @ features
        observed = counts_of(experiments, piece.rows) @ features / shots[:, None]
        centred = features - means[:, :1]
        probabilities = np.maximum(piece.values[:, 0], 0.0)
        covariance = (centred * probabilities[..., None]).swapaxes(1, 2) @ centred
        off = observed - means[:, 0]
        return cls(shots, off, means[:, 1:], covariance, probabilities, centred)

    def add_to(self, sums: Sums) -> None:
        """Adds the squares, their mean and variance, and what parameters change of them."""
        values, vectors = np.linalg.eigh(self.covariance)
        kept = values * self.shots[:, None] >= SMALLEST_VARIANCE
        whitening = vectors * np.where(kept, np.maximum(values, 1e-300) ** -0.5, 0.0)[:, None]
        white = (self.off[:, None] @ whitening)[:, 0] * np.sqrt(self.shots)[:, None]
        slopes = self.slopes @ whitening * np.sqrt(self.shots)[:, None, None]
        lengths = ((self.centred @ whitening) ** 2).sum(-1)
        count = kept.sum(1)
        fourth = (self.probabilities * lengths**2).sum(-1)
        sums.chi_squared += float((white**2).sum())
        sums.mean += float(count.sum())
        sums.variance += float((2 * count + (fourth - count**2 - 2 * count) / self.shots).sum())
        sums.information = sums.information + (slopes @ slopes.swapaxes(1, 2)).sum(0)

    def site_squares(self) -> Iterator[np.ndarray]:
        """Yields the squares of the residuals of each site, in units of their variance."""
        n_sites = (self.off.shape[1] + 1) // 2
        variance = np.diagonal(self.covariance, axis1=1, axis2=2)[:, :n_sites] / self.shots[:, None]
        yield from self.off[:, :n_sites] ** 2 / np.maximum(variance, self.shots[:, None] ** -2.0)
