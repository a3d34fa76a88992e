"""TensorBoard's files."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from qtf.training.io_errors import writing


class TensorBoard:
    """Writes what TensorBoard shows, see `qtf.training.engine.Board`.

    Args:
        folder: Where the files go.

    Raises:
        OSError: They cannot be written, for example because the disk is full; so do all methods.
    """

    def __init__(self, folder: Path) -> None:
        self._what = f"TensorBoard file in {folder}"
        self._writer = tf.summary.create_file_writer(str(folder))

    def hyperparameters(self, step: int, values: dict[str, Any]) -> None:
        """Shows the configuration."""
        with self._written(step):
            hparams.hparams({key: _as_plain(value) for key, value in values.items()})

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Adds a point to curves."""
        with self._written(step):
            for name, value in values.items():
                tf.summary.scalar(name, value)
            self._writer.flush()

    def histograms(self, step: int, variables: Sequence[keras.Variable]) -> None:
        """Adds a histogram of every variable."""
        with self._written(step):
            for variable in variables:
                tf.summary.histogram(f"weights/{variable.path}", variable.numpy())

    def pictures(self, step: int, pictures: dict[str, np.ndarray]) -> None:
        """Shows pictures, uint8 (height, width, 3)."""
        with self._written(step):
            for name, picture in pictures.items():
                tf.summary.image(name, picture[None])

    def close(self) -> None:
        """Closes the files."""
        with writing(self._what):
            self._writer.close()

    @contextmanager
    def _written(self, step: int) -> Iterator[None]:
        with writing(self._what), self._writer.as_default(step=step):
            yield


def _as_plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) else str(value)
