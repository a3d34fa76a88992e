"""Scalars that hand automatic differentiation a gradient which was found otherwise."""

from collections.abc import Sequence
from typing import Any

from keras import ops


def with_gradient_of(value: Any, surrogate: Any) -> Any:
    """Returns `value`, which has the gradient of `surrogate`."""
    return ops.cast(value, surrogate.dtype) + surrogate - ops.stop_gradient(surrogate)


def with_gradients(value: Any, gradients: Sequence[Any], variables: Sequence[Any]) -> Any:
    """Returns `value`, whose gradients in the variables are those given.

    Args:
        value: Scalar; its own gradient is left out.
        gradients: One for each variable, in its shape.
        variables: Trainable variables.
    """
    surrogate = sum(
        ops.sum(ops.stop_gradient(gradient) * variable)
        for gradient, variable in zip(gradients, variables, strict=True)
    )
    return with_gradient_of(ops.stop_gradient(value), surrogate)
