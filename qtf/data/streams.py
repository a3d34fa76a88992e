"""A mixed stream of batches from one stream for each chain length."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from qtf.data.mixing import Mixture

# Steps whose chain lengths are drawn at once.
_DRAWN = 1024


def local_replicas(input_context: tf.distribute.InputContext | None) -> int:
    """Returns how many replicas take batches from one input pipeline.

    Args:
        input_context: The context of a distributed strategy, or None for one replica.
    """
    if input_context is None:
        return 1
    return input_context.num_replicas_in_sync // input_context.num_input_pipelines


def mixed_stream(
    mixture: Mixture,
    stream: Callable[[int, int], tf.data.Dataset],
    *,
    start_step: int,
    replicas: int,
) -> tf.data.Dataset:
    """Returns one stream whose chain length of every step is drawn by `mixture`.

    Args:
        mixture: The law of the chain lengths.
        stream: Takes the index of a chain length and a number of batches, and returns the
            endless stream of its batches after these.
        start_step: First step.
        replicas: Number of batches of every step.

    Returns:
        Dataset of batches, `replicas` for each step.
    """
    counts = mixture.counts_before(start_step)
    streams = [stream(i, replicas * int(count)) for i, count in enumerate(counts)]
    steps = tf.data.Dataset.range(start_step, 1 << 62, _DRAWN)
    chosen = steps.map(lambda step: _draw_lengths(mixture, step, replicas)).unbatch()
    return tf.data.Dataset.choose_from_datasets(streams, chosen, stop_on_empty_dataset=True)


def _draw_lengths(mixture: Mixture, first: tf.Tensor, replicas: int) -> tf.Tensor:
    def draw(step: np.ndarray) -> np.ndarray:
        return np.repeat(mixture.indices_at(step + np.arange(_DRAWN)), replicas)

    indices = tf.numpy_function(draw, [first], tf.int64, stateful=False)
    return tf.ensure_shape(indices, (_DRAWN * replicas,))
