"""Compiles a function on whichever backend Keras runs."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras


def compiled(
    function: Callable[..., Any],
    *,
    variables: Sequence[keras.Variable] = (),
    xla: bool = True,
) -> Callable[..., Any]:
    """Returns `function` compiled as one graph, by XLA unless told otherwise.

    Args:
        function: Takes and returns (nested) tensors only; may read, not write,
            `variables`. It is traced once for every combination of shapes.
        variables: The Keras variables that the function reads.
        xla: Whether XLA compiles the graph; results agree to rounding. On JAX, which
            knows no other compiler, False runs the function op by op.

    Returns:
        A function of the same arguments.

    Raises:
        ValueError: Keras runs on a backend other than TensorFlow and JAX.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=xla, autograph=False)
    if backend == "jax":
        return _compiled_by_jax(function, variables) if xla else function
    raise ValueError(f'The Keras backend must be "tensorflow" or "jax", but is "{backend}".')


@contextlib.contextmanager
def values_for(
    variables: Sequence[keras.Variable], values: Sequence[Any]
) -> Iterator[keras.StatelessScope]:
    """Gives variables other values inside the block, where JAX traces a function.

    Those of a block around it stay, which Keras by itself would forget.

    Args:
        variables: The variables.
        values: A value for each.
    """
    with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))) as scope:
        if scope.original_scope is not None:
            scope.state_mapping = {**scope.original_scope.state_mapping, **scope.state_mapping}
        yield scope


def _compiled_by_jax(
    function: Callable[..., Any], variables: Sequence[keras.Variable]
) -> Callable[..., Any]:
    import jax

    @jax.jit
    def pure(values: list[Any], *arguments: Any) -> Any:
        # Variables enter as arguments: as constants they would go stale.
        with values_for(variables, values):
            return function(*arguments)

    return lambda *arguments: pure([variable.value for variable in variables], *arguments)
