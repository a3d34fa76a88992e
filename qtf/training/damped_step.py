"""Optimiser steps that are taken back and tried again where they went wrong."""

from collections.abc import Sequence
from typing import Any, Protocol

import keras
import numpy as np
from keras import ops

from qtf.training.damping import Damping
from qtf.training.engine import Step

MAX_TRIES = 12


class Judge(Protocol):
    """Tells good steps from bad ones."""

    def accepts(self, loss: float, rate: float) -> bool:
        """Tells whether the step that has just been taken may stand.

        Args:
            loss: Before the step.
            rate: Learning rate.
        """


class DampedStep:
    """Takes steps; takes back those that went wrong and tries them again with more damping.

    A step went wrong if the loss or the gradient is not finite, or if the judge says so. If
    no damping helps, nothing has changed, and the next step starts without any.

    Args:
        step: What takes a single step.
        judge: Looks at each.
        damping: Hardened after each step that went wrong, eased after each good one.
        optimizer: Of the step; part of what is taken back.
        variables: What else a step changes: weights, and the state of a direction.
    """

    def __init__(
        self,
        step: Step,
        judge: Judge,
        damping: Damping,
        optimizer: keras.optimizers.Optimizer,
        variables: Sequence[keras.Variable],
    ) -> None:
        self.step = step
        self.judge = judge
        self.damping = damping
        self.optimizer = optimizer
        # The damping itself stays as it is when a step is taken back.
        self._changed = [
            variable
            for variable in (*variables, *optimizer.variables)
            if variable is not damping.factor
        ]

    def __call__(
        self, batch: Any, *, stop: bool = False, save: bool = False
    ) -> tuple[float, bool, bool, bool]:
        """Takes one step that went well; arguments and result are those of a `TrainingStep`."""
        before = [ops.copy(variable.value) for variable in self._changed]
        for _ in range(MAX_TRIES):
            rate = float(np.asarray(self.optimizer.learning_rate))
            loss, finite, stop, save = self.step(batch, stop=stop, save=save)
            if finite and self.judge.accepts(loss, rate):
                self.damping.ease()
                return loss, True, stop, save
            for variable, value in zip(self._changed, before, strict=True):
                variable.assign(value)
            self.damping.harden()
        self.damping.release()
        return loss, finite, stop, save
