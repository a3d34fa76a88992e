"""Trainings by TensorFlow: on one device, on all of a machine, or on several machines."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from qtf.training.distribution import batches, is_chief, make_strategy, worker_name
from qtf.training.engine import Board, Checkpoints, Profiler, Step
from qtf.training.profiling import StepProfiler
from qtf.training.progress import Progress
from qtf.training.settings import TrainingSettings
from qtf.training.step import TrainingStep
from qtf.training.tensor_board import TensorBoard
from qtf.training.tensorflow_checkpoints import TensorFlowCheckpoints
from qtf.training.training import Source, Training


class TensorFlowEngine:
    """An `Engine` on a distribution strategy of TensorFlow.

    Args:
        strategy: One of `qtf.training.settings.STRATEGIES`.
    """

    name = "tensorflow"
    data_errors: tuple[type[Exception], ...] = (tf.errors.OpError,)

    def __init__(self, strategy: str) -> None:
        self.strategy = make_strategy(strategy)
        self.is_chief = is_chief(self.strategy)
        self.is_alone = isinstance(self.strategy, tf.distribute.OneDeviceStrategy)
        self.n_replicas = self.strategy.num_replicas_in_sync
        self.worker = worker_name(self.strategy)
        self.devices = tuple(self.strategy.extended.worker_devices)
        logical = tf.config.list_logical_devices()
        self.device_types = tuple(device.device_type for device in logical)

    def scope(self) -> AbstractContextManager[Any]:
        """Surrounds the making of model and optimiser."""
        return self.strategy.scope()

    def batches(self, source: Source, start_step: int) -> Iterator[Any]:
        """Returns the stream of batches of a source from a step on."""
        return batches(
            self.strategy, lambda context: source.dataset(start_step, input_context=context)
        )

    def make_step(
        self,
        training: Training,
        optimizer: keras.optimizers.Optimizer,
        settings: TrainingSettings,
    ) -> Step:
        """Returns what takes a step of a training."""
        return TrainingStep(self.strategy, training.model, optimizer, training.loss, settings)

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
        return TensorFlowCheckpoints(
            folder,
            training.model,
            optimizer,
            progress,
            task_state=training.state,
            average=average,
            chief=self.is_chief,
            worker=self.worker,
        )

    def make_board(self, folder: Path) -> Board:
        """Returns the TensorBoard files of a folder."""
        return TensorBoard(folder)

    def make_profiler(self, folder: Path, start: int, *, enabled: bool) -> Profiler:
        """Returns what traces ten of the first steps for TensorBoard, if enabled."""
        return StepProfiler(folder, start, enabled=enabled)

    def arrays(self, batch: Any) -> Collection[np.ndarray]:
        """Returns what a batch holds in this process."""
        local = tf.nest.map_structure(self.strategy.experimental_local_results, batch)
        return [np.asarray(value) for value in tf.nest.flatten(local)]
