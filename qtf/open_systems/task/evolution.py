"""Evolution in time by implicit steps, as long as a tolerance allows, on all outcomes at once."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import keras
import numpy as np
from keras import ops

from qtf.open_systems.full_sums import log_table
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.rules import RULES, apply_polynomial
from qtf.open_systems.task.all_outcomes import AllOutcomes
from qtf.open_systems.task.derivatives import derivatives_of_all
from qtf.open_systems.task.least_squares import LeastSquares
from qtf.training.compilation import compiled
from qtf.training.gradients import bytes_of_equations
from qtf.training.training import Step
from qtf.typing import Array, Tensor

# The first step, in intervals of the plan, and the shortest, which is taken whatever it leaves.
FIRST_STEP, SHORTEST_STEP = 1.0 / 64.0, 1.0 / 4096.0
# By how much steps grow after good ones, and fall where the rule or the network does not follow.
GROWTH, FALL = 1.5, 0.5
# Iterations of a step; it was a good one with at most so many.
MAX_ITERATIONS, FEW_ITERATIONS = 12, 5
# Of the fit of the start; what it leaves.
MAX_FIT_ITERATIONS, FITTED_TO = 60, 1e-8
# What is solved to, in units of the tolerance.
SOLVED = 0.1
# The share of the uniform probability that outcomes get in the norm at least.
FLOOR = 1e-2


class Start(Protocol):
    """How a system begins."""

    def table(self) -> Array:
        """Returns the probabilities of all outcomes at time 0, (4**n_sites,)."""


class ImplicitEvolution(Step):
    """Follows probabilities through intervals of time, in as many steps of a rule as they need.

        |r|^2 = sum_a r(a)^2 / (p(a) + floor),   r = backward(L) p(t + h) - forward(L) p(t)

    Each step of the rule is solved by Gauss and Newton until |r| is below a tenth of the
    tolerance. It is taken back and tried again with half of h where iterations end above the
    tolerance, or where the error of the rule, from the power of L behind those that it has right,
    does. How far p is from exact is estimated without the exact solution: each step adds what it
    leaves and what its rule leaves out, and L carries it on.

    Args:
        model: The distribution.
        outcomes: All outcomes, with their equation; all its epochs are steps of time.
        variables: What the equation reads beside the model.
        start: Tells the probabilities at time 0.
        damping: Of the weights, relative to the equations.
        tolerance: Of a step, as |r|.
        xla: Whether XLA compiles what it can.

    Source: Hairer and Wanner, Solving Ordinary Differential Equations II (1996), section IV.8.
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
        self._interval = 2.0 * equation.tau
        self._rule = RULES[equation.plan.rule]
        self._solver = LeastSquares(damping)
        zeros = np.zeros((2, 4**model.n_sites))
        fixed = {"trainable": False, "dtype": "float64"}
        self._step = keras.Variable(FIRST_STEP * self._interval, name="step", **fixed)
        # Of the rule, and of the network.
        self._errors = keras.Variable(zeros, name="errors", **fixed)
        self._largest = keras.Variable(0.0, name="largest", **fixed)
        self.state = [self._step, self._largest, self._errors, self._solver.factor]
        self.remedy = "another `network`, a smaller `dynamics.tau`, or another `start`"
        self._compile(xla)

    def _compile(self, xla: bool) -> None:
        variables = self.model.variables
        apply = self.equation.liouvillian.apply
        self._table = compiled(lambda: _table(self.model), variables=variables, xla=xla)
        self._derivatives = derivatives_of_all(self.model, xla=xla)

        def matrix(derivatives: Tensor, scale: Tensor, factors: Tensor) -> Tensor:
            changes = _table(self.model)[:, None] * ops.cast(derivatives, "float64")
            return scale[:, None] * _polynomial(apply, factors, changes)

        def residual(target: Tensor, scale: Tensor, factors: Tensor) -> Tensor:
            return scale * (target - _polynomial(apply, factors, _table(self.model)))

        self._matrix = compiled(matrix, variables=variables, xla=xla)
        self._residual = compiled(residual, variables=variables, xla=xla)
        self._apply = compiled(apply, xla=xla)

    @property
    def estimated_errors(self) -> Array:
        """How far rule and network have taken p from exact, by their own estimates, (2, 4**n)."""
        return np.asarray(self._errors)

    @property
    def largest_residual(self) -> float:
        """The largest |r| that a step of the last epoch has left."""
        return float(np.asarray(self._largest))

    def take(self) -> float:
        """Follows the probabilities to the end of the epoch, and returns the largest |r|."""
        if self.equation.epoch == 0:
            self._fit_start()
        left, largest = self._interval, 0.0
        while left > 1e-9 * self._interval:
            step = min(float(np.asarray(self._step)), left)
            if left - step < 0.5 * self.shortest:
                step = left
            size, n_iterations, taken = self._try_step(step)
            if taken:
                left, largest = left - step, max(largest, size)
            self._adapt(step, n_iterations, taken, left)
        self._largest.assign(largest)
        return largest

    @property
    def shortest(self) -> float:
        """The shortest step."""
        return SHORTEST_STEP * self._interval

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Has no meaning: steps are taken whole."""
        raise NotImplementedError

    def bytes(self) -> int:
        """Returns the memory of derivatives, matrix and equations, roughly."""
        n_weights = sum(math.prod(variable.shape) for variable in self.model.trainable_variables)
        return bytes_of_equations(4**self.model.n_sites, n_weights, itemsize=8)

    def _adapt(self, step: float, n_iterations: int, taken: bool, left: float) -> None:
        if not taken:
            self._step.assign(FALL * step)
        elif n_iterations <= FEW_ITERATIONS and (left > 0.0 or step >= float(self._step)):
            self._step.assign(min(GROWTH * step, self._interval))

    def _fit_start(self) -> None:
        """Makes the distribution the one at time 0, which it is near."""
        table = self._start.table()
        self._solve(table, self._scale(table), (1.0,), FITTED_TO, MAX_FIT_ITERATIONS)
        fitted = np.asarray(self._table())
        self._errors.assign(np.stack([np.zeros_like(fitted), fitted - table]))

    def _try_step(self, step: float) -> tuple[float, int, bool]:
        """Returns |r|, the number of iterations, and whether the step was taken."""
        before = [ops.copy(variable.value) for variable in self.model.trainable_variables]
        table, tau = np.asarray(self._table()), step / 2.0
        left_out = self._left_out(table, tau)
        scale = self._scale(table)
        is_shortest = step <= self.shortest
        if np.linalg.norm(scale * left_out) > self.tolerance and not is_shortest:
            return 0.0, 0, False
        target = self._powers(table, self._rule.forward(tau))
        goal = SOLVED * self.tolerance
        size, n = self._solve(target, scale, self._rule.backward(tau), goal, MAX_ITERATIONS)
        if size <= self.tolerance or is_shortest:
            remaining = self._powers(np.asarray(self._table()), self._rule.backward(tau)) - target
            carried = self._carry(self.estimated_errors.T, step).T
            self._errors.assign(carried + np.stack([-left_out, remaining]))
            return size, n, True
        for variable, value in zip(self.model.trainable_variables, before, strict=True):
            variable.assign(value)
        return size, n, False

    def _solve(
        self,
        target: Array,
        scale: Array,
        factors: Sequence[float],
        goal: float,
        max_iterations: int,
    ) -> tuple[float, int]:
        """Returns |r| after so many iterations."""
        wanted, weights = ops.convert_to_tensor(target), ops.convert_to_tensor(scale)
        powers = ops.convert_to_tensor(np.array(factors, np.float64))

        def residual() -> Tensor:
            return self._residual(wanted, weights, powers)

        def matrix() -> Tensor:
            return self._matrix(self._derivatives(), weights, powers)

        variables = self.model.trainable_variables
        return self._solver.descend(residual, matrix, variables, goal, max_iterations)

    def _scale(self, table: Array) -> Array:
        return 1.0 / np.sqrt(np.maximum(table, 0.0) + FLOOR / len(table))

    def _powers(self, table: Array, factors: Sequence[float]) -> Array:
        return apply_polynomial(lambda p: np.asarray(self._apply(p)), factors, table)

    def _left_out(self, table: Array, tau: float) -> Array:
        """Returns what one step of the rule leaves out of the exact one, at first order."""
        for _ in range(self._rule.order + 1):
            table = 2.0 * tau * np.asarray(self._apply(table))
        return self._rule.error_constant * table

    def _carry(self, error: Array, step: float) -> Array:
        """Returns exp(step L) error, by its series in parts that are short enough."""
        n_parts = max(1, math.ceil(step * self.equation.liouvillian.largest_rate))
        for _ in range(n_parts):
            term, number = error, 1
            while np.abs(term).max() > 1e-17 and number < 60:
                term = (step / n_parts / number) * np.asarray(self._apply(term))
                error, number = error + term, number + 1
        return error


def _table(model: OutcomeDistribution) -> Tensor:
    return ops.exp(ops.cast(log_table(model), "float64"))


def _polynomial(apply: Callable[[Tensor], Tensor], factors: Tensor, table: Tensor) -> Tensor:
    numbers = [factors[k] for k in range(factors.shape[0])]
    return apply_polynomial(apply, numbers, table)
