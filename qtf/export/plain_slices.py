"""Keras operations as stock servers run them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import tensorflow as tf
from keras import ops


@contextmanager
def plain_slice_updates() -> Iterator[None]:
    """Traces `keras.ops.slice_update` inside the block as an operation that needs no XLA.

    On TensorFlow Keras writes `XlaDynamicUpdateSlice`, which a server without XLA refuses; networks
    keep their caches by it, and compiled training is fastest with it.
    """
    original = ops.slice_update
    ops.slice_update = update_slice
    try:
        yield
    finally:
        ops.slice_update = original


def update_slice(
    inputs: tf.Tensor, start_indices: Sequence[int | tf.Tensor], updates: tf.Tensor
) -> tf.Tensor:
    """Returns `inputs` with `updates` in the place of one slice.

    Args:
        inputs: tf.Tensor tensor.
        start_indices: Begin of the slice on each axis.
        updates: Tensor of the same rank; each axis is one long or as long as that of `inputs`.
    """
    there = tf.constant(True)
    for axis, start in enumerate(start_indices):
        if updates.shape[axis] == 1:
            shape = [-1 if other == axis else 1 for other in range(len(start_indices))]
            here = tf.equal(tf.range(tf.shape(inputs)[axis]), start)
            there = there & tf.reshape(here, shape)
    return tf.where(there, updates, inputs)
