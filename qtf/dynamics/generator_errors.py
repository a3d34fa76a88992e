"""Error bars of a fit, from the spread between its trajectories.

Pairs of one trajectory share noise, so that the sandwich formula has one cluster for each
trajectory m. With the scores s_m, the curvatures K_m and K = sum_m K_m,

    covariance = K^-1 (sum_m s_m s_m^T) K^-1

Few trajectories have pulled the minimum towards themselves, each by its leverage
A_m = K^-1/2 K_m K^-1/2, which makes their scores too small. They are corrected to

    K^1/2 (1 - A_m)^-1/2 K^-1/2 s_m

which is exact on average for noise that is the same everywhere. Such an estimate scatters like
one of few degrees of freedom, which follow from the leverages, too. Error bars are widened by
Student's t, so that the truth lies within 1.96 of them in 95 % of all fits.

Source: Bell and McCaffrey, Survey Methodology 28, 169 (2002).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import norm, t

from qtf.dynamics.generator_loss import GeneratorLoss

# Eigenvalues of the scaled curvature below this belong to directions nobody can see.
RANK_TOLERANCE = 1e-10
# Roundings of a state that an error bar has to hold at least.
ROUNDINGS = 4
# A direction is seen by one trajectory alone if less than this is left to the others.
ALONE = 1e-6
# Of a two-sided interval with 95 %.
TAIL = 0.025


@dataclass(frozen=True)
class Errors:
    """What is known about fitted coefficients.

    Attributes:
        covariance: Of the coefficients, (size, size); 1.96 roots of its diagonal are 95 %.
        curvature: Expected second derivatives of the sum of squares, (size, size).
        determined: Whether the data tell each coefficient and its error, (size,).
        degrees_of_freedom: Of each error bar, (size,).
        gain: How much smaller the sum of squares is expected to be at the fitted
            coefficients than at the true ones.
    """

    covariance: np.ndarray
    curvature: np.ndarray
    determined: np.ndarray
    degrees_of_freedom: np.ndarray
    gain: float


class _Sums(NamedTuple):
    """Sums over trajectories; for each coefficient the variance of its variance.

    The variance of coefficient k is estimated by a sum of squares z_m^2 with the covariance
    diag(d_m) - P P^T, P of the rows p_m.
    """

    spread: np.ndarray
    diagonal: np.ndarray
    squared_diagonal: np.ndarray
    lengths: np.ndarray
    mixed: np.ndarray
    gram: np.ndarray
    alone: np.ndarray


def estimate_errors(loss: GeneratorLoss, coefficients: np.ndarray, tau: float) -> Errors:
    """Estimates the covariance of coefficients at the minimum of a loss.

    Args:
        loss: Of the trajectories.
        coefficients: At its minimum, (size,).
        tau: Time between the states of a pair.

    Returns:
        Covariance, degrees of freedom, and which coefficients are determined.
    """
    curvature = loss.curvature(coefficients)
    whitener, determined = whiten(curvature)
    chunks = loss.scores_and_curvatures(coefficients)
    parts = [_sum_up(whitener, *chunk) for chunk in chunks]
    sums = _Sums(*(np.sum(values, axis=0) for values in zip(*parts, strict=True)))
    squared = np.square(whitener).sum(axis=0)
    determined = determined & (sums.alone <= ALONE * squared)
    freedom = np.where(determined, _degrees_of_freedom(sums), 1.0)
    factors = t.isf(TAIL, freedom) / norm.isf(TAIL)
    covariance = whitener.T @ sums.spread @ whitener * np.outer(factors, factors)
    rounding = ROUNDINGS * np.finfo(np.float64).eps / tau
    return Errors(
        covariance=covariance + rounding**2 * np.eye(len(covariance)),
        curvature=curvature,
        determined=determined,
        degrees_of_freedom=freedom,
        gain=float(np.trace(sums.spread)) / 2,
    )


def whiten(curvature: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Finds the directions that the data see, and tells which coefficients lie there.

    One n alone, for example, cannot tell the two shifts apart.

    Args:
        curvature: K, symmetric, (size, size).

    Returns:
        R with R K R^T = 1, (rank, size), and which coefficients have no part in unseen
        directions, (size,).
    """
    scale = np.sqrt(np.diag(curvature).clip(min=0))
    scale[scale == 0] = 1.0
    values, vectors = np.linalg.eigh(curvature / np.outer(scale, scale))
    seen = values > max(RANK_TOLERANCE * values[-1], 0.0)
    unseen = np.square(vectors[:, ~seen]).sum(axis=1)
    return (vectors[:, seen] / np.sqrt(values[seen])).T / scale, unseen < 1e-6


def pseudo_inverse(curvature: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inverts in the directions that the data see, see `whiten`.

    Args:
        curvature: Symmetric, (size, size).

    Returns:
        The inverse, 0 in unseen directions, (size, size), and which coefficients have no
        part in these, (size,).
    """
    whitener, determined = whiten(curvature)
    return whitener.T @ whitener, determined


def student_limits(deviate: float, degrees_of_freedom: np.ndarray) -> np.ndarray:
    """Returns how many error bars are as improbable as `deviate` of a normal law.

    Args:
        deviate: Of a normal law, beyond 1.96.
        degrees_of_freedom: Of the error bars, (...).

    Returns:
        Limits (...), at least `deviate`.

    Example:
        >>> student_limits(4.5, np.array([10.0, 100.0, np.inf])).round(2)
        array([7.49, 4.69, 4.5 ])
    """
    factors = t.isf(TAIL, degrees_of_freedom) / norm.isf(TAIL)
    return t.isf(norm.sf(deviate), degrees_of_freedom) / factors


def _sum_up(whitener: np.ndarray, scores: np.ndarray, curvatures: np.ndarray) -> _Sums:
    """Returns the sums over the trajectories of one chunk."""
    leverages, vectors = np.linalg.eigh(whitener @ curvatures @ whitener.T)
    leverages = leverages.clip(0.0, 1.0)
    alone = 1 - leverages < ALONE
    roots = np.where(alone, 0.0, 1 / np.sqrt((1 - leverages).clip(min=ALONE)))
    adjoints = vectors.swapaxes(-1, -2)
    contrasts = adjoints @ whitener
    corrected = (vectors @ (roots[..., None] * (adjoints @ (scores @ whitener.T)[..., None])))[
        ..., 0
    ]
    weighted = (leverages * roots)[..., None] * contrasts
    diagonal = np.einsum("mik,mi,mik->mk", weighted, roots, contrasts)
    lengths = np.square(weighted).sum(axis=1)
    rows = np.moveaxis(vectors @ weighted, -1, 0)
    return _Sums(
        spread=corrected.T @ corrected,
        diagonal=diagonal.sum(axis=0),
        squared_diagonal=np.square(diagonal).sum(axis=0),
        lengths=lengths.sum(axis=0),
        mixed=(diagonal * lengths).sum(axis=0),
        gram=rows.swapaxes(-1, -2) @ rows,
        alone=np.where(alone[..., None], np.square(contrasts), 0.0).sum(axis=(0, 1)),
    )


def _degrees_of_freedom(sums: _Sums) -> np.ndarray:
    """Returns those of a chi-square law with the mean and variance of each variance."""
    mean = sums.diagonal - sums.lengths
    squares = sums.squared_diagonal - 2 * sums.mixed + np.square(sums.gram).sum(axis=(1, 2))
    return np.square(mean) / np.where(squares > 0, squares, 1.0).clip(min=np.finfo(float).tiny)
