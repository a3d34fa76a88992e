"""Long short-term memories along the rows and columns of a square lattice."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from qtf.autoregressive.lstm import LSTM, hidden_states
from qtf.autoregressive.network import AutoregressiveNetwork, OutputHeads, checked_positive
from qtf.autoregressive.rows import evaluated_by_rows


@keras.saving.register_keras_serializable("qtf")
class LSTM2D(AutoregressiveNetwork):
    """Autoregressive network of layers of LSTMs over a square lattice.

        d_{r,c} = down(d_{r-1,c}, x_{r,c})
        a_{r,c} = right(a_{r,c-1}, d_{r,c}),   b_{r,c} = left(b_{r,c+1}, d_{r,c})
        y_{r,c} = W2 relu(W1 [a_{r,c-1}, b_{r-1,c}] + w1) + w2

    The input x of the first layer is the unit vector of the outcome, that of the others
    LN(the sum of y over all layers below); LN(the sum over all layers) goes to the heads.
    Everything outside of the lattice is zero. LN normalises the units of one site, whose sums
    would grow from layer to layer; the sums themselves stay as they are, so that gradients
    reach every layer directly.

    Both shifts are in y: a of the left neighbour knows the columns before c down to row r,
    b of the row above knows the other columns down to row r - 1. Together these are the
    positions before (r, c), row by row, each of them and no other. A layer above reads sums
    that know no more than this, at the same places, so it holds for all layers. The sum
    starts with the first y: a residual there would add the outcome itself.

    A layer scans rows, all columns at once, then columns, all rows at once. At one position
    the layers do not wait for one another, as each reads positions before it only. Weights do
    not depend on the shape. A sample carries d of a row, a, and b of the row above from
    position to position; b is found when its row is complete.

    Args:
        shape: Rows and columns; positions are numbered row by row.
        units: Width of d, a, b and y.
        n_layers: Number of layers.
        layer_norm: Whether there is LN; the paper's text names none.
        **kwargs: Of `AutoregressiveNetwork`, without `n_positions`.

    Raises:
        ValueError: A number is not positive.

    Example:
        >>> import numpy as np
        >>> network = LSTM2D(shape=(2, 3), units=4)
        >>> tuple(network(np.zeros((5, 6), "int32")).shape)
        (5, 6, 4)

    Source: the iterative-retraining paper, section II C and appendix A.
    """

    recurrent = True

    def __init__(
        self,
        *,
        shape: Sequence[int],
        units: int = 32,
        n_layers: int = 2,
        layer_norm: bool = True,
        **kwargs: Any,
    ) -> None:
        rows, columns = (checked_positive("shape", size) for size in shape)
        kwargs.pop("n_positions", None)
        super().__init__(n_positions=rows * columns, **kwargs)
        self.shape = (rows, columns)
        self.units = checked_positive("units", units)
        self.n_layers = checked_positive("n_layers", n_layers)
        self.layer_norm = layer_norm
        inner = {"dtype": self.dtype_policy}
        self.lattice_layers = [_LatticeLayer(self.shape, units, **inner) for _ in range(n_layers)]
        for i, layer in enumerate(self.lattice_layers):
            layer.build((None, units if i else self.local_dimension))
        norm = keras.layers.LayerNormalization if layer_norm else keras.layers.Identity
        # What enters each layer after the first, then what enters the heads.
        self.norms = [norm(**inner) for _ in range(n_layers)]
        for one in self.norms:
            one.build((None, units))
        self.output_heads = OutputHeads(self.heads, **inner)
        self.output_heads.build((None, units))
        self.built = True

    @property
    def n_together(self) -> int:
        """A row."""
        return self.shape[1]

    def call(self, outcomes: Any) -> Any:
        """Evaluates all positions."""
        by_position = ops.transpose(self.encoded(outcomes), (1, 0, 2))
        lattice = ops.reshape(by_position, (*self.shape, -1, self.local_dimension))
        first, *others = self.lattice_layers
        total = first(lattice)
        for layer, norm in zip(others, self.norms, strict=False):
            total = total + layer(norm(total))
        outputs = self.output_heads(self.norms[-1](total))
        outputs = ops.reshape(outputs, (self.n_positions, -1, self.n_outputs))
        return ops.transpose(outputs, (1, 0, 2))

    def initial_cache(self, batch_size: Any) -> Any:
        """Returns what the layers keep, and the sums that enter those after the first.

        Of each layer: d and its cell, (batch, columns, units) both, where a row is written
        over the one above; a and its cell, (batch, units) both. Then b of the row above for
        each layer, (batch, columns, units), and the sums, (batch, units).
        """
        one, row = (batch_size, self.units), (batch_size, self.shape[1], self.units)

        def nothing(*shapes: Any) -> list[Any]:
            return [ops.zeros(shape, self.variable_dtype) for shape in shapes]

        states = [nothing(row, row, one, one) for _ in range(self.n_layers)]
        return states, nothing(*[row] * self.n_layers), nothing(*[one] * (self.n_layers - 1))

    def step(self, position: Any, previous: Any, cache: Any) -> tuple[Any, Any]:
        """Evaluates one position; what enters is of the position before."""
        states, lefts, sums = cache
        column = position % self.shape[1]
        started = ops.cast(position > 0, self.variable_dtype)
        norms = self.norms[:-1]
        inputs = [started * self.encoded(previous)]
        inputs += [norm(x) for norm, x in zip(norms, sums, strict=True)]
        states = [
            layer.advanced(state, x, position)
            for layer, state, x in zip(self.lattice_layers, states, inputs, strict=True)
        ]
        row_is_complete = ops.logical_and(column == 0, position > 0)
        lefts = ops.cond(row_is_complete, lambda: self._lefts(states), lambda: list(lefts))
        sums = []
        for layer, state, left in zip(self.lattice_layers, states, lefts, strict=True):
            added = layer.joined(state[2], ops.take(left, column, axis=1))
            sums.append(added + sums[-1] if sums else added)
        return self.output_heads(self.norms[-1](sums[-1])), (states, lefts, sums[:-1])

    def evaluated(self, outcomes: Any, start: int, stop: int, cache: Any) -> tuple[Any, Any]:
        """Evaluates some positions of given outcomes, the whole row of each at once.

        The cache keeps d, its cell and b of the last row that is complete before `stop`; what
        a row holds left of `start` is found again from there.
        """
        states, lefts, sums = cache
        above = [
            [ops.swapaxes(part, 0, 1) for part in (*state[:2], left)]
            for state, left in zip(states, lefts, strict=True)
        ]
        outputs, above = evaluated_by_rows(self, self._row, outcomes, (start, stop), above)
        down, cells, lefts = (
            [ops.swapaxes(part, 0, 1) for part in parts] for parts in zip(*above, strict=True)
        )
        states = [[*new, *old[2:]] for *new, old in zip(down, cells, states, strict=True)]
        return outputs, (states, lefts, sums)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this network again."""
        own = {
            "shape": self.shape,
            "units": self.units,
            "n_layers": self.n_layers,
            "layer_norm": self.layer_norm,
        }
        return {**super().get_config(), **own}

    def _row(self, x: Any, above: Any) -> tuple[Any, list[Any]]:
        """Evaluates a row, (columns, batch, local_dimension), from d, its cell and b above it.

        Returns outputs and the same three of this row for each layer.
        """
        own, total = [], None
        for layer, norm, known in zip(self.lattice_layers, self.norms, above, strict=True):
            y, found = layer.row(x, known)
            own.append(found)
            total = y if total is None else total + y
            x = norm(total)
        return self.output_heads(x), own

    def _lefts(self, states: Any) -> list[Any]:
        """Returns b of a complete row for each layer; one scan for all of them."""
        lstms = [layer.left for layer in self.lattice_layers]
        along = [
            ops.transpose(lstm(state[0]), (1, 0, 2))
            for lstm, state in zip(lstms, states, strict=True)
        ]
        inputs = ops.flip(ops.stack(along, axis=1), axis=0)
        found = ops.flip(hidden_states(inputs, LSTM.state_kernels(lstms)), axis=0)
        shape = ops.shape(states[0][0])
        return [
            ops.reshape(ops.transpose(one, (1, 0, 2)), shape) for one in ops.unstack(found, axis=1)
        ]


