"""Makes the optimiser of a training."""

from typing import Any

import keras

from qtf.training.changes import Course
from qtf.training.optimizers import OPTIMIZERS, SCHEDULES, OptimizerSettings
from qtf.training.schedules import Delayed, Held
from qtf.training.settings import TrainingSettings


def learning_rate(settings: OptimizerSettings, steps_per_epoch: int, n_steps: int) -> Any:
    """Returns the learning rate, a number or a schedule, that `settings` ask for."""
    return SCHEDULES[settings.schedule].make(settings, steps_per_epoch, n_steps)


def rate_after(settings: TrainingSettings, fraction: float) -> float:
    """Returns the learning rate after a fraction of a training, without its extension.

    Args:
        settings: Of the training.
        fraction: From 0 to 1.
    """
    n_steps = settings.n_scheduled
    rate = learning_rate(settings.optimizer, settings.steps_per_epoch, n_steps)
    if not callable(rate):
        return float(rate)
    return float(keras.ops.convert_to_numpy(rate(fraction * n_steps)))


def make_optimizer(
    settings: TrainingSettings, *, first_step: int = 0, course: Course | None = None
) -> keras.optimizers.Optimizer:
    """Makes the optimiser that `settings` ask for.

    Args:
        settings: Its own and those of the training.
        first_step: Steps that it took in another training, before the schedule begins.
        course: Steps of the schedule; None: all of the training but its extension.
    """
    course = course or Course(0, settings.n_scheduled)
    rate = learning_rate(settings.optimizer, settings.steps_per_epoch, course.n_steps)
    if callable(rate):
        if not SCHEDULES[settings.optimizer.schedule].repeats:
            first_step += course.start
            if settings.n_steps > course.start + course.n_steps:
                rate = Held(schedule=rate, last_step=course.n_steps - 1)
        if first_step:
            rate = Delayed(schedule=rate, first_step=first_step)
    return OPTIMIZERS[settings.optimizer.name](settings.optimizer, rate)


def fixed_rate(optimizer: keras.optimizers.Optimizer) -> keras.Variable | None:
    """Returns the variable of a constant learning rate, or None where it follows a schedule."""
    rate = optimizer._learning_rate
    return rate if isinstance(rate, keras.Variable) else None
