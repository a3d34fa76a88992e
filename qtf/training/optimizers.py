"""The tables of optimisers and of courses of the learning rate, and what can be set of them.

Keras is imported where one is made: settings are checked without it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

from qtf.checks import COUNT_OR_0, FRACTION, NOT_NEGATIVE, POSITIVE, OneOf
from qtf.settings import Settings

if TYPE_CHECKING:
    import keras

    # A number, or a function of the step.
    Rate: TypeAlias = float | keras.optimizers.schedules.LearningRateSchedule


@dataclass(frozen=True)
class Schedule:
    """A course of the learning rate.

    Attributes:
        make: Makes it of the settings, the steps of an epoch and those of the whole run.
        lowers_by_factor: Whether it multiplies by `decay`, which is at most 1 then.
        has_floor: Whether it ends at `floor`.
        repeats: Whether every epoch has the same course.
    """

    make: "Callable[[OptimizerSettings, int, int], Rate]"
    lowers_by_factor: bool = False
    has_floor: bool = False
    repeats: bool = False


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
    "last_third_lower": Schedule(_make_last_third_lower, lowers_by_factor=True, repeats=True),
}


@dataclass(frozen=True)
class OptimizerSettings(Settings, section="training.optimizer"):
    """The optimiser and its learning rate.

    Attributes:
        name: Optimiser: "adam" or "sgd", plain gradient descent, which has no other setting than
            its learning rate and `clip_norm`.
        learning_rate: Initial (or, after a warm-up, highest) learning rate.
        schedule: Course of the learning rate. "constant"; "exponential": multiplied by `decay`
            once an epoch, not below `floor`; "cosine": linear warm-up, then half a cosine to
            `floor`;
            "inverse_sqrt": divided by sqrt(1 + `decay` * step); "last_third_lower":
            multiplied by `decay` in the last third of every epoch.
        decay: Factor of the schedules that have one, or how fast the inverse square root falls
            a step.
        floor: Lowest learning rate.
        warmup_steps: Steps of the linear warm-up before the cosine.
        beta_1: Decay rate of the first moment.
        beta_2: Decay rate of the second moment.
        epsilon: Number added to the root of the second moment. Gradients of accurate models are
            tiny, and an epsilon of their size slows the training down.
        clip_norm: Largest global norm of the gradient; 0: no clipping.
    """

    name: Annotated[str, OneOf(OPTIMIZERS)] = "adam"
    learning_rate: Annotated[float, POSITIVE] = 1e-3
    schedule: Annotated[str, OneOf(SCHEDULES)] = "constant"
    decay: Annotated[float, POSITIVE] = 0.95
    floor: Annotated[float, NOT_NEGATIVE] = 0.0
    warmup_steps: Annotated[int, COUNT_OR_0] = 0
    beta_1: Annotated[float, FRACTION] = 0.9
    beta_2: Annotated[float, FRACTION] = 0.999
    epsilon: Annotated[float, POSITIVE] = 1e-7
    clip_norm: Annotated[float, NOT_NEGATIVE] = 0.0

    def __post_init__(self) -> None:
        """Checks every rule."""
        super().__post_init__()
        schedule = SCHEDULES[self.schedule]
        if schedule.lowers_by_factor and self.decay > 1.0:
            raise ValueError(
                "Setting `training.optimizer.decay` must be at most 1 for the schedule"
                f' "{self.schedule}", but is {self.decay}.'
            )
        if schedule.has_floor and self.floor > self.learning_rate:
            raise ValueError(
                "Setting `training.optimizer.floor` must be at most"
                f" `training.optimizer.learning_rate` = {self.learning_rate}, but is {self.floor}."
            )
