"""Optimiser steps that are taken back and tried again where they went wrong."""

from collections.abc import Sequence
from typing import Any, Protocol

import keras
import tensorflow as tf

from qtf.training.damping import Damping

MAX_TRIES = 8


class Step(Protocol):
    """A `TrainingStep`, or what behaves like one."""

    def __call__(
        self, batch: Any, *, stop: bool = False, save: bool = False
    ) -> tuple[float, bool, bool, bool]:
        """Takes one step."""


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
            variable.value
            for variable in (*variables, *optimizer.variables)
            if variable is not damping.factor
        ]
        self._kept = [tf.Variable(value, trainable=False) for value in self._changed]
        self._keep = tf.function(lambda: _assign(self._kept, self._changed), autograph=False)
        self._put_back = tf.function(lambda: _assign(self._changed, self._kept), autograph=False)

    def __call__(
        self, batch: Any, *, stop: bool = False, save: bool = False
    ) -> tuple[float, bool, bool, bool]:
        """Takes one step that went well; arguments and result are those of a `TrainingStep`."""
        self._keep()
        for _ in range(MAX_TRIES):
            rate = float(self.optimizer.learning_rate)
            loss, finite, stop, save = self.step(batch, stop=stop, save=save)
            if finite and self.judge.accepts(loss, rate):
                self.damping.ease()
                return loss, True, stop, save
            self._put_back()
            self.damping.harden()
        self.damping.release()
        return loss, finite, stop, save


def _assign(targets: Sequence[tf.Variable], values: Sequence[tf.Variable]) -> None:
    for target, value in zip(targets, values, strict=True):
        target.assign(value)
