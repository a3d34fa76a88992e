"""The tables of optimisers and of courses of the learning rate.

Keras is imported where one is made: settings are checked without it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import keras

    from qtf.training.settings import OptimizerSettings

    # A number, or a function of the step.
    Rate: TypeAlias = float | keras.optimizers.schedules.LearningRateSchedule


@dataclass(frozen=True)
class Schedule:
    """A course of the learning rate.

    Attributes:
        make: Makes it of the settings, the steps of an epoch and those of the whole run.
        lowers_by_factor: Whether it multiplies by `decay`, which is at most 1 then.
        has_floor: Whether it ends at `floor`.
    """

    make: "Callable[[OptimizerSettings, int, int], Rate]"
    lowers_by_factor: bool = False
    has_floor: bool = False


def _make_adam(settings: "OptimizerSettings", rate: "Rate") -> "keras.optimizers.Optimizer":
    import keras

    return keras.optimizers.Adam(
        rate, beta_1=settings.beta_1, beta_2=settings.beta_2, epsilon=settings.epsilon
    )


def _make_sgd(settings: "OptimizerSettings", rate: "Rate") -> "keras.optimizers.Optimizer":
    import keras

    return keras.optimizers.SGD(rate)


def _make_exponential(settings: "OptimizerSettings", steps_per_epoch: int, n_steps: int) -> "Rate":
    from qtf.training.schedules import ExponentialWithFloor

    return ExponentialWithFloor(
        learning_rate=settings.learning_rate,
        decay=settings.decay,
        floor=settings.floor,
        steps_per_epoch=steps_per_epoch,
    )


def _make_cosine(settings: "OptimizerSettings", steps_per_epoch: int, n_steps: int) -> "Rate":
    from qtf.training.schedules import WarmupCosine

    return WarmupCosine(
        learning_rate=settings.learning_rate,
        floor=settings.floor,
        warmup_steps=settings.warmup_steps,
        n_steps=n_steps,
    )


def _make_inverse_sqrt(settings: "OptimizerSettings", steps_per_epoch: int, n_steps: int) -> "Rate":
    from qtf.training.schedules import InverseSqrt

    return InverseSqrt(learning_rate=settings.learning_rate, decay=settings.decay)


def _make_last_third_lower(
    settings: "OptimizerSettings", steps_per_epoch: int, n_steps: int
) -> "Rate":
    from qtf.training.schedules import LastThirdLower

    return LastThirdLower(
        learning_rate=settings.learning_rate,
        decay=settings.decay,
        steps_per_epoch=steps_per_epoch,
    )


# Each makes an optimiser of the settings and the learning rate.
OPTIMIZERS: "dict[str, Callable[[OptimizerSettings, Rate], keras.optimizers.Optimizer]]" = {
    "adam": _make_adam,
    "sgd": _make_sgd,
}
SCHEDULES = {
    "constant": Schedule(lambda settings, steps_per_epoch, n_steps: settings.learning_rate),
    "exponential": Schedule(_make_exponential, lowers_by_factor=True, has_floor=True),
    "cosine": Schedule(_make_cosine, has_floor=True),
    "inverse_sqrt": Schedule(_make_inverse_sqrt),
    "last_third_lower": Schedule(_make_last_third_lower, lowers_by_factor=True),
}