class _LatticeLayer(keras.layers.Layer):
    """The three LSTMs of one layer, and what joins their shifted states."""

    def __init__(self, shape: tuple[int, int], units: int, **kwargs: Any) -> None:
        super().__init__(name="lattice_layer", **kwargs)
        self.shape = shape
        self.units = units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        units, inner = self.units, {"dtype": self.dtype_policy}
        self.down, self.right, self.left = (LSTM(units, **inner) for _ in range(3))
        self.down.build(input_shape)
        self.right.build((None, units))
        self.left.build((None, units))
        self.hidden = keras.layers.Dense(units, "relu", **inner)
        self.output_dense = keras.layers.Dense(units, **inner)
        self.hidden.build((None, 2 * units))
        self.output_dense.build((None, units))

    def call(self, x: Any) -> Any:
        """Returns y of x, (rows, columns, batch, width) both."""
        rows, columns = self.shape
        downwards = ops.reshape(self.down(x), (rows, 1, -1, 4 * self.units))
        down = hidden_states(downwards, LSTM.state_kernels([self.down]))
        down = ops.transpose(ops.reshape(down, (rows, columns, -1, self.units)), (1, 0, 2, 3))
        sideways = ops.stack([self.right(down), self.left(ops.flip(down, axis=0))], axis=1)
        sideways = ops.reshape(sideways, (columns, 2, -1, 4 * self.units))
        found = hidden_states(sideways, LSTM.state_kernels([self.right, self.left]))
        found = ops.reshape(found, (columns, 2, rows, -1, self.units))
        right, left = found[:, 0], ops.flip(found[:, 1], axis=0)
        right = ops.pad(right[:-1], ((1, 0), (0, 0), (0, 0), (0, 0)))
        left = ops.pad(left[:, :-1], ((0, 0), (1, 0), (0, 0), (0, 0)))
        return ops.transpose(self.joined(right, left), (1, 0, 2, 3))

    def row(self, x: Any, above: Any) -> tuple[Any, list[Any]]:
        """Returns y of one row x, (columns, batch, width) both, and d, its cell and b."""
        down, cells = self.down.advanced(above[:2], x)
        sideways = ops.stack([self.right(down), self.left(ops.flip(down, axis=0))], axis=1)
        found = hidden_states(sideways, LSTM.state_kernels([self.right, self.left]))
        found = ops.reshape(found, (self.shape[1], 2, -1, self.units))
        right = ops.pad(found[:-1, 0], ((1, 0), (0, 0), (0, 0)))
        return self.joined(right, above[2]), [down, cells, ops.flip(found[:, 1], axis=0)]

    def advanced(self, state: Any, x: Any, position: Any) -> list[Any]:
        """Returns d and a with x of the position before; nothing changes at the first."""
        columns = self.shape[1]
        before = ops.maximum(position - 1, 0) % columns
        rows_of_down, right = state[:2], state[2:]
        down = self.down.advanced([ops.take(row, before, axis=1) for row in rows_of_down], x)
        started = ops.cast(position > 0, self.variable_dtype)
        rows_of_down = [
            ops.slice_update(row, (0, before, 0), (started * new)[:, None])
            for row, new in zip(rows_of_down, down, strict=True)
        ]
        inside = ops.cast(position % columns > 0, self.variable_dtype)
        return rows_of_down + [inside * new for new in self.right.advanced(right, down[0])]

    def joined(self, right: Any, left: Any) -> Any:
        """Returns y from a and b that are shifted already."""
        hidden = self.hidden(ops.concatenate([right, left], axis=-1))
        return ops.cast(self.output_dense(hidden), self.variable_dtype)
