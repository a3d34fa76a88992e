"""Fisher scoring: Newton steps with expected second derivatives, damped and within bounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qtf.measurements.likelihood import Objective, Slope

FIRST_DAMPING = 1e-3
LARGEST_DAMPING = 1e9
# Relative to the largest, of an information whose diagonal is 1.
UNDETERMINED = 1e-9
# Of an information that is 0 but for rounding, relative to the largest.
ROUNDING = 1e-14


@dataclass(frozen=True)
class WithPriors:
    """An objective and Gaussian priors, each of which counts as one measurement of its parameter.

    Args:
        objective: The objective.
        priors: Place of a parameter -> mean and standard deviation.
    """

    objective: Objective
    priors: Mapping[int, tuple[float, float]]

    def __call__(self, parameters: np.ndarray, free: Sequence[int]) -> Slope:
        """Returns the slope, that of the logarithm of the priors included."""
        slope = self.objective(parameters, free)
        value, score = slope.value, slope.score.copy()
        information, spread = slope.information.copy(), slope.spread.copy()
        for place, k in enumerate(free):
            if k in self.priors:
                mean, deviation = self.priors[k]
                off = (parameters[k] - mean) / deviation
                value -= off**2 / 2
                score[place] -= off / deviation
                information[place, place] += deviation**-2
                spread[place, place] += deviation**-2
        return Slope(value, score, information, spread)


@dataclass(frozen=True)
class Climb:
    """Where a climb has ended.

    Attributes:
        parameters: All of them, (size,).
        slope: Slope there, in the free ones.
        converged: Whether the next step would gain less than was asked for.
    """

    parameters: np.ndarray
    slope: Slope
    converged: bool


def climb(
    objective: Objective,
    start: np.ndarray,
    free: Sequence[int],
    bounds: tuple[np.ndarray, np.ndarray],
    *,
    gain: float,
    largest: float = np.inf,
    max_steps: int = 40,
) -> Climb:
    """Maximises an objective by damped Fisher scoring.

    Args:
        objective: What is maximised.
        start: All parameters, (size,).
        free: Places of those that may move.
        bounds: Smallest and largest values, each (size,).
        gain: The climb ends when a step is expected to gain less, in units of log L: 0.5 is one
            standard error.
        largest: Largest change of a parameter in one step.
        max_steps: Largest number of steps that are tried.
    """
    places = np.array(free, int)
    least, most = bounds[0][places], bounds[1][places]
    parameters, damping = np.array(start, np.float64), FIRST_DAMPING
    slope = objective(parameters, free)
    for _ in range(max_steps):
        here = parameters[places]
        held = held_by_bounds(here, slope.score, least, most)
        if _expected_gain(slope, ~held) < gain:
            return Climb(parameters, slope, True)
        trial = parameters.copy()
        trial[places] = np.clip(here + _step(slope, ~held, damping, largest), least, most)
        tried = objective(trial, free)
        if tried.value > slope.value:
            parameters, slope, damping = trial, tried, damping / 10
        else:
            damping *= 10
            if damping > LARGEST_DAMPING:
                break
    return Climb(parameters, slope, False)


def held_by_bounds(
    values: np.ndarray, score: np.ndarray, least: np.ndarray, most: np.ndarray
) -> np.ndarray:
    """Returns which parameters stand at a bound that the score pushes them against, (K,)."""
    return ((values <= least) & (score < 0)) | ((values >= most) & (score > 0))


def invert(information: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the inverse within what the data determine, and which parameters these are.

    Args:
        information: Fisher information, (K, K).

    Returns:
        The pseudo-inverse (K, K), and bool (K,): whether a parameter has no part in what is not
        determined.

    Example:
        >>> covariance, determined = invert(np.diag([4.0, 0.0]))
        >>> covariance.tolist(), determined.tolist()
        ([[0.25, 0.0], [0.0, 0.0]], [True, False])
    """
    scale = _scale(information) ** -0.5
    values, vectors = np.linalg.eigh(information * np.outer(scale, scale))
    kept = values > UNDETERMINED * max(values.max(initial=0.0), 1e-300)
    part = vectors[:, kept] / np.sqrt(values[kept])
    inverse = part @ part.T * np.outer(scale, scale)
    return inverse, (vectors[:, ~kept] ** 2).sum(axis=1) < 1e-6


def _expected_gain(slope: Slope, moving: np.ndarray) -> float:
    inverse, _ = invert(slope.information[np.ix_(moving, moving)])
    return float(slope.score[moving] @ inverse @ slope.score[moving]) / 2


def _step(slope: Slope, moving: np.ndarray, damping: float, largest: float) -> np.ndarray:
    step = np.zeros(len(moving))
    information = slope.information[np.ix_(moving, moving)]
    # What the data say nothing of stays where it is.
    damped = information + np.diag(damping * _scale(information))
    step[moving] = np.linalg.solve(damped, slope.score[moving])
    return step * min(1.0, largest / max(np.abs(step).max(initial=0.0), largest))


def _scale(information: np.ndarray) -> np.ndarray:
    """Returns the diagonal, with the largest of it where there is rounding only."""
    diagonal = np.diag(information)
    largest = diagonal.max(initial=0.0) or 1.0
    return np.where(diagonal > ROUNDING * largest, diagonal, largest)
