"""Which settings to measure, and how often: error bars that are expected before any shot.

The Fisher information of an experiment is the sum over its settings of shots times the information
of one shot. Shots are shared out such that the mean square of the expected error bars is least,

    tr C (M_0 + n sum_i w_i I_i)^-1,        sum_i w_i = 1,

with C the parameters that are wanted and M_0 what was measured before. Each weight is multiplied by
the root of its slope, again and again; the sum of squares falls with each step (Yu, Ann. Statist.
38, 1593 (2010)).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from qtf.checks import ARGUMENT, COUNT, POSITIVE, Optional, check
from qtf.measurements.experiments import Setting
from qtf.measurements.likelihood import SMALLEST_PROBABILITY
from qtf.measurements.model import ShotModel
from qtf.measurements.scoring import invert
from qtf.measurements.simulation import check_parameters
from qtf.physics._threads import one_thread

# No other weights would lower the mean square by more than this share.
GAP = 1e-2
MAX_STEPS = 2000
# Of the largest: settings of smaller weights are not worth their preparation.
SMALLEST_WEIGHT = 1e-2
# Relative, of numbers of shots for a target.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Plan:
    """Settings and shots, and what they are expected to tell.

    Attributes:
        names: Names of the parameters.
        settings: Settings with their shots.
        errors: Expected error bars of all parameters, (size,); with what was measured before.
        error: Root mean square of those that are wanted.
        random_shots: Shots that all candidates, each as often, would need for this.
    """

    names: tuple[str, ...]
    settings: tuple[Setting, ...]
    errors: np.ndarray
    error: float
    random_shots: float

    @property
    def shots(self) -> int:
        """Shots of all settings."""
        return sum(setting.shots for setting in self.settings)

    @property
    def share(self) -> float:
        """Shots of the plan over those of all candidates, for the same precision."""
        return self.shots / self.random_shots

    def lines(self) -> list[str]:
        """Returns a table of the error bars and what is to be said, for a terminal."""
        width = max(len("parameter"), *map(len, self.names))
        lines = [f"{'parameter':{width}}  {'expected error':>14}"]
        lines += [
            f"{name:{width}}  {error:14.2g}"
            for name, error in zip(self.names, self.errors, strict=True)
        ]
        return [
            *lines,
            f"{len(self.settings)} settings, {self.shots} shots: root mean square error"
            f" {self.error:.2g}.",
            f"The candidates, each as often, would need {self.random_shots:.3g} shots for this:"
            f" the plan takes {self.share:.2f} times as many.",
        ]


def expected_information(
    model: ShotModel, parameters: ArrayLike, settings: Sequence[Setting]
) -> np.ndarray:
    """Returns the Fisher information of one shot of each setting.

    Args:
        model: The model.
        parameters: Values near which it is asked for, (size,); or several of them, (m, size), of
            which the mean is taken.
        settings: The settings; their shots do not matter.

    Returns:
        float64 (S, size, size).

    Raises:
        ValueError: Parameters are not within bounds, or there are none.

    Example:
        >>> model = ShotModel.of_words(1, terms=["Z"])
        >>> expected_information(model, [0.3], [Setting("+x", 0.5, "Y", 1)]).round(6).tolist()
        [[[1.0]]]
    """
    points = np.atleast_2d(np.asarray(parameters, np.float64))
    total = np.zeros((len(settings), model.size, model.size))
    free = list(range(model.size))
    with one_thread(1):
        for point in points:
            values = check_parameters(model, point)
            for piece in model.predict(values, settings, free):
                probabilities = np.maximum(piece.values[:, :1], SMALLEST_PROBABILITY)
                scaled = piece.values[:, 1:] / np.sqrt(probabilities)
                total[piece.rows] += scaled @ scaled.swapaxes(1, 2)
    return total / max(len(points), 1)


def expected_errors(
    model: ShotModel, parameters: ArrayLike, settings: Sequence[Setting]
) -> np.ndarray:
    """Returns the error bars that settings with their shots are expected to give.

    Args:
        model: The model.
        parameters: As in `expected_information`.
        settings: Settings and shots.

    Returns:
        float64 (size,), infinite where they tell nothing.

    Raises:
        ValueError: Parameters are not within bounds.

    Example:
        >>> model = ShotModel.of_words(1, terms=["Z"])
        >>> expected_errors(model, [0.3], [Setting("+x", 0.5, "Y", 100)]).round(6).tolist()
        [0.1]
    """
    shots = np.array([setting.shots for setting in settings], np.float64)
    return _errors(np.tensordot(shots, expected_information(model, parameters, settings), 1))


def plan_shots(
    model: ShotModel,
    parameters: ArrayLike,
    candidates: Sequence[Setting],
    *,
    target: float | None = None,
    shots: int | None = None,
    wanted: Collection[str] | None = None,
    measured: Sequence[Setting] = (),
) -> Plan:
    """Chooses among settings, and divides shots among them.

    Args:
        model: The model.
        parameters: A guess of all parameters, or several of them, as in `expected_information`.
        candidates: What can be measured; their shots do not matter.
        target: Root mean square error that is wanted; or
        shots: Number of all shots, one of both.
        wanted: Names of the parameters whose errors count; None: all.
        measured: Settings that have been measured, with their shots.

    Raises:
        ValueError: An argument is not allowed, a parameter that is wanted is told by no
            candidate, or the target is reached already.

    Example:
        >>> model = ShotModel.of_words(1, terms=["Z"])
        >>> times = [Setting("+x", 0.1 * k, "Y", 1) for k in range(1, 11)]
        >>> plan = plan_shots(model, [0.3], times, target=0.01)
        >>> plan.settings[-1].time, round(plan.share, 1)
        (1.0, 0.4)
    """
    if (target is None) == (shots is None):
        raise ValueError("One of the arguments `target` and `shots` must be given, not both.")
    check("target", target, Optional(POSITIVE), kind=ARGUMENT)
    check("shots", shots, Optional(COUNT), kind=ARGUMENT)
    names = _wanted(model, wanted)
    before = np.array([setting.shots for setting in measured], np.float64)
    old = np.tensordot(before, expected_information(model, parameters, measured), 1)
    information = expected_information(model, parameters, candidates)
    design = _Design(information, old, np.isin(model.names, names) / len(names))
    _check_told(model, names, _errors(old + information.sum(0)))
    numbers = design.of_shots(shots) if shots is not None else design.of_target(float(target or 0))
    total = old + np.tensordot(numbers, information, 1)
    error = design.mean_square(numbers) ** 0.5
    return Plan(
        model.names,
        tuple(
            Setting(setting.preparation, setting.time, setting.basis, int(number))
            for setting, number in zip(candidates, numbers, strict=True)
            if number
        ),
        _errors(total),
        error,
        design.uniform_shots(error),
    )


def _wanted(model: ShotModel, wanted: Collection[str] | None) -> tuple[str, ...]:
    """Returns the names of the parameters whose errors count."""
    names = model.names if wanted is None else tuple(wanted)
    for name in names:
        if name not in model.names:
            raise ValueError(
                f"Argument `wanted` must name parameters of the model, {', '.join(model.names)},"
                f" but names {name!r}."
            )
    return names


def _check_told(model: ShotModel, names: Sequence[str], errors: np.ndarray) -> None:
    """Checks that one shot of every candidate tells what is wanted."""
    for name in names:
        if not np.isfinite(errors[model.names.index(name)]):
            raise ValueError(
                f"Argument `candidates` must tell every parameter that is wanted, but not `{name}`."
            )


@dataclass(frozen=True)
class _Design:
    """What is shared out.

    Attributes:
        information: Of one shot of each candidate, (S, K, K).
        old: Of what was measured, (K, K).
        wanted: Share of each parameter in the mean square, (K,).
    """

    information: np.ndarray
    old: np.ndarray
    wanted: np.ndarray

    def mean_square(self, numbers: np.ndarray) -> float:
        """Returns the expected mean square error of so many shots of each candidate."""
        inverse, _ = invert(self._total(numbers))
        return float(self.wanted @ np.diag(inverse))

    def weights(self, shots: float) -> np.ndarray:
        """Returns the best shares of so many shots, (S,)."""
        size = len(self.information)
        weights = self._climb(np.full(size, 1 / size), shots)
        large = weights >= SMALLEST_WEIGHT * weights.max()
        return self._climb(np.where(large, weights, 0.0) / weights[large].sum(), shots)

    def of_shots(self, shots: int) -> np.ndarray:
        """Returns whole numbers of shots that add up, (S,)."""
        exact = shots * self.weights(shots)
        numbers = np.floor(exact).astype(int)
        # Largest remainders.
        numbers[np.argsort(numbers - exact, kind="stable")[: shots - numbers.sum()]] += 1
        return numbers

    def of_target(self, target: float) -> np.ndarray:
        """Returns the fewest shots that reach an error, (S,).

        Raises:
            ValueError: What was measured reaches it.
        """
        if np.any(self.old):
            inverse, told = invert(self.old)
            if told[self.wanted > 0].all() and self.wanted @ np.diag(inverse) <= target**2:
                raise ValueError(
                    "Argument `target` must be below the error of what was measured, but is"
                    f" {target}."
                )
        most = self.uniform_shots(target)
        shots = _shots_for(
            lambda number: self.mean_square(number * self.weights(number)), target, most
        )
        return np.ceil(shots * self.weights(shots) - TOLERANCE).astype(int)

    def uniform_shots(self, target: float) -> float:
        """Returns how many shots all candidates need, each as often."""
        shares = np.full(len(self.information), 1 / len(self.information))
        return _shots_for(lambda shots: self.mean_square(shots * shares), target, 1.0)

    def _climb(self, weights: np.ndarray, shots: float) -> np.ndarray:
        flat = self.information.reshape(len(weights), -1)
        for _ in range(MAX_STEPS):
            inverse, _ = invert(self._total(shots * weights))
            slopes = flat @ ((inverse * self.wanted) @ inverse).ravel()
            if slopes[weights > 0].max() <= (1 + GAP) * (weights @ slopes):
                break
            weights = weights * np.sqrt(slopes)
            weights /= weights.sum()
        return weights

    def _total(self, numbers: np.ndarray) -> np.ndarray:
        return self.old + np.tensordot(numbers, self.information, 1)


def _shots_for(mean_square: Callable[[float], float], target: float, guess: float) -> float:
    """Returns the number of shots at which a mean square that falls with them is as wanted."""
    least = most = guess
    while mean_square(most) > target**2:
        most *= 2
    while mean_square(least) < target**2:
        least /= 2
    if least == most:
        return least
    logarithm = brentq(
        lambda x: np.log(mean_square(float(np.exp(x))) / target**2),
        np.log(least),
        np.log(most),
        xtol=TOLERANCE,
    )
    return float(np.exp(logarithm))


def _errors(information: np.ndarray) -> np.ndarray:
    inverse, told = invert(information)
    return np.where(told, np.sqrt(np.diag(inverse)), np.inf)
