"""Evolution in time by the time-dependent variational principle."""

import math
from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import ops

from qtf.open_systems.directions import follow
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.task.samples import Outcomes
from qtf.training.compilation import compiled
from qtf.training.gradients import bytes_of_equations
from qtf.training.natural_gradient import NaturalGradient
from qtf.training.training import Step
from qtf.typing import Tensor

# The shortest step, in intervals of the plan, which is taken however large its error is.
SHORTEST_STEP = 1.0 / 256.0
# By how much steps grow and fall at most, and what share of the tolerance they aim at.
GROWTH, FALL, SAFETY = 1.5, 0.3, 0.8
FIRST_STEP = 0.1


class VariationalEvolution(Step):
    """Follows probabilities in time by velocities of the weights, with steps that adapt.

        v = argmin sum_a share(a) |X v - f|^2 + diag_shift |v - v0|^2,   f = L p / p

    X are the derivatives of log p; both X and f count without their means, and v0 is `momentum`
    times the velocity before. Steps are those of Heun: their error is the root mean square of the
    difference that the second velocity makes in log p.

    Args:
        model: The distribution.
        outcomes: All outcomes or samples, with their equation; all its epochs are steps of time.
        variables: What the rates read beside the model.
        diag_shift: Added to the diagonal of the equations.
        momentum: At least 0 and below 1.
        tolerance: Of the error of a step.
        xla: Whether XLA compiles rates and derivatives.

    Raises:
        ValueError: A number is out of range.

    Source: Reh, Schmitt and Gaerttner, Phys. Rev. Lett. 127, 230501 (2021).
    """

    takes_steps = True

    def __init__(
        self,
        model: OutcomeDistribution,
        outcomes: Outcomes,
        variables: Sequence[keras.Variable],
        *,
        diag_shift: float,
        momentum: float = 0.0,
        tolerance: float,
        xla: bool = True,
    ) -> None:
        self.model = model
        self.outcomes = outcomes
        self.tolerance = tolerance
        self.natural_gradient = NaturalGradient(model, diag_shift, momentum=momentum, xla=xla)
        self._step = keras.Variable(
            FIRST_STEP * outcomes.interval, trainable=False, dtype="float64", name="step"
        )
        self.state = [self._step, *self.natural_gradient.state]
        self.remedy = (
            f"a larger `natural_gradient.diag_shift` (here {diag_shift:g}), a smaller"
            " `dynamics.tolerance`, or another `start`"
        )
        read = [*model.variables, *variables]
        self._rates = compiled(outcomes.rates, variables=read, xla=xla)
        self._velocity = compiled(self._follow, variables=read, xla=False)
        self._log_probs = compiled(model, variables=model.variables, xla=xla)

    def take(self) -> float:
        """Follows the probabilities to the end of the epoch; returns the largest share left over.

        That is the part of the rates that no velocity expresses, |X v - f| / |f|.
        """
        left, largest, number = self.outcomes.interval, 0.0, 0
        shortest = SHORTEST_STEP * left
        while left > 0.0:
            usual = float(np.asarray(self._step))
            step = left if usual > left - 0.5 * shortest else usual
            error, missed = self._try_step(step, self.outcomes.numbers(number))
            number += 1
            if error <= self.tolerance or step <= shortest:
                if not math.isfinite(error):
                    return math.nan
                left, largest = left - step, max(largest, missed)
                self.natural_gradient.damping.ease()
            # Of second order; the rest of an interval says nothing of longer steps.
            factor = SAFETY * math.sqrt(self.tolerance / max(error, 1e-12))
            best = step * min(GROWTH, max(FALL, factor if math.isfinite(factor) else FALL))
            self._step.assign(max(shortest, best if step == usual else min(usual, best)))
        return largest

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Has no meaning: steps are taken whole."""
        raise NotImplementedError

    def bytes(self) -> int:
        """Returns the memory of the equations and of what they are made of, roughly."""
        sizes = [math.prod(variable.shape) for variable in self.model.trainable_variables]
        equations = bytes_of_equations(self.outcomes.n_rows, sum(sizes))
        return self.outcomes.change_bytes() + equations

    def _try_step(self, step: float, uniforms: Tensor) -> tuple[float, float]:
        """Returns the error of a step, which is taken back if it is too large, and the rest."""
        changed = [*self.model.trainable_variables, *self.natural_gradient.state]
        before = [ops.copy(variable.value) for variable in changed]
        rows, shares, missed, *first = self._velocity(uniforms)
        self._move(before, first, step)
        by_first = self._log_probs(rows)
        _, _, _, *second = self._velocity(uniforms)
        self._move(before, [0.5 * (a + b) for a, b in zip(first, second, strict=True)], step)
        difference = np.asarray(self._log_probs(rows) - by_first, np.float64)
        shares = np.asarray(shares)
        difference = difference - shares @ difference
        error = float(np.sqrt(shares @ np.square(difference)))
        if not error <= self.tolerance and step > SHORTEST_STEP * self.outcomes.interval:
            for variable, value in zip(changed, before, strict=True):
                variable.assign(value)
            if not math.isfinite(error):
                self.natural_gradient.damping.harden()
        return error, float(missed)

    def _move(self, weights: Sequence[Tensor], velocity: Sequence[Tensor], step: float) -> None:
        for variable, weight, part in zip(
            self.model.trainable_variables, weights, velocity, strict=False
        ):
            variable.assign(weight + step * part)

    def _follow(self, uniforms: Tensor) -> tuple[Tensor, ...]:
        """Returns outcomes, their shares, the share of the rates left over, and the velocity."""
        natural = self.natural_gradient
        rows, rates, shares = self._rates(uniforms)
        velocity = follow(natural, self.model, rows, rates, shares)
        centred = rates - ops.sum(shares * rates)
        size = ops.sum(shares * ops.square(centred))
        followed = ops.square(ops.cast(natural.change, size.dtype)) / size
        return (rows, shares, ops.sqrt(ops.maximum(0.0, 1.0 - followed)), *velocity)
