"""Means over samples of a distribution of outcomes."""

from collections.abc import Callable, Sequence
from typing import Protocol

import keras
import numpy as np
from keras import ops

from qtf.autoregressive.estimates import Estimate
from qtf.checks import SAMPLES, check_arguments
from qtf.open_systems.objectives import Objective, advance_ratios
from qtf.open_systems.observables import PauliObservables
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.plan import PlannedEquation
from qtf.open_systems.wanted_change import WantedChange
from qtf.streams import Stream
from qtf.training.compilation import compiled
from qtf.training.gradients import accumulated_gradients
from qtf.training.piecewise import BYTES_OF_GRADIENT
from qtf.training.surrogates import with_gradients
from qtf.typing import RandomSource, Tensor


class Outcomes(Protocol):
    """What the sums of a step are taken over.

    Attributes:
        has_errors: Whether measured means have error bars.
        n_rows: Outcomes whose log p a natural gradient follows.
        start: Variables that hold where the step of time in work starts.
    """

    has_errors: bool
    n_rows: int
    start: Sequence[keras.Variable]

    @property
    def interval(self) -> float:
        """Time of an epoch."""

    def numbers(self, number: int) -> Tensor:
        """Returns random numbers for samples in the epoch in work; others for each `number`."""

    def rates(self, uniforms: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns outcomes, d log p / dt of each, and their shares in a mean, float64."""

    def set_start(self) -> None:
        """Makes the distribution as it is the start of the next step of time."""

    def loss(self, uniforms: Tensor) -> Tensor:
        """Returns the objective of the epoch in work, to be differentiated."""

    def wanted_change(self, uniforms: Tensor) -> tuple[Tensor, WantedChange]:
        """Returns outcomes, int32 (n_rows, n_sites), and by how much their log p shall fall.

        Where a steady state is sought, log p moves on by 2 tau.
        """

    def judge(self, loss: float) -> bool | None:
        """Tells whether the last step has made residuals small enough; None: it cannot tell.

        Args:
            loss: Size of the residuals before the step.
        """

    def measure(self, observables: PauliObservables) -> dict[str, float]:
        """Returns the objective as "loss", <X>, <Y>, <Z> averaged over sites, and error bars."""

    def gradient_bytes(self) -> int:
        """Returns the memory of the objective's gradient that cannot be in pieces, roughly."""

    def change_bytes(self) -> int:
        """Returns the memory of the wanted change that cannot be in pieces, roughly."""


class Samples:
    """Samples of a distribution, drawn anew for each step.

    Args:
        model: The distribution.
        equation: What it solves.
        n_samples: Samples of a step.
        xla: Whether XLA compiles validations.
        make_distribution: Makes another one of the same kind, which keeps the start of a step.
        source: Random numbers of validations have its shape and dtype.
        n_validation: Samples of a validation.
        seed: Seed of the samples of validations.

    Raises:
        ValueError: A number of samples is below 2.
    """

    has_errors = True

    def __init__(
        self,
        model: OutcomeDistribution,
        equation: PlannedEquation,
        *,
        n_samples: int,
        xla: bool,
        make_distribution: Callable[[], OutcomeDistribution],
        source: RandomSource,
        n_validation: int,
        seed: int,
    ) -> None:
        check_arguments(SAMPLES, n_samples=n_samples, n_validation=n_validation)
        self.model = model
        self.equation = equation
        self.n_samples = n_samples
        self.n_rows = min(n_samples, 4**model.n_sites)
        self.source = source
        self.n_validation = n_validation
        self.seed = seed
        self._old = make_distribution()
        self._old.offsets = model.offsets
        self.start: Sequence[keras.Variable] = list(self._old.trainable_variables)
        variables = [*model.variables, equation.epochs_done, *self.start]
        self._measure = compiled(self._sizes_and_probabilities, variables=variables, xla=xla)

    def set_start(self) -> None:
        """Copies the weights."""
        for old, new in zip(self.start, self.model.trainable_variables, strict=True):
            old.assign(new.value)

    def loss(self, uniforms: Tensor) -> Tensor:
        """Returns the objective, estimated from samples, with the gradient of its estimate."""
        model = self.model
        outcomes = ops.stop_gradient(model.sample(uniforms))
        value, gradients = self.equation.choose(
            lambda: self._estimate(self.equation.steady, outcomes, 0.0),
            lambda: self._estimate(self.equation.step_of_time, outcomes, self._target(outcomes)),
        )
        return with_gradients(value, gradients, model.trainable_variables)

    def wanted_change(self, uniforms: Tensor) -> tuple[Tensor, WantedChange]:
        """Returns samples, and by how much their log p shall fall; all count alike."""
        outcomes = self.model.sample(uniforms)
        equation = self.equation
        ratios = equation.choose(
            lambda: -2.0 * equation.tau * equation.steady.ratios_of_samples(self.model, outcomes),
            lambda: equation.step_of_time.ratios_of_samples(
                self.model, outcomes, self._target(outcomes)
            ),
        )
        shares = ops.full((self.n_samples,), 1.0 / self.n_samples, ratios.dtype)
        change = WantedChange.of(ratios, shares)
        # What samples count for is their number: a few must not rule.
        return outcomes, WantedChange(change.falls, shares, change.size)

    @property
    def interval(self) -> float:
        """Time of an epoch."""
        return 2.0 * self.equation.tau

    def numbers(self, number: int) -> Tensor:
        """Returns random numbers for samples in the epoch in work."""
        rng = np.random.default_rng(
            [self.seed, Stream.OPEN_SYSTEM_RATES, self.equation.epoch, number]
        )
        shape = (self.source.shape[0], self.n_samples)
        return ops.convert_to_tensor(rng.random(shape, np.dtype(self.source.dtype)))

    def rates(self, uniforms: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns samples and their rates; all count alike."""
        outcomes = self.model.sample(uniforms)
        rates = self.equation.liouvillian.rates(self.model, outcomes)
        return outcomes, rates, ops.full((self.n_samples,), 1.0 / self.n_samples, "float64")

    def judge(self, loss: float) -> bool | None:
        """Does not tell: residuals of samples are noise."""
        return None

    def measure(self, observables: PauliObservables) -> dict[str, float]:
        """Returns estimates from samples apart from all of the training, with their errors."""
        rng = np.random.default_rng([self.seed, Stream.OPEN_SYSTEM_VALIDATION])
        dtype, collected = np.dtype(self.source.dtype), []
        for start in range(0, self.n_validation, self.n_samples):
            uniforms = rng.random((self.source.shape[0], self.n_samples), dtype)
            parts = self._measure(ops.convert_to_tensor(uniforms))
            collected.append([np.asarray(part)[: self.n_validation - start] for part in parts])
        sizes, probabilities = (np.concatenate(parts) for parts in zip(*collected, strict=True))
        loss = Estimate.of(sizes)
        estimates = observables.means_of_probabilities(probabilities)
        means = {name: estimate.mean for name, estimate in estimates.items()}
        errors = {f"{name}_error": estimate.error for name, estimate in estimates.items()}
        return {"loss": loss.mean, "loss_error": loss.error, **means, **errors}

    def gradient_bytes(self) -> int:
        """Returns the memory of gradients of the samples and of one move of each, roughly."""
        return 2 * self.n_rows * self.change_bytes()

    def change_bytes(self) -> int:
        """Returns the memory of the gradient of one sample, roughly: the others are in pieces."""
        return BYTES_OF_GRADIENT * self.model.evaluation_bytes

    def _target(self, outcomes: Tensor) -> Tensor:
        equation = self.equation
        return advance_ratios(equation.liouvillian, self._old, self.model, outcomes, equation.tau)

    def _estimate(
        self, objective: Objective, outcomes: Tensor, target: Tensor | float
    ) -> tuple[Tensor, list[Tensor]]:
        value, *weights = objective.of_samples(self.model, outcomes, target)
        gradients = accumulated_gradients(
            lambda piece: objective.surrogate(self.model, outcomes, weights, piece),
            objective.n_pieces,
            self.model.trainable_variables,
        )
        return value, gradients

    def _sizes_and_probabilities(self, uniforms: Tensor) -> tuple[Tensor, Tensor]:
        model, equation = self.model, self.equation
        outcomes, probabilities = model.sample_with_probabilities(uniforms)
        sizes = equation.choose(
            lambda: equation.steady.sizes_of_samples(model, outcomes),
            lambda: equation.step_of_time.sizes_of_samples(model, outcomes, self._target(outcomes)),
        )
        return sizes, probabilities
