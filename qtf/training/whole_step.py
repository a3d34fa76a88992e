"""Steps that a training takes by itself, of as many parts as they need."""

import math
from typing import Any, Protocol


class StepTaker(Protocol):
    """A training, as far as this room needs it."""

    def take_step(self) -> float:
        """Takes one step and returns its loss."""


class WholeStep:
    """Has a training take its steps, without the gradient of a loss or an optimiser.

    Args:
        training: What takes them.
    """

    def __init__(self, training: StepTaker) -> None:
        self.training = training

    def __call__(
        self, batch: Any, *, stop: bool = False, save: bool = False
    ) -> tuple[float, bool, bool, bool]:
        """Takes one; arguments and result are those of a `qtf.training.engine.Step`."""
        loss = self.training.take_step()
        return loss, math.isfinite(loss), stop, save
