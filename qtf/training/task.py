"""What the loop needs to know of the thing that it trains."""

from collections.abc import Sequence
from typing import Any, Protocol

import keras
import numpy as np

from qtf.training.damping import Damping


class Task(Protocol):
    """A model, its loss and its data.

    `batch_size` is the number of samples in one batch of one replica; it only serves
    the rate in the progress line. `metric_names` are the keys that `validate` returns.
    `state` holds variables that a checkpoint needs beside model and optimiser; they exist
    after `build_model`. `damping` is what holds back steps, which then can be taken back; None:
    every step stands. `has_new_goal` tells at a validation whether the epoch before it sought
    something else than those before, so that metrics cannot be compared. `remedy` is what
    to try if the loss becomes infinite, after "try"; "": a lower learning rate.
    """

    batch_size: int
    metric_names: tuple[str, ...]
    state: Sequence[keras.Variable]
    damping: Damping | None
    has_new_goal: bool
    remedy: str

    def build_model(self) -> keras.Model:
        """Makes the model with all its weights; called in the strategy's scope."""

    def loss(self, model: keras.Model, batch: Any, training: bool) -> Any:
        """Returns the mean loss over one replica's batch, a scalar tensor."""

    def training_batches(self, start_step: int, input_context: Any) -> Any:
        """Returns a `tf.data.Dataset`: the endless stream from batch `start_step` on.

        The stream must be the same whatever the step it starts at: resuming relies on it.
        """

    def validate(self, model: keras.Model) -> dict[str, float]:
        """Returns validation metrics; the one named `monitor` marks the best weights.

        Metrics of samples have their standard error beside them, that of `loss` as `loss_error`.
        """

    def accepts(self, loss: float, rate: float) -> bool:
        """Tells whether the step that has just been taken may stand; see `DampedStep`."""

    def end_epoch(self, model: keras.Model) -> None:
        """Gets ready for the next epoch, after a validation and before its checkpoint."""

    def figures(self, model: keras.Model) -> dict[str, np.ndarray]:
        """Returns pictures for TensorBoard, uint8 (height, width, 3), by name."""

    def explain_data_loss(self, error: Exception) -> None:
        """Raises a `ValueError` naming the file and record behind a data error."""
