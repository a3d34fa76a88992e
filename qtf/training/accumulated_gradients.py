"""Gradients of long sums, one piece after another."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf


def accumulated_gradients(
    piece: Callable[[Any], Any], n_pieces: int, variables: Sequence[keras.Variable]
) -> list[Any]:
    """Returns the gradients of a sum of which only one piece is in the memory at a time.

    Only inside a `tf.function`; XLA can compile it.

    Args:
        piece: The scalar to be differentiated, from its number, int32.
        n_pieces: Number of pieces.
        variables: To be differentiated by.

    Returns:
        A gradient for each variable.
    """
    weights = [variable.value for variable in variables]

    def add(number: Any, *total: Any) -> tuple[Any, ...]:
        with tf.GradientTape() as tape:
            value = piece(number)
        zero = tf.UnconnectedGradients.ZERO
        found = tape.gradient(value, weights, unconnected_gradients=zero)
        pairs = zip(total, found, strict=True)
        return (number + 1, *(old + tf.convert_to_tensor(new) for old, new in pairs))

    start = (tf.constant(0), *(tf.zeros_like(weight) for weight in weights))
    return list(tf.while_loop(lambda number, *_: number < n_pieces, add, start)[1:])
