"""What a training run can be told, with its defaults and its rules."""

from dataclasses import dataclass, field, fields
from typing import Any

# For small differences of large numbers, for which bfloat16 has too few digits.
FULL_PRECISIONS = ("float32", "float64")
PRECISIONS = (*FULL_PRECISIONS, "mixed_bfloat16")
STRATEGIES = ("one_device", "mirrored", "multi_worker")
OPTIMIZERS = ("adam", "sgd")
SCHEDULES = ("constant", "exponential", "cosine", "inverse_sqrt", "last_third_lower")


@dataclass(frozen=True)
class OptimizerSettings:
    """The optimiser and its learning rate.

    Attributes:
        name: "adam" or "sgd", plain gradient descent, which has no other setting than its
            learning rate and `clip_norm`.
        learning_rate: Initial (or, after a warm-up, highest) learning rate.
        schedule: "constant"; "exponential": multiplied by `decay` once an epoch, not
            below `floor`; "cosine": linear warm-up, then half a cosine to `floor`;
            "inverse_sqrt": divided by sqrt(1 + `decay` * step); "last_third_lower":
            multiplied by `decay` in the last third of every epoch.
        decay: Factor of the schedules that have one, or how fast the inverse square root falls
            a step.
        floor: Lowest learning rate.
        warmup_steps: Steps of the linear warm-up before the cosine.
        beta_1: Decay rate of the first moment.
        beta_2: Decay rate of the second moment.
        epsilon: Added to the root of the second moment. Gradients of accurate models are
            tiny: as large as they are, it slows the training down.
        clip_norm: Largest global norm of the gradient; 0 means no clipping.
    """

    name: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "constant"
    decay: float = 0.95
    floor: float = 0.0
    warmup_steps: int = 0
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    clip_norm: float = 0.0

    def __post_init__(self) -> None:
        """Checks every rule.

        Raises:
            ValueError: A setting is out of range or unknown.
        """
        _check_one_of("optimizer.name", self.name, OPTIMIZERS)
        _check_one_of("optimizer.schedule", self.schedule, SCHEDULES)
        _check_positive("optimizer.learning_rate", self.learning_rate)
        _check_positive("optimizer.decay", self.decay)
        _check_positive("optimizer.epsilon", self.epsilon)
        for name in ("floor", "warmup_steps", "clip_norm"):
            _check_not_negative(f"optimizer.{name}", getattr(self, name))


@dataclass(frozen=True)
class TrainingSettings:
    """How long, where and how a run trains, and what it writes.

    Attributes:
        n_epochs: Number of epochs.
        steps_per_epoch: Optimiser steps an epoch.
        seed: Seed of weights, data order and dropout.
        strategy: "one_device", "mirrored" (all devices of this machine) or
            "multi_worker" (the processes named in TF_CONFIG).
        precision: "float32", "float64" or "mixed_bfloat16".
        xla: Whether forward and backward pass are compiled by XLA.
        monitor: Validation metric whose lowest value marks the best weights.
        patience: Epochs without a new best before training stops; 0 means never.
        log_every_steps: Steps between two rows of metrics.
        validate_every_epochs: Epochs between two validations.
        checkpoint_every_minutes: Minutes between checkpoints beside those at each
            validation.
        histograms_every_epochs: Epochs between weight histograms; 0 means never.
        figures_every_epochs: Epochs between figures; 0 means never.
        stop_metric: Validation metric that ends the training once it is below `stop_below`.
        stop_below: The value; 0 means never.
        optimizer: The optimiser and its learning rate.
    """

    n_epochs: int = 1
    steps_per_epoch: int = 1000
    seed: int = 0
    strategy: str = "one_device"
    precision: str = "float32"
    xla: bool = True
    monitor: str = "loss"
    patience: int = 0
    stop_metric: str = "loss"
    stop_below: float = 0.0
    log_every_steps: int = 50
    validate_every_epochs: int = 1
    checkpoint_every_minutes: float = 5.0
    histograms_every_epochs: int = 0
    figures_every_epochs: int = 0
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)

    def __post_init__(self) -> None:
        """Checks every rule.

        Raises:
            ValueError: A setting is out of range or unknown.
        """
        _check_one_of("training.strategy", self.strategy, STRATEGIES)
        _check_one_of("training.precision", self.precision, PRECISIONS)
        for name in (
            "n_epochs",
            "steps_per_epoch",
            "log_every_steps",
            "validate_every_epochs",
            "checkpoint_every_minutes",
        ):
            _check_positive(f"training.{name}", getattr(self, name))
        for name in (
            "seed",
            "patience",
            "histograms_every_epochs",
            "figures_every_epochs",
        ):
            _check_not_negative(f"training.{name}", getattr(self, name))

    @property
    def n_steps(self) -> int:
        """Optimiser steps of the whole run."""
        return self.n_epochs * self.steps_per_epoch

    @classmethod
    def from_mapping(cls, values: Any) -> "TrainingSettings":
        """Makes settings from nested mappings.

        Args:
            values: Keys are attribute names; `optimizer` is a mapping itself.

        Raises:
            ValueError: A key is unknown or a value is out of range.
        """
        values = dict(values)
        optimizer = dict(values.pop("optimizer", {}))
        _check_known("training", values, cls)
        _check_known("training.optimizer", optimizer, OptimizerSettings)
        return cls(optimizer=OptimizerSettings(**optimizer), **values)


def _check_known(prefix: str, values: dict[str, Any], settings: type) -> None:
    known = {entry.name for entry in fields(settings)}
    for key in values:
        if key not in known:
            raise ValueError(f"Unknown key `{prefix}.{key}`; known are {', '.join(sorted(known))}.")


def _check_one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f'Setting `{name}` must be one of {", ".join(known)}, but is "{value}".')


def _check_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"Setting `{name}` must be positive, but is {value}.")


def _check_not_negative(name: str, value: float) -> None:
    if not value >= 0:
        raise ValueError(f"Setting `{name}` must not be negative, but is {value}.")
