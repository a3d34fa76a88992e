"""Gradients of weights for each sample, from what goes into a product and what comes back to it."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from keras import ops

from qtf.typing import Tensor

# From the gradient in the outputs, (positions, batch, n_outputs): that in the inputs, and those in
# the weights of each sample, (batch, ...), in their order.
PullBack: TypeAlias = Callable[[Tensor], tuple[Tensor, list[Tensor]]]


def kernel_gradient(inputs: Tensor, upstream: Tensor) -> Tensor:
    """Returns the gradient of each sample in K of x K, summed over positions.

    Args:
        inputs: x, (positions, batch, n_inputs).
        upstream: Gradient in the product, (positions, batch, n_outputs).

    Returns:
        (batch, n_inputs, n_outputs).
    """
    return ops.einsum("pbi,pbj->bij", inputs, upstream)


def bias_gradient(upstream: Tensor) -> Tensor:
    """Returns the gradient of each sample in a bias, (batch, n_outputs), summed over positions."""
    return ops.sum(upstream, axis=0)


def join_weights(gradients: Sequence[Tensor]) -> Tensor:
    """Returns the gradients of each sample in all weights beside one another.

    Args:
        gradients: Of each weight, (batch, ...).
    """
    flat = [ops.reshape(part, (ops.shape(part)[0], -1)) for part in gradients]
    return ops.concatenate(flat, axis=1)


def linearize_norm(
    inputs: Tensor, scale: Tensor, offset: Tensor, epsilon: float
) -> tuple[Tensor, PullBack]:
    """Returns what the normalisation of a layer makes of its inputs, and its derivatives.

        y = (x - <x>) / sqrt(<x^2> - <x>^2 + epsilon),   output = scale y + offset
        g = (f - <f> - y <f y>) / sqrt(..),   f = scale * upstream

    Args:
        inputs: x, (positions, batch, width).
        scale: (width,).
        offset: (width,).
        epsilon: Added to the variance.
    """
    mean, variance = ops.moments(inputs, axes=[-1], keepdims=True)
    inverse = ops.rsqrt(variance + epsilon)
    y = (inputs - mean) * inverse

    def pull_back(upstream: Tensor) -> tuple[Tensor, list[Tensor]]:
        f = scale * upstream
        along_y = ops.mean(f * y, axis=-1, keepdims=True)
        to_inputs = inverse * (f - ops.mean(f, axis=-1, keepdims=True) - y * along_y)
        return to_inputs, [bias_gradient(upstream * y), bias_gradient(upstream)]

    return scale * y + offset, pull_back
