"""Gradients of every sample by itself."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from qtf.training.piecewise import evaluate_in_pieces


def per_sample_gradients(
    function: Callable[[Any], Sequence[Any]],
    inputs: Any,
    variables: Sequence[keras.Variable],
    *,
    at_once: int | None = None,
) -> list[Any]:
    """Returns the gradients of each output for each sample, without a loop over samples.

    Only inside a `tf.function`. XLA compiles the result unless `function` has loops.

    Args:
        function: Of inputs (batch, ...); returns tensors (batch,), each sample's values
            depending on its own inputs only.
        inputs: (batch, ...).
        variables: To be differentiated by; their values are joined in this order.
        at_once: Samples that are in work at a time, at most; None: all.

    Returns:
        For each output (batch, number of weights).
    """
    weights = [variable.value for variable in variables]

    def of_one(row: Any) -> list[Any]:
        return [_joined_gradient(output, weights) for output in function(row[None])]

    def of_piece(rows: Any) -> Any:
        return tf.vectorized_map(of_one, rows, fallback_to_while_loop=False)

    if at_once is None or inputs.shape[0] <= at_once:
        return of_piece(inputs)
    size = sum(math.prod(variable.shape) for variable in variables)
    # Evaluated for their number only, which compilers leave out.
    outputs = [((size,), weights[0].dtype.name)] * len(function(inputs[:1]))
    return evaluate_in_pieces(of_piece, inputs, at_once, outputs)


def bytes_of_equations(n_rows: int, n_weights: int, itemsize: int = 4) -> int:
    """Returns the memory of equations that are made of the gradients of all samples, roughly.

    The gradients are held as they come, without their means, and transposed; the smaller of the
    two matrices is held in single and three times in double precision.

    Args:
        n_rows: Gradients, samples times outputs.
        n_weights: Number of weights.
        itemsize: Bytes of one number.
    """
    return 3 * n_rows * n_weights * itemsize + 28 * min(n_rows, n_weights) ** 2


def _joined_gradient(output: Any, weights: list[Any]) -> Any:
    # Tapes would prepare loops for differentiation, which custom gradients do not need.
    found = tf.gradients(output, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return tf.concat([tf.reshape(tf.convert_to_tensor(part), [-1]) for part in found], axis=0)
