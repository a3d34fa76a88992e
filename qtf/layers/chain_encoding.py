"""Tells a network how many spins the chain has."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("qtf")
class ChainEncoding(keras.layers.Layer):
    """One learned vector for each number of spins, added to every time step.

    Args:
        n_max: Largest number of spins; the table has n_max rows.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        inputs: (..., units).
        dimension: Number of amplitudes 2**n, an integer or a scalar tensor.

    Returns:
        inputs + E[n - 1], (..., units).

    Raises:
        ValueError: `n_max` is not positive.

    Example:
        >>> import numpy as np
        >>> tuple(ChainEncoding(n_max=3)(np.ones((5, 6), "float32"), dimension=4).shape)
        (5, 6)

    Source: the transferable-dynamics preprint, appendix A1.
    """

    def __init__(self, n_max: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if n_max < 1:
            raise ValueError(f"Argument `n_max` must be positive, but is {n_max}.")
        self.n_max = n_max

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the table, as wide as the input."""
        self.embedding = self.add_weight(
            name="embedding", shape=(self.n_max, input_shape[-1]), initializer="glorot_normal"
        )

    def call(self, inputs: Any, dimension: Any) -> Any:
        """Adds the vector of the chain's length."""
        # n - 1 counts the powers 2, 4, ... below 2**n; integers, so a tensor will do too.
        powers = 2 ** ops.arange(1, self.n_max + 1, dtype="int32")
        row = ops.sum(ops.cast(powers < dimension, "int32"))
        return inputs + ops.take(self.embedding, row, axis=0)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this layer again."""
        return {**super().get_config(), "n_max": self.n_max}
