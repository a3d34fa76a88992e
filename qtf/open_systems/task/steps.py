"""How a step makes residuals smaller: along a gradient, or by following them."""

import math
from collections.abc import Mapping, Sequence

import keras

from qtf.open_systems.directions import follow
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.task.samples import Outcomes
from qtf.training.compilation import compiled
from qtf.training.gradients import bytes_of_equations
from qtf.training.natural_gradient import NaturalGradient
from qtf.training.surrogates import with_gradients
from qtf.training.training import Step
from qtf.typing import Tensor


class ObjectiveGradient(Step):
    """Steps along the gradient of the objective.

    Args:
        model: The distribution.
        outcomes: What sums are taken over.
        variables: What the sums read beside the model.
        xla: Whether XLA compiles what is compiled by itself: nothing here.
    """

    remedy = "a smaller `training.optimizer.learning_rate` or `dynamics.tau`"

    def __init__(
        self,
        model: OutcomeDistribution,
        outcomes: Outcomes,
        variables: Sequence[keras.Variable],
        *,
        xla: bool = True,
    ) -> None:
        self.outcomes = outcomes

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Returns the objective."""
        return self.outcomes.loss(batch["uniforms"])

    def bytes(self) -> int:
        """Returns the memory of the gradient, roughly."""
        return self.outcomes.gradient_bytes()


class NaturalGradientStep(Step):
    """Steps that follow the residuals in the space of outcomes.

    Args:
        model: The distribution.
        outcomes: What sums are taken over.
        variables: What the sums read beside the model.
        diag_shift: Added to the diagonal of the equations.
        momentum: At least 0 and below 1.
        xla: Whether XLA compiles residuals and derivatives.

    Raises:
        ValueError: A number is out of range.
    """

    compiles_itself = True

    def __init__(
        self,
        model: OutcomeDistribution,
        outcomes: Outcomes,
        variables: Sequence[keras.Variable],
        *,
        diag_shift: float,
        momentum: float = 0.0,
        xla: bool = True,
    ) -> None:
        self.model = model
        self.outcomes = outcomes
        self.natural_gradient = NaturalGradient(model, diag_shift, momentum=momentum, xla=xla)
        self.state = self.natural_gradient.state
        self.damping = self.natural_gradient.damping
        self.remedy = (
            f"a larger `natural_gradient.diag_shift` (here {diag_shift:g}), a smaller"
            " `dynamics.tau` or `training.optimizer.learning_rate`, or another `start`"
        )
        self._wanted_change = compiled(
            self._flat_change, variables=[*model.variables, *variables], xla=xla
        )

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Returns the size of the residuals; its gradient is the one that the outcomes follow."""
        model = self.model
        rows, falls, shares, size = self._wanted_change(batch["uniforms"])
        gradients = follow(self.natural_gradient, model, rows, falls, shares)
        return with_gradients(size, gradients, model.trainable_variables)

    def accepts(self, loss: float, rate: float) -> bool:
        """Tells whether residuals have become small enough, or else whether the step was short."""
        verdict = self.outcomes.judge(loss)
        return self.natural_gradient.is_short(rate) if verdict is None else verdict

    def bytes(self) -> int:
        """Returns the memory of the equations and of what they are made of, roughly."""
        sizes = [math.prod(variable.shape) for variable in self.model.trainable_variables]
        equations = bytes_of_equations(self.outcomes.n_rows, sum(sizes))
        return self.outcomes.change_bytes() + equations

    def _flat_change(self, uniforms: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        rows, change = self.outcomes.wanted_change(uniforms)
        return rows, change.falls, change.shares, change.size
