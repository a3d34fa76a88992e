"""Sums over all outcomes of a small system."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import keras
import numpy as np
from keras import ops
from scipy.sparse import csr_array

from qtf.open_systems.full_sums import all_outcomes, log_probs_at, log_table
from qtf.open_systems.objectives import advance_table
from qtf.open_systems.observables import PauliObservables
from qtf.open_systems.orbits import Orbits, multiply
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.plan import PlannedEquation
from qtf.open_systems.wanted_change import WantedChange
from qtf.training.compilation import compiled
from qtf.training.piecewise import BYTES_OF_GRADIENT
from qtf.typing import Array, Tensor

# Orders of tau in what the logarithms of probabilities are to become.
N_CORRECTIONS = 4
# How far a residual may grow in one step: by this factor, up to changes of log p by some percent.
MOST_GROWTH, MOST_RESIDUAL = 10.0, 3e-4


class Linearized(NamedTuple):
    """The residual of a steady state near the weights as they are, all float64.

    Attributes:
        table: p of one outcome of each orbit, (n_orbits,).
        size: |r|, of all outcomes.
        relative_size: |r| in units of |p| and the largest rate.
        residual: r, times the root of the size of each orbit, (n_orbits,).
        changes: Of p with the weights, times the same, (n_orbits, n_weights).
        rates: Change of r with the weights, times the same, (n_orbits, n_weights).
        largest_rate: Of the system.
    """

    table: Array
    size: float
    relative_size: float
    residual: Tensor
    changes: Array
    rates: Array
    largest_rate: float

    def held_back(self, rate: float) -> Tensor:
        """Returns the change of r with the weights in an implicit step, (n_orbits, n_weights).

        Args:
            rate: 1 / h in units of the largest rate.
        """
        return ops.convert_to_tensor(self.rates - rate * self.largest_rate * self.changes)


class AllOutcomes:
    """All outcomes instead of samples, so that sums have no statistical error.

    Natural gradients follow all of them, or, where there are more than `n_samples`, some, drawn
    anew at each step.

    Args:
        model: The distribution.
        equation: What it solves.
        n_samples: Outcomes that a natural gradient follows, at most.
        xla: Whether XLA compiles validations.
    """

    has_errors = False

    def __init__(
        self,
        model: OutcomeDistribution,
        equation: PlannedEquation,
        *,
        n_samples: int,
        xla: bool,
    ) -> None:
        self.model = model
        self.equation = equation
        n_outcomes = 4**model.n_sites
        self.n_rows = min(n_samples, n_outcomes)
        self._draws = n_outcomes > n_samples
        zeros = ops.zeros((n_outcomes,), "float64")
        start = keras.Variable(zeros, trainable=False, dtype="float64")
        self.start: Sequence[keras.Variable] = [start]
        # Where log p is off by its rounding.
        self._rounding = (32.0 * float(np.finfo(model.variable_dtype).eps)) ** 2
        self._advance = compiled(
            lambda: advance_table(
                equation.liouvillian, log_table(model), equation.tau, rule=equation.plan.rule
            ),
            variables=model.variables,
            xla=xla,
        )
        variables = [*model.variables, equation.epochs_done, *self.start]
        self._residual_size = compiled(
            lambda: self._change_of_table(log_table(model)).size, variables=variables, xla=xla
        )
        self._measure = compiled(self._loss_and_table, variables=variables, xla=xla)
        self._log_probs_of_orbits = compiled(
            lambda: log_probs_at(model, self.orbits.outcomes), variables=model.variables, xla=xla
        )

    def set_start(self) -> None:
        """Keeps what the step of time starts from, (1 + tau L) p by the trapezoid rule."""
        self.start[0].assign(self._advance())

    def loss(self, uniforms: Tensor) -> Tensor:
        """Returns the objective, summed over all outcomes."""
        return self._objective(log_table(self.model))

    def wanted_change(self, uniforms: Tensor) -> tuple[Tensor, WantedChange]:
        """Returns all outcomes, or some, and by how much their log p shall fall."""
        n_sites = self.model.n_sites
        change = self._change_of_table(log_table(self.model))
        if not self._draws:
            return all_outcomes(n_sites), change
        return change.draw(n_sites, self.n_rows, uniforms[0, 0])

    @property
    def interval(self) -> float:
        """Time of an epoch."""
        return 2.0 * self.equation.tau

    def numbers(self, number: int) -> Tensor:
        """Returns a number that nothing depends on."""
        return ops.zeros((1, 1))

    def rates(self, uniforms: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns all outcomes and their rates; each counts as much as it is probable."""
        table = self._table()
        rates = self.equation.liouvillian.apply(table) / table
        return all_outcomes(self.model.n_sites), rates, table

    @cached_property
    def orbits(self) -> Orbits:
        """Outcomes that the strings give the same probability and the equation leaves so."""
        orbits = Orbits.of_distribution(self.model)
        is_kept = orbits.are_kept_by(self.equation.liouvillian)
        return orbits if is_kept else Orbits(self.model.n_sites)

    def linearize(self, derivatives: Tensor) -> "Linearized":
        """Returns the residual of a steady state, and how it changes with the weights.

        Args:
            derivatives: Of log p of one outcome of each orbit, (n_orbits, n_weights).
        """
        table = self._of_orbits()
        roots = np.sqrt(self.orbits.sizes)
        changes = (roots * table)[:, None] * np.asarray(derivatives, table.dtype)
        residual = self._generator @ (roots * table)
        largest = self.equation.liouvillian.largest_rate
        rates = multiply(self._generator, changes)
        size = float(np.linalg.norm(residual))
        relative = size / (largest * float(np.linalg.norm(roots * table)))
        residual = ops.convert_to_tensor(residual)
        return Linearized(table, size, relative, residual, changes, rates, largest)

    def residual_size(self) -> float:
        """Returns |r| of a steady state."""
        table = np.sqrt(self.orbits.sizes) * self._of_orbits()
        return float(np.linalg.norm(self._generator @ table))

    def _of_orbits(self) -> Array:
        """Returns p of one outcome of each orbit, (n_orbits,)."""
        return np.exp(np.asarray(self._log_probs_of_orbits(), np.float64))

    @cached_property
    def _generator(self) -> csr_array:
        """L of the probabilities of orbits, each times the root of the size."""
        roots = np.sqrt(self.orbits.sizes)
        restricted = self.orbits.restrict(self.equation.liouvillian)
        return restricted.multiply(roots[:, None]).multiply(1.0 / roots).tocsr()

    def judge(self, loss: float) -> bool | None:
        """Tells whether the residual has not grown, but for rounding, where a step is solved.

        Once it is small, it may grow a little: out of a product state the way is not straight.
        On the way to a steady state residuals rise and fall, and where only some outcomes are
        followed they say little.
        """
        if self._draws or not self.equation.is_step_of_time:
            return None
        size, loss = float(self._residual_size()), max(loss, self._rounding)
        return size <= loss or size <= min(MOST_GROWTH * loss, MOST_RESIDUAL)

    def measure(self, observables: PauliObservables) -> dict[str, float]:
        """Returns the objective and the means of the probabilities, which have no error."""
        loss, table = self._measure()
        return {"loss": float(loss), **observables.exact_means(np.asarray(table))}

    def gradient_bytes(self) -> int:
        """Returns the memory of the gradient of all probabilities, roughly."""
        model = self.model
        of_row = BYTES_OF_GRADIENT * model.evaluation_bytes
        # Of a network that grows, one position of each prefix; most are of the last one.
        positions = 1 if model.network.extends else model.n_sites
        return 4 ** (model.n_sites - 1) * of_row * positions // model.n_sites

    def change_bytes(self) -> int:
        """Returns the same: all probabilities are needed at once."""
        return self.gradient_bytes()

    def _objective(self, logs: Tensor) -> Tensor:
        target = ops.convert_to_tensor(self.start[0].value)
        return self.equation.choose(
            lambda: self.equation.steady.of_table(logs),
            lambda: self.equation.step_of_time.of_table(logs, target),
        )

    def _change_of_table(self, logs: Tensor) -> WantedChange:
        table = ops.exp(ops.cast(logs, "float64"))
        along = -2.0 * self.equation.tau
        ratios = self.equation.choose(
            lambda: along * self.equation.steady.ratios_of_table(logs),
            lambda: 1.0 - self._solve(table) / table,
        )
        return WantedChange.of(ratios, table)

    def _solve(self, table: Tensor) -> Tensor:
        """Returns p(t + 2 tau) from an estimate of it, better by as many orders of tau.

        One order would not do: outcomes that are impossible may become possible in the second.
        """
        target = ops.convert_to_tensor(self.start[0].value)
        for _ in range(N_CORRECTIONS):
            table = table - self.equation.step_of_time.of_probabilities(table, target)
        return table

    def _table(self) -> Tensor:
        return ops.exp(ops.cast(log_table(self.model), "float64"))

    def _loss_and_table(self) -> tuple[Tensor, Tensor]:
        logs = log_table(self.model)
        return self._objective(logs), ops.exp(logs)
