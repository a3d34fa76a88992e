"""Gradients of every sample by itself."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf


def per_sample_gradients(
    function: Callable[[Any], Sequence[Any]], inputs: Any, variables: Sequence[keras.Variable]
) -> list[Any]:
    """Returns the gradients of each output for each sample, without a loop over samples.

    Only inside a `tf.function`. XLA compiles the result unless `function` has loops.

    Args:
        function: Of inputs (batch, ...); returns tensors (batch,), each sample's values
            depending on its own inputs only.
        inputs: (batch, ...).
        variables: To be differentiated by; their values are joined in this order.

    Returns:
        For each output (batch, number of weights).
    """
    weights = [variable.value for variable in variables]

    def of_one(row: Any) -> list[Any]:
        return [_joined_gradient(output, weights) for output in function(row[None])]

    return tf.vectorized_map(of_one, inputs, fallback_to_while_loop=False)


def _joined_gradient(output: Any, weights: list[Any]) -> Any:
    # Tapes would prepare loops for differentiation, which custom gradients do not need.
    found = tf.gradients(output, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return tf.concat([tf.reshape(tf.convert_to_tensor(part), [-1]) for part in found], axis=0)
