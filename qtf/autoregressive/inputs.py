"""Checks of what users pass to networks; each returns the argument as networks compute with it.

Values are looked at where there are any: inside a graph that is being compiled there are none yet.
"""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike

from qtf.typing import Array, Tensor


def checked_outcomes(
    name: str, outcomes: Tensor | ArrayLike, n_outcomes: int, *, width: int | None = None
) -> Tensor:
    """Returns outcomes of any numeric type as int32.

    Args:
        name: Name of the argument, for messages.
        outcomes: (batch, width), numbers from 0 to n_outcomes - 1.
        n_outcomes: Number of outcomes of a position.
        width: Number of positions; None: any.

    Raises:
        ValueError: A value is another number, or the shape another.

    Example:
        >>> checked_outcomes("outcomes", [[0, 3]], 4, width=2)
        array([[0, 3]], dtype=int32)
    """
    rule = f"outcomes from 0 to {n_outcomes - 1}"
    return checked_members(name, outcomes, range(n_outcomes), rule=rule, width=width)


def checked_members(
    name: str,
    values: Tensor | ArrayLike,
    members: Sequence[int],
    *,
    rule: str,
    width: int | None = None,
) -> Tensor:
    """Returns rows of a few whole numbers as int32.

    Args:
        name: Name of the argument, for messages.
        values: (batch, width), of any numeric type.
        members: The numbers that are allowed.
        rule: Words for them, for messages.
        width: Length of a row; None: any.

    Raises:
        ValueError: A value is another number, or the shape another.
    """
    array = concrete(values)
    if array is None:
        return ops.cast(values, "int32")
    if array.ndim != 2 or width not in (None, array.shape[1]):
        shape = "(batch, n_sites)" if width is None else f"(batch, {width})"
        raise ValueError(f"Argument `{name}` must be {shape}, but is {array.shape}.")
    wrong = array[~np.isin(array, np.array(members))]
    if wrong.size:
        raise ValueError(f"Argument `{name}` must hold {rule}, but holds {wrong[0]}.")
    return array.astype(np.int32, copy=False)


def checked_uniforms(uniforms: Tensor, n_rows: int) -> Tensor:
    """Returns the random numbers that samples are drawn with.

    Args:
        uniforms: Numbers in [0, 1), (n_rows, batch); rounding may have made one 1.
        n_rows: Random numbers that one sample takes.

    Raises:
        ValueError: A number is outside, or the shape another.
    """
    array = concrete(uniforms)
    if array is None:
        return uniforms
    if array.ndim != 2 or len(array) != n_rows:
        raise ValueError(f"Argument `uniforms` must be ({n_rows}, batch), but is {array.shape}.")
    wrong = array[~((array >= 0.0) & (array <= 1.0))]
    if wrong.size:
        raise ValueError(
            f"Argument `uniforms` must hold numbers from 0 to 1, but holds {wrong[0]}."
        )
    return uniforms


def concrete(values: Tensor | ArrayLike) -> Array | None:
    """Returns the values as an array, or None for a tensor of a graph, which has none yet.

    Example:
        >>> concrete([1, 2]), concrete(keras.KerasTensor((2,)))
        (array([1, 2]), None)
    """
    if isinstance(values, keras.KerasTensor):
        return None
    try:
        return np.asarray(values)
    # Of TensorFlow's symbolic tensors, and of JAX's tracers.
    except (NotImplementedError, TypeError):
        return None
