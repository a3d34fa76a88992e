"""What the training loop asks of TensorFlow or JAX, whichever Keras runs on."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from qtf.training.progress import Progress
from qtf.training.settings import TrainingSettings
from qtf.training.training import Source, Training


class Step(Protocol):
    """One optimiser step on every replica."""

    def __call__(
        self, batch: Any, *, stop: bool = False, save: bool = False
    ) -> tuple[float, bool, bool, bool]:
        """Takes one step.

        Args:
            batch: Of `Engine.batches`.
            stop: Whether this process wants to stop after this step.
            save: Whether this process wants a checkpoint after this step.

        Returns:
            The loss averaged over replicas before the update; whether loss and gradients
            were finite on all replicas; whether any process wants to stop; whether any
            wants a checkpoint.
        """


class Checkpoints(Protocol):
    """Saves and restores everything that a run needs to go on."""

    def restore(self) -> bool:
        """Restores the newest checkpoint that can be read; tells whether there was one."""

    def start_from(self, folder: Path) -> None:
        """Takes weights, moments of the optimiser and the task's state from another run."""

    def save(self) -> None:
        """Saves now, under the number of the step."""


class Board(Protocol):
    """Curves and pictures of a run that are looked at in a browser."""

    def hyperparameters(self, step: int, values: dict[str, Any]) -> None:
        """Shows the configuration."""

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Adds a point to curves."""

    def histograms(self, step: int, variables: Sequence[keras.Variable]) -> None:
        """Adds a histogram of every variable."""

    def pictures(self, step: int, pictures: dict[str, np.ndarray]) -> None:
        """Shows pictures, uint8 (height, width, 3)."""

    def close(self) -> None:
        """Closes the files."""


class Profiler(Protocol):
    """Traces some steps."""

    def step(self, number: int) -> AbstractContextManager[None]:
        """Surrounds the optimiser step with this number, counted from 0."""

    def close(self) -> None:
        """Writes the trace if one is being taken."""


class Engine(Protocol):
    """Devices, steps, checkpoints and boards of one framework.

    Attributes:
        name: "tensorflow" or "jax".
        is_chief: Whether this process is the one that writes the run folder.
        is_alone: Whether one replica of one process trains.
        n_replicas: Replicas of all processes.
        worker: Name of this process for its own files.
        devices: Names of the devices, for the run folder.
        device_types: Their kinds, for the line at the start.
        data_errors: What broken data raise.
    """

    name: str
    is_chief: bool
    is_alone: bool
    n_replicas: int
    worker: str
    devices: tuple[str, ...]
    device_types: tuple[str, ...]
    data_errors: tuple[type[Exception], ...]

    def scope(self) -> AbstractContextManager[Any]:
        """Surrounds the making of model and optimiser."""

    def batches(self, source: Source, start_step: int) -> Iterator[Any]:
        """Returns the stream of batches of a source from a step on."""

    def make_step(
        self,
        training: Training,
        optimizer: keras.optimizers.Optimizer,
        settings: TrainingSettings,
    ) -> Step:
        """Returns what takes a step of a training."""

    def make_checkpoints(
        self,
        folder: Path,
        training: Training,
        optimizer: keras.optimizers.Optimizer,
        progress: Progress,
        *,
        average: Sequence[keras.Variable] = (),
    ) -> Checkpoints:
        """Returns what saves a training, and the state of the average of its weights."""

    def make_board(self, folder: Path) -> Board:
        """Returns the board of a folder."""

    def make_profiler(self, folder: Path, start: int, *, enabled: bool) -> Profiler:
        """Returns what traces the first steps from `start` on, if enabled."""

    def arrays(self, batch: Any) -> Collection[np.ndarray]:
        """Returns what a batch holds in this process."""
