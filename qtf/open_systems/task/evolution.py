"""Evolution in time, projected on what a network can express, on all outcomes at once."""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import keras
import numpy as np
from keras import ops

from qtf.open_systems.full_sums import log_probs_at
from qtf.open_systems.orbits import Orbits
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.task.all_outcomes import AllOutcomes
from qtf.open_systems.task.derivatives import derivatives_of
from qtf.open_systems.task.least_squares import LeastSquares
from qtf.training.compilation import compiled
from qtf.training.gradients import bytes_of_equations
from qtf.training.training import Step
from qtf.typing import Array, Tensor

# The shortest step, in intervals of the plan, which is taken whatever it leaves.
SHORTEST_STEP = 1.0 / 64.0
# By how much steps grow after good ones, and fall where the network does not follow.
GROWTH, FALL = 2.0, 0.5
MAX_ITERATIONS = 40
# What steps are solved to, in units of the tolerance.
SOLVED = 0.1
# The share of the uniform probability that outcomes get in the norm at least.
FLOOR = 1e-2
# Parts of the way from weights that are far away, and how near each of them has to come.
N_PARTS, NEAR = 10, 1e-2
# Terms of an exponential series end below this.
NEGLIGIBLE = 1e-17


class Start(Protocol):
    """How a system begins."""

    def table(self) -> Array:
        """Returns the probabilities of all outcomes at time 0, (4**n_sites,)."""


