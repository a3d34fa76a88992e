"""TensorBoard's files."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar import summary as custom_scalars
from tensorboard.plugins.hparams import api as hparams

from qtf.training.io_errors import writing

# Metrics that fall by orders of magnitude, and what stands before their logarithms.
FALLING = ("loss", "mre", "energy_variance", "v_score", "relative_error", "distance")
LOG = "log10"
# Title of a card -> curves in it, by regular expressions.
CARDS = {
    "energy and reference": [r"validation/energy$", r"validation/reference_energy$"],
    "energy of minibatches and reference": [r"training/loss$", r"validation/reference_energy$"],
    "losses": [rf"{LOG}/training/loss$", rf"{LOG}/validation/loss$", rf"{LOG}/validation/mre$"],
    "variance and V-score": [rf"{LOG}/validation/energy_variance$", rf"{LOG}/validation/v_score$"],
    "error": [rf"{LOG}/validation/relative_error$", rf"{LOG}/validation/distance$"],
}
LAYOUT = layout_pb2.Layout(
    category=[
        layout_pb2.Category(
            title="qtf",
            chart=[
                layout_pb2.Chart(title=title, multiline=layout_pb2.MultilineChartContent(tag=tags))
                for title, tags in CARDS.items()
            ],
        )
    ]
)


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
        # The run folder, whose name tells trials apart.
        self._trial = folder.resolve().parent.name

    def hyperparameters(self, step: int, values: dict[str, Any]) -> None:
        """Shows the configuration, and lays out the page of curves that belong together."""
        with self._written(step):
            plain = {key: _as_plain(value) for key, value in values.items()}
            hparams.hparams(plain, trial_id=self._trial)
            tf.summary.experimental.write_raw_pb(custom_scalars.pb(LAYOUT).SerializeToString())

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Adds a point to curves."""
        with self._written(step):
            for name, value in {**values, **_logarithms(values)}.items():
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


def _logarithms(values: Mapping[str, float]) -> dict[str, float]:
    """Returns the decimal logarithm of what falls by orders of magnitude, where it is positive."""
    return {
        f"{LOG}/{name}": math.log10(value)
        for name, value in values.items()
        if name.rpartition("/")[2] in FALLING and value > 0.0 and math.isfinite(value)
    }


def _as_plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) else str(value)
