"""Steps that make the residuals of all outcomes small by linear least squares."""

import math
from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import ops

from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.task.all_outcomes import AllOutcomes, Linearized
from qtf.open_systems.task.derivatives import derivatives_of
from qtf.open_systems.task.least_squares import Equations
from qtf.training.damping import Damping
from qtf.training.gradients import bytes_of_equations
from qtf.training.natural_gradient import split_as
from qtf.training.training import Step
from qtf.typing import Tensor

# Root mean square of the change of log p in one step, and growth of |r|, that are let pass.
LONGEST_CHANGE, MOST_GROWTH = 0.5, 3.0
MAX_TRIES = 12
# Residuals, relative to the largest rate and |p|, below which the damping falls with them.
SMALL_RESIDUAL = 0.2
# The longest step of pseudo-time, in units of the shortest time of the system; the first is 1.
LONGEST_STEP = 1e6
# By how much it grows after a good step, at least and at most.
GROWTH = (1.2, 2.0)


class GaussNewtonStep(Step):
    """Steps of Gauss and Newton towards a steady state, on all outcomes at once.

        d = argmin |L p + J d|^2 + damping <J^2> |d|^2,   J = (L - 1 / h) diag(p) X

    X are the derivatives of log p of all outcomes; the mean square is that of rows or of columns,
    whichever are fewer. The search so goes along its way in time, d p / dt = L p, by implicit
    steps h that grow as the residual falls, until they are steps of Newton: by these alone it
    would end in the first valley. The damping falls with the residual, so that the last
    steps double the number of digits where the network has more weights than there are outcomes.
    Steps that change log p by more than one half or let |r| grow much are taken back and tried
    again with a tenth of h.

    Args:
        model: The distribution.
        outcomes: All outcomes, with their equation.
        variables: What the residual reads beside the model.
        damping: Of the weights, relative to the equations.
        xla: Whether XLA compiles residuals and derivatives.

    Source: Marquardt, J. Soc. Indust. Appl. Math. 11, 431 (1963); Kelley and Keyes, SIAM J. Numer.
    Anal. 35, 508 (1998), on pseudo-transient continuation.
    """

    takes_steps = True

    def __init__(
        self,
        model: OutcomeDistribution,
        outcomes: AllOutcomes,
        variables: Sequence[keras.Variable],
        *,
        damping: float,
        xla: bool = True,
    ) -> None:
        self.model = model
        self.outcomes = outcomes
        self.relative = damping
        self._pseudo_time = PseudoTime()
        # Once the change of log p; checkpoints have a place for it.
        self._change = keras.Variable(0.0, trainable=False, dtype="float64", name="change")
        self.state = [self._pseudo_time.factor, self._change]
        self.remedy = "another `network`, a smaller `dynamics.tau`, or another `start`"
        self._differentiate = derivatives_of(model, outcomes.orbits.outcomes, variables, xla=xla)

    def take(self) -> float:
        """Takes a step that goes well, if there is one, and returns |r|^2 before it."""
        linear = self.outcomes.linearize(self._differentiate())
        size = linear.size
        before = [ops.copy(variable.value) for variable in self.model.trainable_variables]
        for _ in range(MAX_TRIES):
            self._move(before, linear)
            size_after = self.outcomes.residual_size()
            is_short = float(np.asarray(self._change)) <= LONGEST_CHANGE
            if is_short and size_after <= MOST_GROWTH * size:
                self._pseudo_time.ratio = size / size_after if size_after > 0.0 else math.inf
                self._pseudo_time.ease()
                return size**2
            self._pseudo_time.harden()
        self._set(before)
        self._pseudo_time.release()
        return size**2

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Has no meaning: steps are taken whole."""
        raise NotImplementedError

    def _move(self, weights: Sequence[Tensor], linear: Linearized) -> None:
        """Sets the weights to others and the step from there."""
        damping = self.relative * min(1.0, linear.relative_size / SMALL_RESIDUAL)
        matrix = linear.held_back(self._pseudo_time.rate)
        step = Equations(matrix).solve(linear.residual, damping)
        changes = linear.changes @ np.asarray(step)
        # sum_a p (change of log p)^2
        self._change.assign(np.linalg.norm(changes / np.sqrt(linear.table)))
        parts = split_as(ops.cast(step, self.model.variable_dtype), self.model.trainable_variables)
        self._set([weight - part for weight, part in zip(weights, parts, strict=True)])

    def _set(self, weights: Sequence[Tensor]) -> None:
        for variable, weight in zip(self.model.trainable_variables, weights, strict=True):
            variable.assign(weight)

    def bytes(self) -> int:
        """Returns the memory of derivatives, matrix and equations, roughly."""
        n_weights = sum(math.prod(variable.shape) for variable in self.model.trainable_variables)
        return bytes_of_equations(len(self.outcomes.orbits.first), n_weights, itemsize=8)


class PseudoTime(Damping):
    """A rate 1 / h that falls as fast as the residual.

    Attributes:
        factor: `LONGEST_STEP` / h, in units of the shortest time of the system.
        ratio: By what the last step has divided the residual.
    """

    def __init__(self) -> None:
        super().__init__(LONGEST_STEP)
        self.ratio = 1.0

    @property
    def rate(self) -> float:
        """1 / h in units of the largest rate of the system."""
        return float(np.asarray(self.factor)) / LONGEST_STEP

    def ease(self) -> None:
        """Lowers the rate after a good step."""
        least, most = GROWTH
        growth = min(most, max(1.0, self.ratio) * least)
        self.factor.assign(ops.maximum(1.0, self.factor.value / growth))
