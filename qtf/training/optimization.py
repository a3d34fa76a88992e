"""Makes the optimiser of a training."""

from typing import Any

import keras

from qtf.training.optimizers import OPTIMIZERS, SCHEDULES, OptimizerSettings
from qtf.training.schedules import Delayed
from qtf.training.settings import TrainingSettings


def learning_rate(settings: OptimizerSettings, steps_per_epoch: int, n_steps: int) -> Any:
    """Returns the learning rate, a number or a schedule, that `settings` ask for."""
    return SCHEDULES[settings.schedule].make(settings, steps_per_epoch, n_steps)


def make_optimizer(
    settings: TrainingSettings, *, first_step: int = 0
) -> keras.optimizers.Optimizer:
    """Makes the optimiser that `settings` ask for.

    Args:
        settings: Its own and those of the training.
        first_step: Steps that it took in another training, before the schedule begins.
    """
    rate = learning_rate(settings.optimizer, settings.steps_per_epoch, settings.n_steps)
    if first_step and callable(rate):
        rate = Delayed(schedule=rate, first_step=first_step)
    return OPTIMIZERS[settings.optimizer.name](settings.optimizer, rate)
