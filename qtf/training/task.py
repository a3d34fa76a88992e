"""What the loop needs to know of the thing that it trains."""

from collections.abc import Sequence
from typing import Any, Protocol

import keras
import numpy as np


class Task(Protocol):
    """A model, its loss and its data.

    `batch_size` is the number of samples in one batch of one replica; it only serves
    the rate in the progress line. `metric_names` are the keys that `validate` returns.
    `state` holds variables that a checkpoint needs beside model and optimiser; they exist
    after `build_model`.
    """

    batch_size: int
    metric_names: tuple[str, ...]
    state: Sequence[keras.Variable]

    def build_model(self) -> keras.Model:
        """Makes the model with all its weights; called in the strategy's scope."""

    def loss(self, model: keras.Model, batch: Any, training: bool) -> Any:
        """Returns the mean loss over one replica's batch, a scalar tensor."""

    def training_batches(self, start_step: int, input_context: Any) -> Any:
        """Returns a `tf.data.Dataset`: the endless stream from batch `start_step` on.

        The stream must be the same whatever the step it starts at: resuming relies on it.
        """

    def validate(self, model: keras.Model) -> dict[str, float]:
        """Returns validation metrics; the one named `monitor` marks the best weights."""

    def end_epoch(self, model: keras.Model) -> None:
        """Gets ready for the next epoch, after a validation and before its checkpoint."""

    def figures(self, model: keras.Model) -> dict[str, np.ndarray]:
        """Returns pictures for TensorBoard, uint8 (height, width, 3), by name."""

    def explain_data_loss(self, error: Exception) -> None:
        """Raises a `ValueError` naming the file and record behind a data error."""
