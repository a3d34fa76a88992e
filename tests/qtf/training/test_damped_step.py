import keras
import numpy as np
import pytest

from qtf.training.damped_step import MAX_TRIES, DampedStep
from qtf.training.damping import Damping


class Parabola:
    """Newton's method for |x|^1.5, whose step is three times as long as it should be."""

    def __init__(self, start, *, poison=0.0):
        self.x = keras.Variable(start, dtype="float64")
        self.optimizer = keras.optimizers.SGD(1.0)
        self.optimizer.build([self.x])
        self.damping = Damping()
        self.poison = poison
        self.calls = 0

    @property
    def loss(self):
        return float(np.abs(self.x.numpy()) ** 1.5)

    def __call__(self, batch, *, stop=False, save=False):
        self.calls += 1
        loss = self.loss
        damping = float(self.damping.factor.value)
        step = 3.0 * self.x.numpy() / damping
        finite = damping > self.poison
        self.optimizer.apply([keras.ops.convert_to_tensor(step if finite else np.nan)], [self.x])
        return loss, finite, stop, save

    def accepts(self, loss, rate):
        assert rate == 1.0
        return self.loss <= loss

    def damped(self):
        return DampedStep(self, self, self.damping, self.optimizer, [self.x, self.damping.factor])


def test_a_step_that_raises_the_loss_is_taken_back_and_tried_with_more_damping():
    problem = Parabola(2.0)
    loss, finite, stop, save = problem.damped()(None, stop=True)
    assert (loss, finite, stop, save) == (2.0**1.5, True, True, False)
    assert problem.calls == 2
    # From the start again: 2 - 3 * 2 / 10.
    assert problem.x.numpy() == pytest.approx(1.4)
    assert int(problem.optimizer.iterations.numpy()) == 1
    assert float(problem.damping.factor.value) == pytest.approx(10.0 / 3.0)


def test_damping_eases_after_good_steps_down_to_one():
    problem = Parabola(2.0)
    step = problem.damped()
    for _ in range(40):
        step(None)
    assert problem.loss < 1e-6
    assert 1.0 <= float(problem.damping.factor.value) <= 10.0


def test_what_is_not_finite_is_taken_back():
    problem = Parabola(2.0, poison=50.0)
    _, finite, _, _ = problem.damped()(None)
    assert finite
    assert problem.calls == 3
    assert problem.x.numpy() == pytest.approx(2.0 - 6.0 / 100.0)


def test_where_no_damping_helps_nothing_has_changed():
    problem = Parabola(2.0, poison=1e30)
    _, finite, _, _ = problem.damped()(None)
    assert not finite
    assert problem.calls == MAX_TRIES
    assert problem.x.numpy() == 2.0
    assert float(problem.damping.factor.value) == 1.0
