"""From a vector of fixed width back to the amplitudes of any number of spins."""

from typing import Any

import keras
from keras import ops

from qtf.checks import COUNT, check_arguments
from qtf.layers.spin_encoding import check_dimension
from qtf.typing import Index, Shape, Tensor


@keras.saving.register_keras_serializable("qtf")
class SpinDecoding(keras.layers.Layer):
    """Linear decoding with one row for each basis state, the mirror of `SpinEncoding`.

        psi_re = h @ D_re[:2**n]^T,    psi_im = h @ D_im[:2**n]^T

    The product is computed in the compute precision, the result is in the weights'
    precision, so that mixed precision does not round the amplitudes.

    Args:
        n_max: Largest number of spins; the tables have 2**n_max rows.
        initializer: Name of their initialiser, known to `keras.initializers`. "zeros" makes a
            network that decodes increments start from a state that stands still.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        inputs: (..., units).
        dimension: Number of amplitudes 2**n, an integer or a scalar tensor.

    Returns:
        Real and imaginary parts, (..., 2, 2**n).

    Raises:
        ValueError: `n_max` is not positive, or `dimension` is not 2**n for an n up to it.

    Example:
        >>> import numpy as np
        >>> tuple(SpinDecoding(n_max=3)(np.ones((5, 6), "float32"), dimension=4).shape)
        (5, 2, 4)

    Source: zhang2020, appendix A3.
    """

    def __init__(self, n_max: int, initializer: str = "glorot_normal", **kwargs: object) -> None:
        super().__init__(**kwargs)
        check_arguments(COUNT, n_max=n_max)
        self.n_max = n_max
        self.initializer = initializer

    def build(self, input_shape: Shape) -> None:
        """Creates the tables, as wide as the input."""
        shape = (2**self.n_max, input_shape[-1])
        self.real_embedding = self.add_weight(
            name="real_embedding", shape=shape, initializer=self.initializer
        )
        self.imaginary_embedding = self.add_weight(
            name="imaginary_embedding", shape=shape, initializer=self.initializer
        )

    def call(self, inputs: Tensor, dimension: Index) -> Tensor:
        """Decodes states of one number of spins."""
        check_dimension(dimension, self.n_max, "Argument `dimension`")
        # One product for both parts: twice as wide, half as many.
        rows = ops.concatenate(
            [self.real_embedding[:dimension], self.imaginary_embedding[:dimension]], axis=0
        )
        parts = ops.matmul(inputs, ops.transpose(rows))
        psi = ops.reshape(parts, (*ops.shape(inputs)[:-1], 2, dimension))
        return ops.cast(psi, self.variable_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this layer again."""
        arguments = {"n_max": self.n_max, "initializer": self.initializer}
        return {**super().get_config(), **arguments}