class ProjectedEvolution(Step):
    """Follows probabilities in time by exact steps, each projected on the network.

        |r|^2 = sum_a r(a)^2 / (p(a) + floor),   r = exp(h L) p(t) - p(t + h)

    The weights of p(t + h) are found by Gauss and Newton, until |r| is below a tenth of the
    tolerance or falls no further. A step that ends above the tolerance is taken back and tried
    again with half of h. On all outcomes exp(h L) p costs less than a single iteration, so no rule
    of steps adds an error, and steps are as long as the network allows: each projection leaves
    something, and fewer of them leave less. What they leave, carried on by L, is how far p is from
    exact.

    Args:
        model: The distribution.
        outcomes: All outcomes, with their equation; all its epochs are steps of time.
        variables: What the equation reads beside the model.
        start: Tells the probabilities at time 0.
        damping: Of the weights, relative to the equations.
        tolerance: Of a step, as |r|.
        xla: Whether XLA compiles what it can.

    Source: Reh, Schmitt and Gaerttner, Phys. Rev. Lett. 127, 230501 (2021), on probabilities of
    outcomes in time; projections instead of velocities are ours.
    """

    takes_steps = True

    def __init__(
        self,
        model: OutcomeDistribution,
        outcomes: AllOutcomes,
        variables: Sequence[keras.Variable],
        *,
        start: Start,
        damping: float,
        tolerance: float,
        xla: bool = True,
    ) -> None:
        self.model = model
        self.equation = equation = outcomes.equation
        self.tolerance = tolerance
        self._start = start
        kept = outcomes.orbits
        self._orbits = kept if kept.share(start.table()) else Orbits(model.n_sites)
        self._interval = 2.0 * equation.tau
        self._solver = LeastSquares(damping)
        fixed = {"trainable": False, "dtype": "float64"}
        self._step = keras.Variable(self._interval, name="step", **fixed)
        self._error = keras.Variable(np.zeros(4**model.n_sites), name="error", **fixed)
        self._largest = keras.Variable(0.0, name="largest", **fixed)
        self.state = [self._step, self._largest, self._error, self._solver.factor]
        self.remedy = "another `network`, a smaller `dynamics.tau`, or another `start`"
        self._is_away = True
        self._compile(xla)

    def _compile(self, xla: bool) -> None:
        variables = self.model.variables

        def of_orbits() -> Tensor:
            return ops.exp(ops.cast(log_probs_at(self.model, self._orbits.outcomes), "float64"))

        def matrix(derivatives: Tensor, scale: Tensor) -> Tensor:
            return (scale * of_orbits())[:, None] * ops.cast(derivatives, "float64")

        def residual(target: Tensor, scale: Tensor) -> Tensor:
            return scale * (target - of_orbits())

        self._derivatives = derivatives_of(self.model, self._orbits.outcomes, xla=xla)
        self._matrix = compiled(matrix, variables=variables, xla=xla)
        self._residual = compiled(residual, variables=variables, xla=xla)
        self._of_orbits = compiled(of_orbits, variables=variables, xla=xla)
        self._apply = compiled(self.equation.liouvillian.apply, xla=xla)

    @property
    def error(self) -> Array:
        """How far p is from exact, what the projections have left, (4**n_sites,)."""
        return np.asarray(self._error)

    @property
    def largest_residual(self) -> float:
        """The largest |r| that a step of the last epoch has left."""
        return float(np.asarray(self._largest))

    @property
    def shortest(self) -> float:
        """The shortest step."""
        return SHORTEST_STEP * self._interval

    def take(self) -> float:
        """Follows the probabilities to the end of the epoch, and returns the largest |r|."""
        # The network need never be the start itself, which may hold what is impossible.
        self._is_away = self.equation.epoch == 0
        table = self._start.table() if self._is_away else self._table()
        left, largest = self._interval, 0.0
        while left > 0.0:
            usual = float(np.asarray(self._step))
            step = left if usual > left - 0.5 * self.shortest else usual
            size = self._try_step(table, step)
            if size <= self.tolerance or step <= self.shortest:
                table, left, largest = self._table(), left - step, max(largest, size)
                self._is_away = False
                # The rest of an interval says nothing of longer steps.
                self._step.assign(min(max(usual, GROWTH * step), self._interval))
            else:
                self._step.assign(FALL * step)
        self._largest.assign(largest)
        return largest

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Has no meaning: steps are taken whole."""
        raise NotImplementedError

    def bytes(self) -> int:
        """Returns the memory of derivatives, matrix and equations, roughly."""
        n_weights = sum(math.prod(variable.shape) for variable in self.model.trainable_variables)
        return bytes_of_equations(len(self._orbits.first), n_weights, itemsize=8)

    def _try_step(self, table: Array, step: float) -> float:
        """Returns |r| after a step from a table, which is taken back where that is too large."""
        before = [ops.copy(variable.value) for variable in self.model.trainable_variables]
        target = self._carry(table, step)
        size = self._project(target)
        if self._is_away and size > self.tolerance:
            self._set(before)
            self._walk_to(target)
            size = self._project(target)
        if size <= self.tolerance or step <= self.shortest:
            left = self._table() - target
            self._error.assign(self._carry(self.error, step) + left)
            return size
        self._set(before)
        return size

    def _set(self, weights: Sequence[Tensor]) -> None:
        for variable, value in zip(self.model.trainable_variables, weights, strict=True):
            variable.assign(value)

    def _walk_to(self, table: Array) -> None:
        """Brings p near a table, along means of their logarithms."""
        least = FLOOR / len(table)
        start, end = (np.log(np.maximum(part, least)) for part in (self._table(), table))
        for share in np.arange(1, N_PARTS + 1) / N_PARTS:
            between = np.exp((1.0 - share) * start + share * end)
            self._project(between / between.sum(), NEAR)

    def _project(self, table: Array, goal: float | None = None) -> float:
        """Brings p to a table, to `goal` or to what steps are solved to, and returns |r|."""
        of_orbits = table[self._orbits.first]
        weights = self._orbits.sizes / (np.maximum(of_orbits, 0.0) + FLOOR / len(table))
        scale, target = map(ops.convert_to_tensor, (np.sqrt(weights), of_orbits))
        return self._solver.descend(
            lambda: self._residual(target, scale),
            lambda: self._matrix(self._derivatives(), scale),
            self.model.trainable_variables,
            SOLVED * self.tolerance if goal is None else goal,
            MAX_ITERATIONS,
        )[0]

    def _carry(self, table: Array, step: float) -> Array:
        """Returns exp(step L) of a table, by its series in parts that are short enough."""
        n_parts = max(1, math.ceil(step * self.equation.liouvillian.largest_rate))
        for _ in range(n_parts):
            term, number = table, 1
            while np.abs(term).max() > NEGLIGIBLE:
                term = (step / n_parts / number) * np.asarray(self._apply(term))
                table, number = table + term, number + 1
        return table

    def _table(self) -> Array:
        return np.asarray(self._of_orbits())[self._orbits.number]
