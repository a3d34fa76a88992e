"""Samples of a trained model from a seed, as many as one wants."""

from typing import Any, Protocol

import numpy as np
from keras import ops

from qtf.checks import COUNT, SEED, check_arguments
from qtf.typing import Array, Tensor

# Samples of one evaluation.
AT_ONCE = 1024


class Sampled(Protocol):
    """What draws independent samples from uniform random numbers."""

    variable_dtype: Any

    @property
    def n_uniforms(self) -> int:
        """Random numbers that one sample takes."""

    def sample(self, uniforms: Tensor) -> Tensor:
        """Returns samples, (batch, n_sites), from (n_uniforms, batch)."""


def draw(model: Sampled, n_samples: int, seed: int) -> Array:
    """Draws independent samples, `AT_ONCE` at a time.

    Args:
        model: Draws them.
        n_samples: Their number; of more, the first ones are the same.
        seed: The same gives the same samples.

    Returns:
        int32 (n_samples, n_sites).

    Raises:
        ValueError: A number is out of range.
    """
    check_arguments(COUNT, n_samples=n_samples)
    check_arguments(SEED, seed=seed)
    dtype: np.dtype[Any] = np.dtype(model.variable_dtype)
    rng = np.random.default_rng(seed)
    pieces = []
    for start in range(0, n_samples, AT_ONCE):
        uniforms = rng.random((model.n_uniforms, AT_ONCE), dtype)
        samples = np.asarray(model.sample(ops.convert_to_tensor(uniforms)))
        pieces.append(samples[: n_samples - start])
    return np.concatenate(pieces)
