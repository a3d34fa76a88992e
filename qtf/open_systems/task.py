"""Time evolution and steady states of open systems as a task of the training loop."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import ops

from qtf.autoregressive.estimates import Estimate
from qtf.checks import COUNT, POSITIVE, SAMPLES, Number, check
from qtf.open_systems.full_sums import (
    all_outcomes,
    log_table,
    outcomes_of_numbers,
    systematic_sample,
)
from qtf.open_systems.local_generator import LocalGenerator
from qtf.open_systems.objectives import (
    Objective,
    advanced_ratios,
    advanced_table,
    forward_backward,
    steady_state,
)
from qtf.open_systems.observables import PauliObservables
from qtf.open_systems.wanted_change import WantedChange
from qtf.training.accumulated_gradients import accumulated_gradients
from qtf.training.compilation import compiled
from qtf.training.damping import Damping
from qtf.training.natural_gradient import NaturalGradient
from qtf.training.per_sample import bytes_of_equations
from qtf.training.piecewise import BYTES_OF_GRADIENT, gradient_rows_at_once
from qtf.training.surrogates import with_gradients

# Apart from the streams of training batches.
VALIDATION_STREAM = 47
DIRECTIONS = ("x", "y", "z")
# Orders of tau in what the logarithms of probabilities are to become.
N_CORRECTIONS = 4
# How far a residual may grow in one step: by this factor, up to changes of log p by some percent.
MOST_GROWTH, MOST_RESIDUAL = 10.0, 3e-4


@dataclass(frozen=True)
class Plan:
    """What is solved, epoch by epoch.

    The first `n_steady` epochs look for the steady state; each of the others is one step of
    time, from t to t + 2 tau.

    Attributes:
        tau: Half of a step of time.
        n_epochs: Number of epochs.
        n_steady: Epochs before the first step of time.
        norm: "l1" or "chi2", see `Objective`.

    Raises:
        ValueError: `tau` is not positive or `n_steady` not from 0 to `n_epochs`.
    """

    tau: float
    n_epochs: int
    n_steady: int = 0
    norm: str = "l1"

    def __post_init__(self) -> None:
        check("dynamics.tau", self.tau, POSITIVE)
        check("training.n_epochs", self.n_epochs, COUNT)
        check("steady_state.n_epochs", self.n_steady, Number(integer=True))
        if not 0 <= self.n_steady <= self.n_epochs:
            raise ValueError(
                "Setting `steady_state.n_epochs` must be from 0 to `training.n_epochs` ="
                f" {self.n_epochs}, but is {self.n_steady}."
            )

    @property
    def times(self) -> np.ndarray:
        """Time after each epoch and before the first, (n_epochs + 1,)."""
        steps = np.arange(self.n_epochs + 1) - self.n_steady
        return 2.0 * self.tau * np.maximum(0, steps)


class OpenSystemTask:
    """Follows outcome probabilities in time, or finds those that do not change.

    Sums over all outcomes where the system is small, else over samples.

    Args:
        make_distribution: Makes the `OutcomeDistribution` at time 0.
        generator: Of the probability equation.
        plan: What is solved.
        observables: What validations measure.
        source: Of uniform random numbers, (n_uniforms, n_samples); a `RandomSource`.
        n_samples: Samples of a step.
        n_validation: Samples of a validation.
        seed: Seed of the samples of validations.
        every_outcome: Whether to sum over all outcomes. Samples are used then only by natural
            gradients, and only if there are more outcomes than `n_samples`.
        natural_gradient: Follows residuals in the space of outcomes, for which the training
            step itself must not be compiled by XLA; None: the gradient of the objective.
        find_exact: Returns the exact <X>, <Y>, <Z> averaged over sites before the first and
            after each epoch, float64 (n_epochs + 1, 3); called once, when they are first
            needed. None: they are unknown.
        xla: Whether XLA compiles validations.

    Raises:
        ValueError: A number of samples is below 2.
    """

    def __init__(
        self,
        *,
        make_distribution: Callable[[], keras.Model],
        generator: LocalGenerator,
        plan: Plan,
        observables: PauliObservables,
        source: Any,
        n_samples: int,
        n_validation: int,
        seed: int,
        every_outcome: bool,
        natural_gradient: NaturalGradient | None = None,
        find_exact: Callable[[], np.ndarray] | None = None,
        xla: bool = True,
    ) -> None:
        for name, value in (("n_samples", n_samples), ("n_validation", n_validation)):
            check(f"sampling.{name}", value, SAMPLES)
        self.make_distribution = make_distribution
        self.generator = generator
        self.plan = plan
        self.observables = observables
        self.source = source
        self.batch_size = n_samples
        self.n_validation = n_validation
        self.seed = seed
        self.every_outcome = every_outcome
        self.natural_gradient = natural_gradient
        self.xla = xla
        self.steady = steady_state(generator, plan.norm)
        self.step_of_time = forward_backward(generator, plan.tau, plan.norm)
        errors = () if every_outcome else tuple(f"{name}_error" for name in ("loss", *DIRECTIONS))
        self._find_exact = find_exact
        known = (
            () if find_exact is None else (*(f"exact_{name}" for name in DIRECTIONS), "distance")
        )
        self.metric_names = ("loss", "time", *DIRECTIONS, *errors, *known)

    @cached_property
    def exact(self) -> np.ndarray | None:
        """Exact <X>, <Y>, <Z> before the first and after each epoch, (n_epochs + 1, 3), or None."""
        return None if self._find_exact is None else self._find_exact()

    @property
    def state(self) -> list[keras.Variable]:
        """Variables that belong into a checkpoint: the epochs done, and where the step starts."""
        followed = [] if self.natural_gradient is None else self.natural_gradient.state
        return [self._epochs_done, *self._start, *followed]

    @property
    def has_new_goal(self) -> bool:
        """Whether the epoch in work solves a step of time, each of which starts anew."""
        return int(self._epochs_done.numpy()) >= self.plan.n_steady

    @property
    def damping(self) -> Damping | None:
        """What holds back natural gradients."""
        return None if self.natural_gradient is None else self.natural_gradient.damping

    @property
    def remedy(self) -> str:
        """What to try if the residual becomes infinite."""
        if self.natural_gradient is None:
            return "a smaller `training.optimizer.learning_rate` or `dynamics.tau`"
        return (
            "a larger `natural_gradient.diag_shift` (here"
            f" {self.natural_gradient.diag_shift:g}), a smaller `dynamics.tau` or"
            " `training.optimizer.learning_rate`, or another `start`"
        )

    def accepts(self, loss: float, rate: float) -> bool:
        """Tells whether the last step may stand.

        Where a step of time is solved on all outcomes, the residual must not grow, but for
        rounding. Once it is small, it may grow a little: out of a product state the way is not
        straight. On the way to a steady state residuals rise and fall, and of samples they are
        noise: there the step must have been short.
        """
        if self.natural_gradient is None:
            return True
        if self._follows_samples or not self.has_new_goal:
            return self.natural_gradient.is_short(rate)
        size, loss = float(self._residual_size()), max(loss, self._rounding)
        return size <= loss or size <= min(MOST_GROWTH * loss, MOST_RESIDUAL)

    def build_model(self) -> keras.Model:
        """Makes the distribution, and keeps it as the start of the first step of time."""
        model = self.make_distribution()
        self._epochs_done = keras.Variable(0, trainable=False, dtype="int32", name="epochs_done")
        if self.every_outcome:
            size = (4**model.n_sites,)
            advanced = keras.Variable(ops.zeros(size, "float64"), trainable=False, dtype="float64")
            self._start = [advanced]
            self._advance = compiled(
                lambda: advanced_table(self.generator, log_table(model), self.plan.tau),
                variables=model.variables,
                xla=self.xla,
            )
        else:
            self._old = self.make_distribution()
            self._start = list(self._old.trainable_variables)
        self._follows_samples = not self.every_outcome or 4**model.n_sites > self.batch_size
        if self.natural_gradient is not None:
            self.natural_gradient.build(model)
            # Where log p is off by its rounding.
            self._rounding = (32.0 * float(np.finfo(model.variable_dtype).eps)) ** 2
            self._residual_size = compiled(
                lambda: self._change_of_table(log_table(model)).size,
                variables=[*model.variables, self._epochs_done, *self._start],
                xla=self.xla,
            )
        self._measured = compiled(
            lambda uniforms: self._measurement(model, uniforms),
            variables=[*model.variables, *self.state],
            xla=self.xla,
        )
        self._set_start(model)
        return model

    def step_bytes(self) -> int:
        """Returns the memory of a training step that cannot be done in pieces, roughly."""
        model = self.make_distribution()
        of_row = BYTES_OF_GRADIENT * model.evaluation_bytes
        n_rows = min(self.batch_size, 4**model.n_sites)
        needed = 2 * n_rows * of_row
        if self.every_outcome:
            # Of a network that grows, one position of each prefix; most are of the last one.
            positions = 1 if model.network.extends else model.n_sites
            needed = 4 ** (model.n_sites - 1) * of_row * positions // model.n_sites
        if self.natural_gradient is not None:
            sizes = [math.prod(variable.shape) for variable in model.trainable_variables]
            in_pieces = needed if self.every_outcome else of_row
            needed = in_pieces + bytes_of_equations(n_rows, sum(sizes))
        return needed

    def loss(self, model: keras.Model, batch: Any, training: bool) -> Any:
        """Returns the size of the residual of the equation that is solved in this epoch."""
        if self.natural_gradient is not None:
            return self._followed(model, batch["uniforms"])
        if self.every_outcome:
            return self._sum_over_outcomes(log_table(model))
        outcomes = ops.stop_gradient(model.sample(batch["uniforms"]))
        value, gradients = self._chosen(
            lambda: self._estimated(self.steady, model, outcomes, 0.0),
            lambda: self._estimated(
                self.step_of_time, model, outcomes, self._known(model, outcomes)
            ),
        )
        return with_gradients(value, gradients, model.trainable_variables)

    def training_batches(self, start_step: int, input_context: Any) -> Any:
        """Returns the stream of random numbers from `start_step` on."""
        return self.source.dataset(start_step, input_context=input_context)

    def validate(self, model: keras.Model) -> dict[str, float]:
        """Returns the time, the Pauli matrices averaged over sites, and how far they are off."""
        epoch = int(self._epochs_done.numpy()) + 1
        loss, means = self._listed_means() if self.every_outcome else self._sampled_means()
        values = {"loss": loss, "time": float(self.plan.times[epoch]), **means}
        if self.exact is not None:
            exact = dict(zip(DIRECTIONS, self.exact[epoch].tolist(), strict=True))
            values |= {f"exact_{name}": value for name, value in exact.items()}
            values["distance"] = max(abs(means[name] - exact[name]) for name in DIRECTIONS)
        return values

    def end_epoch(self, model: keras.Model) -> None:
        """Makes the distribution that was found the start of the next step of time."""
        self._set_start(model)
        self._epochs_done.assign(self._epochs_done.value + 1)

    def figures(self, model: keras.Model) -> dict[str, np.ndarray]:
        """Draws nothing; curves are scalars of TensorBoard, beside the exact ones."""
        return {}

    def explain_data_loss(self, error: Exception) -> None:
        """Has no files to blame."""

    def _set_start(self, model: keras.Model) -> None:
        if self.every_outcome:
            self._start[0].assign(self._advance())
            return
        for old, new in zip(self._start, model.trainable_variables, strict=True):
            old.assign(new.value)

    def _chosen(self, steady: Callable[[], Any], step: Callable[[], Any]) -> Any:
        """Returns one of two results; where the plan has one kind only, it alone is compiled."""
        if self.plan.n_steady == 0:
            return step()
        if self.plan.n_steady == self.plan.n_epochs:
            return steady()
        return ops.cond(self._epochs_done < self.plan.n_steady, steady, step)

    def _sum_over_outcomes(self, logs: Any) -> Any:
        known = ops.convert_to_tensor(self._start[0].value)
        return self._chosen(
            lambda: self.steady.of_table(logs),
            lambda: self.step_of_time.of_table(logs, known),
        )

    def _followed(self, model: keras.Model, uniforms: Any) -> Any:
        """Returns the size of the residuals; its gradient is the one that the outcomes follow."""
        run = compiled(
            lambda uniforms: self._wanted(model, uniforms),
            variables=[*model.variables, *self.state],
            xla=self.xla,
        )
        outcomes, falls, shares, size = run(uniforms)
        gradients = self.natural_gradient.followed(
            lambda outcomes: [model(outcomes)],
            outcomes,
            [falls],
            shares,
            model.trainable_variables,
            has_loops=model.network.recurrent,
            at_once=gradient_rows_at_once(model),
        )
        return with_gradients(size, gradients, model.trainable_variables)

    def _wanted(self, model: keras.Model, uniforms: Any) -> tuple[Any, Any, Any, Any]:
        """Returns outcomes, by how much log p shall fall, their shares, the size of residuals.

        Where a steady state is sought, log p moves on by 2 tau.
        """
        if not self.every_outcome:
            outcomes = model.sample(uniforms)
            ratios = self._ratios_of_samples(model, outcomes)
            shares = self._equal_shares(ratios.dtype)
            change = WantedChange.of(ratios, shares)
            # What samples count for is their number: a few must not rule.
            return outcomes, change.falls, shares, change.size
        change = self._change_of_table(log_table(model))
        if not self._follows_samples:
            return all_outcomes(model.n_sites), change.falls, change.shares, change.size
        # Ratios stay exact; weights follow them at some outcomes, drawn anew at each step.
        drawn = systematic_sample(ops.log(change.shares), self.batch_size, uniforms[0, 0])
        falls = ops.take(change.falls, drawn)
        rows = outcomes_of_numbers(drawn, model.n_sites)
        return rows, falls, self._equal_shares(falls.dtype), change.size

    def _change_of_table(self, logs: Any) -> WantedChange:
        table = ops.exp(ops.cast(logs, "float64"))
        return WantedChange.of(
            self._chosen(
                lambda: -2.0 * self.plan.tau * self.steady.ratios_of_table(logs),
                lambda: 1.0 - self._solved(table) / table,
            ),
            table,
        )

    def _solved(self, table: Any) -> Any:
        """Returns p(t + 2 tau) from an estimate of it, better by as many orders of tau.

        One order would not do: outcomes that are impossible may become possible in the second.
        """
        known = ops.convert_to_tensor(self._start[0].value)
        for _ in range(N_CORRECTIONS):
            table = known + self.plan.tau * self.generator.applied(table)
        return table

    def _ratios_of_samples(self, model: keras.Model, outcomes: Any) -> Any:
        along = -2.0 * self.plan.tau
        return self._chosen(
            lambda: along * self.steady.ratios_of_samples(model, outcomes),
            lambda: self.step_of_time.ratios_of_samples(
                model, outcomes, self._known(model, outcomes)
            ),
        )

    def _equal_shares(self, dtype: Any) -> Any:
        return ops.full((self.batch_size,), 1.0 / self.batch_size, dtype)

    def _known(self, model: keras.Model, outcomes: Any) -> Any:
        return advanced_ratios(self.generator, self._old, model, outcomes, self.plan.tau)

    def _estimated(
        self, objective: Objective, model: keras.Model, outcomes: Any, known: Any
    ) -> tuple[Any, list[Any]]:
        value, *weights = objective.of_samples(model, outcomes, known)
        gradients = accumulated_gradients(
            lambda piece: objective.surrogate(model, outcomes, weights, piece),
            objective.n_pieces,
            model.trainable_variables,
        )
        return value, gradients

    def _measurement(self, model: keras.Model, uniforms: Any) -> tuple[Any, Any]:
        """Returns the loss and the probabilities of all outcomes, or both of samples."""
        if self.every_outcome:
            logs = log_table(model)
            return self._sum_over_outcomes(logs), ops.exp(logs)
        outcomes = model.sample(uniforms)
        sizes = self._chosen(
            lambda: self.steady.sizes_of_samples(model, outcomes),
            lambda: self.step_of_time.sizes_of_samples(
                model, outcomes, self._known(model, outcomes)
            ),
        )
        return sizes, outcomes

    def _listed_means(self) -> tuple[float, dict[str, float]]:
        loss, table = self._measured(ops.zeros((1, 1)))
        return float(loss), self.observables.exact_means(np.asarray(table))

    def _sampled_means(self) -> tuple[float, dict[str, float]]:
        rng = np.random.default_rng([self.seed, VALIDATION_STREAM])
        dtype, collected = np.dtype(self.source.dtype), []
        for start in range(0, self.n_validation, self.batch_size):
            uniforms = rng.random((self.source.shape[0], self.batch_size), dtype)
            found = self._measured(ops.convert_to_tensor(uniforms))
            collected.append([np.asarray(part)[: self.n_validation - start] for part in found])
        sizes, outcomes = (np.concatenate(parts) for parts in zip(*collected, strict=True))
        loss = Estimate.of(sizes)
        found = self.observables.means(outcomes)
        means = {name: estimate.mean for name, estimate in found.items()}
        errors = {f"{name}_error": estimate.error for name, estimate in found.items()}
        return loss.mean, {"loss_error": loss.error, **means, **errors}
