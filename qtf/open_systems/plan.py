"""What is solved, epoch by epoch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import keras
import numpy as np
from keras import ops

from qtf.checks import COUNT, POSITIVE, Number, OneOf, check_arguments
from qtf.open_systems.objectives import forward_backward, steady_state
from qtf.open_systems.povm_liouvillian import PovmLiouvillian
from qtf.open_systems.rules import RULES
from qtf.typing import Array

T = TypeVar("T")


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
        rule: Of a step of time, one of `RULES`.

    Raises:
        ValueError: `tau` is not positive, the rule unknown, or `n_steady` not from 0 to
            `n_epochs`.
    """

    tau: float
    n_epochs: int
    n_steady: int = 0
    norm: str = "l1"
    rule: str = "trapezoid"

    def __post_init__(self) -> None:
        check_arguments(POSITIVE, tau=self.tau)
        check_arguments(OneOf(RULES), rule=self.rule)
        check_arguments(COUNT, n_epochs=self.n_epochs)
        check_arguments(Number(least=0, most=self.n_epochs, integer=True), n_steady=self.n_steady)

    @property
    def times(self) -> Array:
        """Time after each epoch and before the first, (n_epochs + 1,)."""
        steps = np.arange(self.n_epochs + 1) - self.n_steady
        return 2.0 * self.tau * np.maximum(0, steps)


class PlannedEquation:
    """The equation of the epoch in work: that of the steady state, or of a step of time.

    Args:
        liouvillian: Generator of the probability equation.
        plan: Which epoch solves what.

    Attributes:
        steady: Objective of the steady state.
        step_of_time: Objective of a step of time.
        epochs_done: Variable that counts the epochs, int32.
    """

    def __init__(self, liouvillian: PovmLiouvillian, plan: Plan) -> None:
        self.liouvillian = liouvillian
        self.plan = plan
        self.tau = plan.tau
        self.steady = steady_state(liouvillian, plan.norm)
        self.step_of_time = forward_backward(liouvillian, plan.tau, plan.norm, rule=plan.rule)
        self.epochs_done = keras.Variable(0, trainable=False, dtype="int32", name="epochs_done")

    @property
    def epoch(self) -> int:
        """Number of epochs done."""
        return int(np.array(self.epochs_done))

    @property
    def is_step_of_time(self) -> bool:
        """Whether the epoch in work solves a step of time."""
        return self.epoch >= self.plan.n_steady

    def choose(self, steady: Callable[[], T], step: Callable[[], T]) -> T:
        """Returns one of two results; where the plan has one kind only, it alone is compiled."""
        if self.plan.n_steady == 0:
            return step()
        if self.plan.n_steady == self.plan.n_epochs:
            return steady()
        return ops.cond(self.epochs_done < self.plan.n_steady, steady, step)

    def end_epoch(self) -> None:
        """Goes on to the next epoch."""
        self.epochs_done.assign(self.epochs_done.value + 1)
