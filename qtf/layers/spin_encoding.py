"""From the amplitudes of any number of spins to a vector of fixed width."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from qtf.checks import COUNT, FINITE, check_arguments
from qtf.typing import Shape, Tensor


@keras.saving.register_keras_serializable("qtf")
class SpinEncoding(keras.layers.Layer):
    """Linear encoding of a state by one embedding row for each basis state.

    A state of n spins uses the first 2**n rows of both tables, so that one set of
    weights serves every n:

        x = [psi_re @ E_re[:2**n], psi_im @ E_im[:2**n]]

    Args:
        n_max: Largest number of spins; the tables have 2**n_max rows.
        units: Width of the encoding, an even number; half of it for each part.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        psi: Real and imaginary parts, (..., 2, 2**n) with 1 <= n <= n_max.

    Returns:
        (..., units).

    Raises:
        ValueError: `n_max` is not positive, `units` is odd, the last two axes are not
            (2, 2**n) for an n up to `n_max`, or the input is complex.

    Example:
        >>> import numpy as np
        >>> tuple(SpinEncoding(n_max=3, units=6)(np.ones((5, 2, 4), "float32")).shape)
        (5, 6)

    Source: zhang2020, appendix A1.
    """

    def __init__(self, n_max: int, units: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        check_arguments(COUNT, n_max=n_max)
        check_arguments(FINITE, units=units)
        if units < 2 or units % 2:
            raise ValueError(f"Argument `units` must be even and positive, but is {units}.")
        self.n_max = n_max
        self.units = units

    def build(self, input_shape: Shape) -> None:
        """Creates the tables; their size does not depend on the input."""
        shape = (2**self.n_max, self.units // 2)
        self.real_embedding = self.add_weight(
            name="real_embedding", shape=shape, initializer="glorot_normal"
        )
        self.imaginary_embedding = self.add_weight(
            name="imaginary_embedding", shape=shape, initializer="glorot_normal"
        )

    def call(self, psi: Tensor) -> Tensor:
        """Encodes states of one number of spins."""
        check_parts(psi, self.n_max)
        dimension = ops.shape(psi)[-1]
        real = ops.matmul(psi[..., 0, :], self.real_embedding[:dimension])
        imaginary = ops.matmul(psi[..., 1, :], self.imaginary_embedding[:dimension])
        return ops.concatenate([real, imaginary], axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Returns the shape of the encoding."""
        return (*input_shape[:-2], self.units)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this layer again."""
        return {**super().get_config(), "n_max": self.n_max, "units": self.units}


def check_parts(psi: Tensor, n_max: int, *, axes: Sequence[str] | None = None) -> None:
    """Raises unless an array is one of parts of states, (..., 2, 2**n), 1 <= n <= n_max.

    What is not known before the graph runs is left aside.

    Args:
        psi: Array or tensor.
        n_max: Largest number of spins.
        axes: Names of the axes before the parts; by default there may be any.

    Raises:
        ValueError: The array is complex, or its shape is another one.
    """
    named = f"({', '.join(axes or ('...',))}, 2, 2**n)"
    if "complex" in keras.backend.standardize_dtype(psi.dtype):
        raise ValueError(
            f"Argument `psi` must hold real and imaginary parts, {named}, but is complex."
        )
    wrong_rank = len(psi.shape) < 2 or (axes is not None and len(psi.shape) != len(axes) + 2)
    if wrong_rank or psi.shape[-2] not in (2, None):
        raise ValueError(f"Argument `psi` must be {named}, but has shape {tuple(psi.shape)}.")
    check_dimension(psi.shape[-1], n_max)


def check_dimension(dimension: object, n_max: int, name: str = "The last axis of `psi`") -> None:
    """Raises unless a number of amplitudes is 2**n, 1 <= n <= n_max, if it is known yet.

    Args:
        dimension: An integer, or what only the running graph knows.
        n_max: Largest number of spins.
        name: Name of the number, for the message.

    Raises:
        ValueError: It is another number.
    """
    if not isinstance(dimension, (int, np.integer)):
        return
    if dimension < 2 or dimension & (dimension - 1) or int(dimension).bit_length() - 1 > n_max:
        raise ValueError(f"{name} must be 2**n for n in 1..{n_max}, but is {dimension}.")
