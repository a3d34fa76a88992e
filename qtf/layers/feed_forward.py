"""A residual block of two dense layers."""

from typing import Any

import keras

from qtf.typing import Shape, Tensor


@keras.saving.register_keras_serializable("qtf")
class FeedForward(keras.layers.Layer):
    """Residual feed-forward block.

        y = LN(dropout(activation(x W1 + b1)) W2 + b2 + x)

    Args:
        activation: Name of the activation.
        dropout: Rate at which hidden units are dropped.
        layer_norm: Whether the sum is layer-normalised; without, y is the bare sum.
        seed: Seed of the dropout masks.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        inputs: (..., units).
        training: Whether dropout is applied.

    Returns:
        (..., units).

    Raises:
        ValueError: `dropout` is outside [0, 1).

    Example:
        >>> import numpy as np
        >>> tuple(FeedForward()(np.ones((5, 6), "float32")).shape)
        (5, 6)

    Source: zhang2020, algorithm 1.
    """

    def __init__(
        self,
        *,
        activation: str = "relu",
        dropout: float = 0.0,
        layer_norm: bool = True,
        seed: int | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        if not 0.0 <= dropout < 1.0:
            raise ValueError(f"Argument `dropout` must be in [0, 1), but is {dropout}.")
        self.activation = activation
        self.dropout = dropout
        self.layer_norm = layer_norm
        self.seed = seed

    def build(self, input_shape: Shape) -> None:
        """Creates both dense layers, as wide as the input."""
        units = input_shape[-1]
        inner = {"dtype": self.dtype_policy}
        self.hidden = keras.layers.Dense(
            units, self.activation, kernel_initializer="glorot_normal", **inner
        )
        self.output_dense = keras.layers.Dense(units, kernel_initializer="glorot_normal", **inner)
        self.hidden.build(input_shape)
        self.output_dense.build(input_shape)
        if self.layer_norm:
            self.norm = keras.layers.LayerNormalization(**inner)
            self.norm.build(input_shape)
        if self.dropout:
            self.dropout_layer = keras.layers.Dropout(self.dropout, seed=self.seed, **inner)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Applies the block."""
        hidden = self.hidden(inputs)
        if self.dropout:
            hidden = self.dropout_layer(hidden, training=training)
        total = self.output_dense(hidden) + inputs
        return self.norm(total) if self.layer_norm else total

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this layer again."""
        arguments = {
            "activation": self.activation,
            "dropout": self.dropout,
            "layer_norm": self.layer_norm,
            "seed": self.seed,
        }
        return {**super().get_config(), **arguments}
