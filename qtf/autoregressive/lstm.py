"""A long short-term memory and its gradient."""

from collections.abc import Sequence

import keras
from keras import ops

from qtf.typing import DType, Pair, Shape, Tensor, WithGradient


class LSTM(keras.layers.Layer):
    """Weights of a long short-term memory.

        z_t = x_t W + b + h_{t-1} V,   [i, f, o] = sigmoid(z_t[i, f, o]),   g = tanh(z_t[g])
        c_t = f c_{t-1} + i g,   h_t = o tanh(c_t)

    A forget gate starts with the bias 1, so that first gradients reach far.

    Args:
        units: Width of h and c.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        x: (..., width), what enters, all steps at once.

    Returns:
        x W + b, (..., 4 * units), in the dtype of the weights.

    Example:
        >>> import numpy as np
        >>> lstm = LSTM(4)
        >>> lstm.build((None, 2))
        >>> x = np.ones((5, 1, 3, 2), "float32")
        >>> tuple(scan_lstms(lstm(x), lstm.state_kernels([lstm])).shape)
        (5, 1, 3, 4)

    Source: Hochreiter and Schmidhuber, Neural Computation 1997; Gers et al., 2000.
    """

    def __init__(self, units: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Shape) -> None:
        """Creates the weights."""
        self.from_input = keras.layers.Dense(
            4 * self.units, bias_initializer=_open_forget_gate, dtype=self.dtype_policy
        )
        self.from_input.build(input_shape)
        self.state_kernel = self.add_weight(
            name="state_kernel", shape=(self.units, 4 * self.units), initializer="orthogonal"
        )

    def call(self, x: Tensor) -> Tensor:
        """Multiplies what enters with its weights."""
        return ops.cast(self.from_input(x), self.variable_dtype)

    def advance(self, state: Sequence[Tensor], x: Tensor) -> Pair:
        """Returns h and c one step after `state`, (batch, units) both, with x (batch, width)."""
        h, c = state
        return _advance(c, self(x) + ops.matmul(h, self.state_kernel))

    @staticmethod
    def state_kernels(lstms: "Sequence[LSTM]") -> Tensor:
        """Returns V of several of equal width, (groups, units, 4 * units)."""
        return ops.stack([ops.cast(lstm.state_kernel, lstm.variable_dtype) for lstm in lstms])


def scan_lstms(inputs: Tensor, kernels: Tensor) -> Tensor:
    """Returns h after each step of several LSTMs that run beside one another.

    The gradient needs no stored loop. Given all h and c, with s the gradient from outside and
    t = tanh(c), everything but

        dh_p = s_p + dz_{p+1} V^T,   dc_p = dh_p o (1 - t^2) + f_{p+1} dc_{p+1}
        dz = [dc g i (1 - i), dc c' f (1 - f), dh t o (1 - o), dc i (1 - g^2)]

    follows without a loop; c' is c of the step before.

    Args:
        inputs: x W + b, (time, groups, batch, 4 * units).
        kernels: V, (groups, units, 4 * units).

    Returns:
        (time, groups, batch, units); h and c before the first step are zero.
    """

    @ops.custom_gradient
    def scan(x: Tensor, v: Tensor) -> WithGradient:
        def forward(state: Pair, x_t: Tensor) -> tuple[Pair, Pair]:
            h, c = state
            state = _advance(c, x_t + _times(h, v))
            return state, state

        nothing = ops.zeros_like(x[0, :, :, : v.shape[1]])
        states, cells = ops.scan(forward, (nothing, nothing), x)[1]

        def gradient(*args: Tensor, upstream: Tensor | None = None) -> Pair:
            outside = args[0] if upstream is None else upstream
            before, cells_before = (
                ops.concatenate([nothing[None], part[:-1]], axis=0) for part in (states, cells)
            )
            gates = _gates(x + _times(before, v))
            d = _gradient_in_z(outside, v, gates, cells, cells_before)
            return d, ops.einsum("tgbi,tgbj->gij", before, d)

        return states, gradient

    return scan(inputs, kernels)


def _gradient_in_z(
    outside: Tensor, v: Tensor, gates: Sequence[Tensor], cells: Tensor, cells_before: Tensor
) -> Tensor:
    """Returns dz of all steps, (time, groups, batch, 4 * units)."""
    i, f, o, g = gates
    size = ops.tanh(cells)
    to_cell = o * (1.0 - size * size)
    to_i, to_f, to_g = g * i * (1.0 - i), cells_before * f * (1.0 - f), i * (1.0 - g * g)
    to_o = size * o * (1.0 - o)

    def backward(
        carry: tuple[Tensor, ...], at: tuple[Tensor, ...]
    ) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        outside_t, f_t, to_cell_t, to_i_t, to_f_t, to_o_t, to_g_t = at
        dh = carry[0] + outside_t
        dc = carry[1] + dh * to_cell_t
        dz = ops.concatenate([dc * to_i_t, dc * to_f_t, dh * to_o_t, dc * to_g_t], axis=-1)
        carry = (_times(dz, ops.swapaxes(v, 1, 2)), f_t * dc, dz)
        return carry, carry

    nothing = ops.zeros_like(cells[0])
    start = (nothing, nothing, ops.concatenate([nothing] * 4, axis=-1))
    along = (outside, f, to_cell, to_i, to_f, to_o, to_g)
    dz = ops.scan(backward, start, along, reverse=True)[1][2]
    return ops.reshape(dz, (*ops.shape(cells)[:3], 4 * cells.shape[3]))


def _advance(c: Tensor, z: Tensor) -> Pair:
    i, f, o, g = _gates(z)
    c = f * c + i * g
    return o * ops.tanh(c), c


def _times(states: Tensor, kernels: Tensor) -> Tensor:
    """Multiplies states (..., groups, batch, width) with the kernel of their group.

    By flat products of one group each: where `matmul` spreads kernels over steps or, in derivatives
    of each sample, over samples, the result is garbage or the process ends, in float32 on
    CPUs (TensorFlow 2.21 with oneDNN, without XLA).
    """
    products = []
    for group, kernel in enumerate(ops.unstack(kernels)):
        of_group = states[..., group, :, :]
        flat = ops.matmul(ops.reshape(of_group, (-1, kernel.shape[0])), kernel)
        products.append(ops.reshape(flat, (*ops.shape(of_group)[:-1], kernel.shape[1])))
    return ops.stack(products, axis=-3)


def _gates(z: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    i, f, o, g = ops.split(z, 4, axis=-1)
    return ops.sigmoid(i), ops.sigmoid(f), ops.sigmoid(o), ops.tanh(g)


def _open_forget_gate(shape: tuple[int, ...], dtype: DType | None = None) -> Tensor:
    units = shape[0] // 4
    one_gate = ops.ones((units,), dtype)
    return ops.concatenate([0.0 * one_gate, one_gate, 0.0 * one_gate, 0.0 * one_gate])
