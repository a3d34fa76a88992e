"""What a training run can be told, with its defaults and its rules."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Annotated

from qtf.checks import (
    COUNT,
    COUNT_OR_0,
    FINITE,
    FLAG,
    FRACTION,
    POSITIVE,
    SEED,
    OneOf,
    check,
)
from qtf.settings import Settings
from qtf.training.optimizers import OptimizerSettings

# For small differences of large numbers, for which bfloat16 has too few digits.
FULL_PRECISIONS = ("float32", "float64")
PRECISIONS = (*FULL_PRECISIONS, "mixed_bfloat16")
STRATEGIES = ("one_device", "mirrored", "multi_worker")


@dataclass(frozen=True)
class TrainingSettings(Settings, section="training"):
    """How long, where and how a run trains, and what it writes.

    Attributes:
        n_epochs: Number of epochs.
        extend: Epochs after those, with the last learning rate of the schedule.
        steps_per_epoch: Optimiser steps an epoch.
        average_last: Share of all steps, at the end of the training, over which weights are
            averaged. Validations and the result use the average, while the steps continue from
            the last weights; 0: no average.
        seed: Seed of weights, data order and dropout.
        strategy: Devices: "one_device", "mirrored" (all of this machine) or "multi_worker"
            (the processes named in TF_CONFIG).
        precision: Precision of weights and activations.
        xla: Whether forward and backward pass are compiled by XLA.
        monitor: Validation metric whose lowest value marks the best weights.
        patience: Epochs without a new best before training stops; 0: never.
        log_every_steps: Steps between two rows of metrics.
        validate_every_epochs: Epochs between two validations.
        checkpoint_every_minutes: Minutes between checkpoints beside those at each
            validation.
        histograms_every_epochs: Epochs between weight histograms; 0: never.
        figures_every_epochs: Epochs between figures; 0: never.
        stop_metric: Validation metric that ends the training once it is below `stop_below`.
        stop_below: Value of `stop_metric` that ends the training; 0: never.
        optimizer: The optimiser and its learning rate.
    """

    n_epochs: Annotated[int, COUNT] = 1
    extend: Annotated[int, COUNT_OR_0] = 0
    steps_per_epoch: Annotated[int, COUNT] = 1000
    average_last: Annotated[float, FRACTION] = 0.0
    seed: Annotated[int, SEED] = 0
    strategy: Annotated[str, OneOf(STRATEGIES)] = "one_device"
    precision: Annotated[str, OneOf(PRECISIONS)] = "float32"
    xla: Annotated[bool, FLAG] = True
    monitor: str = "loss"
    patience: Annotated[int, COUNT_OR_0] = 0
    stop_metric: str = "loss"
    stop_below: Annotated[float, FINITE] = 0.0
    log_every_steps: Annotated[int, COUNT] = 50
    validate_every_epochs: Annotated[int, COUNT] = 1
    checkpoint_every_minutes: Annotated[float, POSITIVE] = 5.0
    histograms_every_epochs: Annotated[int, COUNT_OR_0] = 0
    figures_every_epochs: Annotated[int, COUNT_OR_0] = 0
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)

    @property
    def last_epoch(self) -> int:
        """Number of epochs of the whole run."""
        return self.n_epochs + self.extend

    @property
    def n_steps(self) -> int:
        """Optimiser steps of the whole run."""
        return self.last_epoch * self.steps_per_epoch

    @property
    def n_scheduled(self) -> int:
        """Optimiser steps without the extension, those of the schedule of the learning rate."""
        return self.n_epochs * self.steps_per_epoch

    def check_metrics(self, names: Collection[str]) -> None:
        """Checks that `monitor` and `stop_metric` are metrics of what is trained.

        Args:
            names: Names of its metrics.

        Raises:
            ValueError: One is not.
        """
        for key in ("monitor", "stop_metric"):
            check(f"training.{key}", getattr(self, key), OneOf(names))
