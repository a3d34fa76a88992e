"""Gradients of weights for each sample, from what goes into a product and what comes back to it.

A sample may be several rows of a batch, its images, which are summed over as positions are. Rows
are image by image: of n images and m samples, row k m + i is image k of sample i.
"""

from collections.abc import Sequence
from typing import Protocol

from keras import ops

from qtf.typing import Tensor


class PullBack(Protocol):
    """Derivatives of a layer."""

    def __call__(self, upstream: Tensor, n_images: int = 1) -> tuple[Tensor, list[Tensor]]:
        """Returns the gradient in the inputs, and those of each sample in the weights in order.

        Args:
            upstream: Gradient in the outputs, (positions, batch, n_outputs).
            n_images: Rows of a sample.
        """


class WeightsPullBack(Protocol):
    """Derivatives of a network."""

    def __call__(self, upstream: Tensor, n_images: int = 1) -> list[Tensor]:
        """Returns the gradients of each sample in the weights, (batch / n_images, ...), in order.

        Args:
            upstream: Gradient in the outputs, (batch, positions, n_outputs).
            n_images: Rows of a sample.
        """


def kernel_gradient(inputs: Tensor, upstream: Tensor, n_images: int = 1) -> Tensor:
    """Returns the gradient of each sample in K of x K, summed over positions and images.

    Args:
        inputs: x, (positions, batch, n_inputs).
        upstream: Gradient in the product, (positions, batch, n_outputs).
        n_images: Rows of a sample.

    Returns:
        (batch / n_images, n_inputs, n_outputs).
    """
    return ops.einsum("pbi,pbj->bij", _join(inputs, n_images), _join(upstream, n_images))


def bias_gradient(upstream: Tensor, n_images: int = 1) -> Tensor:
    """Returns the gradient of each sample in a bias, summed over positions and images.

    Args:
        upstream: As for `kernel_gradient`.
        n_images: Rows of a sample.

    Returns:
        (batch / n_images, n_outputs).
    """
    return ops.sum(_join(upstream, n_images), axis=0)


def sum_images(gradients: Sequence[Tensor], n_images: int) -> list[Tensor]:
    """Returns gradients of each sample from those of its images.

    Args:
        gradients: Of each weight, (batch, ...).
        n_images: Rows of a sample.
    """
    if n_images == 1:
        return list(gradients)
    return [
        ops.sum(ops.reshape(part, (n_images, -1, *part.shape[1:])), axis=0) for part in gradients
    ]


def _join(values: Tensor, n_images: int) -> Tensor:
    """Makes images positions, (positions * n_images, batch / n_images, width)."""
    if n_images == 1:
        return values
    positions, batch_size, width = ops.shape(values)
    return ops.reshape(values, (positions * n_images, batch_size // n_images, width))


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

    def pull_back(upstream: Tensor, n_images: int = 1) -> tuple[Tensor, list[Tensor]]:
        f = scale * upstream
        along_y = ops.mean(f * y, axis=-1, keepdims=True)
        to_inputs = inverse * (f - ops.mean(f, axis=-1, keepdims=True) - y * along_y)
        return to_inputs, [bias_gradient(part, n_images) for part in (upstream * y, upstream)]

    return scale * y + offset, pull_back
