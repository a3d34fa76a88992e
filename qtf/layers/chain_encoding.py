"""Tells a network how many spins the chain has."""

from typing import Any

import keras
from keras import ops

from qtf.checks import COUNT, check_arguments
from qtf.layers.spin_encoding import check_dimension
from qtf.typing import Index, Shape, Tensor

# Standard deviation of the initial gains around 1: chains start from different maps.
GAIN_SPREAD = 0.7


@keras.saving.register_keras_serializable("qtf")
class ChainEncoding(keras.layers.Layer):
    """One learned vector for each number of spins, added to every time step.

    The sum alone can hardly choose between the linear maps of different chains: what
    follows is nearly linear in the amplitudes. With `multiplicative` a second vector scales
    the units, so that each n has a linear map of its own from the start; trained for the
    same minutes at n = 2 to 7, a network with one SRU layer had a third of the loss.

    Args:
        n_max: Largest number of spins; the tables have n_max rows.
        multiplicative: Whether a gain for each unit multiplies the inputs before the sum.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        inputs: (..., units).
        dimension: Number of amplitudes 2**n, an integer or a scalar tensor.

    Returns:
        inputs + E[n - 1], or G[n - 1] * inputs + E[n - 1], (..., units).

    Raises:
        ValueError: `n_max` is not positive, or `dimension` is not 2**n for an n up to it.

    Example:
        >>> import numpy as np
        >>> tuple(ChainEncoding(n_max=3)(np.ones((5, 6), "float32"), dimension=4).shape)
        (5, 6)

    Source: zhang2020, appendix A1.
    """

    def __init__(self, n_max: int, multiplicative: bool = False, **kwargs: object) -> None:
        super().__init__(**kwargs)
        check_arguments(COUNT, n_max=n_max)
        self.n_max = n_max
        self.multiplicative = multiplicative

    def build(self, input_shape: Shape) -> None:
        """Creates the tables, as wide as the input."""
        shape = (self.n_max, input_shape[-1])
        self.embedding = self.add_weight(name="embedding", shape=shape, initializer="glorot_normal")
        if self.multiplicative:
            spread = keras.initializers.RandomNormal(mean=1.0, stddev=GAIN_SPREAD)
            self.gain = self.add_weight(name="gain", shape=shape, initializer=spread)

    def call(self, inputs: Tensor, dimension: Index) -> Tensor:
        """Applies the vectors of the chain's length."""
        check_dimension(dimension, self.n_max, "Argument `dimension`")
        # n - 1 counts the powers 2, 4, ... below 2**n; integers, so a tensor will do too.
        powers = 2 ** ops.arange(1, self.n_max + 1, dtype="int32")
        row = ops.sum(ops.cast(powers < dimension, "int32"))
        if self.multiplicative:
            inputs = inputs * ops.take(self.gain, row, axis=0)
        return inputs + ops.take(self.embedding, row, axis=0)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this layer again."""
        arguments = {"n_max": self.n_max, "multiplicative": self.multiplicative}
        return {**super().get_config(), **arguments}
