"""The source that computes trajectories, as a `tf.data` stream."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import tensorflow as tf

from qtf.data.streams import local_replicas


class ComputedBatches(Protocol):
    """Batches of trajectories by the number of their step, see `ExactSource`."""

    batch_size: int
    window: int

    def batch(self, step: int, replica: int = 0) -> Mapping[str, np.ndarray]:
        """Returns the batch of a step and replica."""


def exact_dataset(
    source: ComputedBatches,
    start_step: int = 0,
    *,
    input_context: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """Returns the endless stream of a source's batches from `start_step` on.

    Args:
        source: Computes the batches, several at a time in threads of TensorFlow.
        start_step: First step; `exact_dataset(source, k)` equals `.skip(k)` of the whole.
        input_context: For a distributed strategy: every step has one batch for each local
            replica, and all replicas of all workers have the same chain length.

    Returns:
        Dataset of `{"psi": float32 (batch_size, window, 2, 2**n_sites)}`.

    Raises:
        ValueError: `start_step` is negative.
    """
    if start_step < 0:
        raise ValueError(f"Argument `start_step` must not be negative, but is {start_step}.")
    replicas = local_replicas(input_context)
    first = 0 if input_context is None else replicas * input_context.input_pipeline_id

    def batch(number: tf.Tensor) -> dict[str, tf.Tensor]:
        def compute(number: np.ndarray) -> np.ndarray:
            step, replica = divmod(int(number), replicas)
            return source.batch(step, first + replica)["psi"]

        psi = tf.numpy_function(compute, [number], tf.float32, stateful=False)
        return {"psi": tf.ensure_shape(psi, (source.batch_size, source.window, 2, None))}

    numbers = tf.data.Dataset.range(start_step * replicas, 1 << 62)
    batches = numbers.map(batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return batches.prefetch(tf.data.AUTOTUNE)
