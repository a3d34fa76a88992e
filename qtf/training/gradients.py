"""Gradients by whichever framework Keras runs on, inside of compiled functions."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from qtf.training.compilation import values_for
from qtf.training.piecewise import evaluate_in_pieces


def gradients_of(function: Callable[[], Any], variables: Sequence[keras.Variable]) -> list[Any]:
    """Returns the gradients of a scalar, zero where it does not depend on a variable.

    Args:
        function: Returns the scalar.
        variables: To be differentiated by.
    """
    if keras.backend.backend() == "jax":
        import jax

        def of_values(values: Sequence[Any]) -> Any:
            with values_for(variables, values):
                return function()

        return jax.grad(of_values)([variable.value for variable in variables])
    import tensorflow as tf

    with tf.GradientTape() as tape:
        value = function()
    weights = [variable.value for variable in variables]
    zero = tf.UnconnectedGradients.ZERO
    # Gradients of look-ups are sparse.
    return list(
        map(tf.convert_to_tensor, tape.gradient(value, weights, unconnected_gradients=zero))
    )


def gradients_in(function: Callable[[Any], Sequence[Any]], tensor: Any) -> list[Any]:
    """Returns the gradient of the sum of each output in a tensor.

    Args:
        function: Of the tensor; returns tensors. It must not have loops.
        tensor: To be differentiated by.
    """
    if keras.backend.backend() == "jax":
        import jax

        sums = jax.jacrev(lambda tensor: [ops.sum(output) for output in function(tensor)])
        return list(sums(tensor))
    import tensorflow as tf

    with tf.GradientTape(persistent=True) as tape:
        tape.watch(tensor)
        outputs = function(tensor)
    return [tape.gradient(output, tensor) for output in outputs]


def accumulated_gradients(
    piece: Callable[[Any], Any], n_pieces: int, variables: Sequence[keras.Variable]
) -> list[Any]:
    """Returns the gradients of a sum of which only one piece is in the memory at a time.

    Only inside a compiled function; XLA can compile it.

    Args:
        piece: The scalar to be differentiated, from its number, int32.
        n_pieces: Number of pieces.
        variables: To be differentiated by.

    Returns:
        A gradient for each variable.
    """

    def add(number: Any, total: Sequence[Any]) -> list[Any]:
        gradients = gradients_of(lambda: piece(number), variables)
        return [old + new for old, new in zip(total, gradients, strict=True)]

    return list(ops.fori_loop(0, n_pieces, add, [ops.zeros_like(v.value) for v in variables]))


def per_sample_gradients(
    function: Callable[[Any], Sequence[Any]],
    inputs: Any,
    variables: Sequence[keras.Variable],
    *,
    at_once: int | None = None,
    by_hand: Callable[[Any], list[Any]] | None = None,
) -> list[Any]:
    """Returns the gradients of each output for each sample, without a loop over samples.

    Only inside a compiled function. XLA compiles the result unless `function` has loops and
    the framework is TensorFlow and they are not written by hand.

    Args:
        function: Of inputs (batch, ...); returns tensors (batch,), each sample's values
            depending on its own inputs only.
        inputs: (batch, ...).
        variables: To be differentiated by; their values are joined in this order.
        at_once: Samples that are in work at a time, at most; None: all.
        by_hand: Of inputs; returns the same as this function. None: differentiates `function`.

    Returns:
        For each output (batch, number of weights).
    """
    by_jax = keras.backend.backend() == "jax"
    of_each = _of_each_by_jax if by_jax else _of_each_by_tensorflow

    def of_piece(rows: Any) -> list[Any]:
        return of_each(function, rows, variables) if by_hand is None else by_hand(rows)

    if at_once is None or inputs.shape[0] <= at_once:
        return of_piece(inputs)
    size = sum(math.prod(variable.shape) for variable in variables)
    dtype = keras.backend.standardize_dtype(variables[0].dtype)
    # Evaluated for their number only, which compilers leave out.
    outputs = [((size,), dtype)] * len(function(inputs[:1]))
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


def _of_each_by_jax(
    function: Callable[[Any], Sequence[Any]], rows: Any, variables: Sequence[keras.Variable]
) -> list[Any]:
    import jax

    def of_one(values: Sequence[Any], row: Any) -> list[Any]:
        with values_for(variables, values):
            return [output[0] for output in function(row[None])]

    values = [variable.value for variable in variables]
    gradients = jax.vmap(jax.jacrev(of_one), in_axes=(None, 0))(values, rows)
    return [
        ops.concatenate([ops.reshape(part, (rows.shape[0], -1)) for part in parts], axis=1)
        for parts in gradients
    ]


def _of_each_by_tensorflow(
    function: Callable[[Any], Sequence[Any]], rows: Any, variables: Sequence[keras.Variable]
) -> list[Any]:
    import tensorflow as tf

    weights = [variable.value for variable in variables]

    def join_gradient(output: Any) -> Any:
        # Tapes would prepare loops for differentiation, which custom gradients do not need.
        zero = tf.UnconnectedGradients.ZERO
        parts = tf.gradients(output, weights, unconnected_gradients=zero)
        return tf.concat([tf.reshape(tf.convert_to_tensor(part), [-1]) for part in parts], axis=0)

    def of_one(row: Any) -> list[Any]:
        return [join_gradient(output) for output in function(row[None])]

    return list(tf.vectorized_map(of_one, rows, fallback_to_while_loop=False))
