"""The optimiser and its learning rate as a function of the step."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("qtf")
class ExponentialWithFloor(keras.optimizers.schedules.LearningRateSchedule):
    """max(floor, learning_rate * decay**epoch), constant within an epoch.

    Args:
        learning_rate: Learning rate of the first epoch.
        decay: Factor an epoch.
        floor: Lowest learning rate.
        steps_per_epoch: Optimiser steps an epoch.

    Source: zhang2020, appendix B.
    """

    def __init__(
        self, *, learning_rate: float, decay: float, floor: float, steps_per_epoch: int
    ) -> None:
        self.learning_rate = learning_rate
        self.decay = decay
        self.floor = floor
        self.steps_per_epoch = steps_per_epoch

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate at `step`."""
        epoch = ops.cast(step // self.steps_per_epoch, "float32")
        return ops.maximum(self.floor, self.learning_rate * ops.power(self.decay, epoch))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this schedule again."""
        return dict(vars(self))


@keras.saving.register_keras_serializable("qtf")
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Linear rise over `warmup_steps`, then half a cosine down to `floor`.

    Args:
        learning_rate: Highest learning rate, reached at the end of the warm-up.
        floor: Learning rate at `n_steps` and after.
        warmup_steps: Steps of the rise.
        n_steps: Steps of the whole run.

    Source: Loshchilov and Hutter, ICLR 2017, eq. (5), without restarts.
    """

    def __init__(
        self, *, learning_rate: float, floor: float, warmup_steps: int, n_steps: int
    ) -> None:
        self.learning_rate = learning_rate
        self.floor = floor
        self.warmup_steps = warmup_steps
        self.n_steps = n_steps

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate at `step`."""
        step = ops.cast(step, "float32")
        rise = ops.minimum(1.0, (step + 1.0) / max(self.warmup_steps, 1))
        rest = max(self.n_steps - self.warmup_steps, 1)
        done = ops.clip((step - self.warmup_steps) / rest, 0.0, 1.0)
        cosine = 0.5 * (1.0 + ops.cos(3.141592653589793 * done))
        return rise * (self.floor + (self.learning_rate - self.floor) * cosine)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this schedule again."""
        return dict(vars(self))


@keras.saving.register_keras_serializable("qtf")
class LastThirdLower(keras.optimizers.schedules.LearningRateSchedule):
    """Constant, but multiplied by `decay` in the last third of every epoch.

    Args:
        learning_rate: Learning rate of the first two thirds.
        decay: Factor of the last.
        steps_per_epoch: Optimiser steps an epoch.

    Source: Luo et al., Phys. Rev. Lett. 128, 090501 (2022), 120 steps halved from the 80th on.
    """

    def __init__(self, *, learning_rate: float, decay: float, steps_per_epoch: int) -> None:
        self.learning_rate = learning_rate
        self.decay = decay
        self.steps_per_epoch = steps_per_epoch

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate at `step`."""
        late = 3 * (step % self.steps_per_epoch) >= 2 * self.steps_per_epoch
        return ops.where(late, self.decay * self.learning_rate, self.learning_rate)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this schedule again."""
        return dict(vars(self))


@keras.saving.register_keras_serializable("qtf")
class InverseSqrt(keras.optimizers.schedules.LearningRateSchedule):
    """learning_rate / sqrt(1 + decay * step).

    Args:
        learning_rate: Learning rate of the first step.
        decay: How fast it falls.

    Source: roth2020, appendix C.
    """

    def __init__(self, *, learning_rate: float, decay: float) -> None:
        self.learning_rate = learning_rate
        self.decay = decay

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate at `step`."""
        step = ops.cast(step, "float32")
        return self.learning_rate / ops.sqrt(1.0 + self.decay * step)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this schedule again."""
        return dict(vars(self))


@keras.saving.register_keras_serializable("qtf")
class Delayed(keras.optimizers.schedules.LearningRateSchedule):
    """Another schedule that begins at a later step, for an optimiser that counts on.

    Args:
        schedule: The other one.
        first_step: Step that counts as its step 0.
    """

    def __init__(
        self, *, schedule: keras.optimizers.schedules.LearningRateSchedule, first_step: int
    ) -> None:
        self.schedule = schedule
        self.first_step = first_step

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate at `step`."""
        return self.schedule(ops.maximum(step - self.first_step, 0))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this schedule again."""
        return _with_inner(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Delayed":
        """Makes the schedule from `get_config`."""
        return cls(**_made_inner(config))


@keras.saving.register_keras_serializable("qtf")
class Held(keras.optimizers.schedules.LearningRateSchedule):
    """Another schedule that stops where it is at a step.

    Args:
        schedule: The other one.
        last_step: Step whose learning rate all further ones have.
    """

    def __init__(
        self, *, schedule: keras.optimizers.schedules.LearningRateSchedule, last_step: int
    ) -> None:
        self.schedule = schedule
        self.last_step = last_step

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate at `step`."""
        return self.schedule(ops.minimum(step, self.last_step))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this schedule again."""
        return _with_inner(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Held":
        """Makes the schedule from `get_config`."""
        return cls(**_made_inner(config))


def _with_inner(schedule: Delayed | Held) -> dict[str, Any]:
    inner = keras.saving.serialize_keras_object(schedule.schedule)
    return {**vars(schedule), "schedule": inner}


def _made_inner(config: dict[str, Any]) -> dict[str, Any]:
    return {**config, "schedule": keras.saving.deserialize_keras_object(config["schedule"])}
