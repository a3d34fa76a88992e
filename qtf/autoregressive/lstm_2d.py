"""Long short-term memories along the rows and columns of a square lattice."""

from collections.abc import Sequence
from typing import TypeAlias

import keras
from keras import ops

from qtf.autoregressive.lstm import LSTM, scan_lstms
from qtf.autoregressive.network import OutputHeads
from qtf.autoregressive.row_network import RowNetwork
from qtf.autoregressive.settings import LSTM2DSettings
from qtf.typing import Index, Shape, Tensor

# Of each layer: d and its cell by column, a and its cell. Then b of each layer by column. Then the
# sums that enter the layers after the first.
States: TypeAlias = tuple[list[list[Tensor]], list[Tensor], list[Tensor]]


@keras.saving.register_keras_serializable("qtf")
class LSTM2D(RowNetwork[States]):
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
        **arguments: Those of `RowNetwork` and of `LSTM2DSettings`; positions are row by row.

    Raises:
        ValueError: A number is not positive.

    Example:
        >>> import numpy as np
        >>> network = LSTM2D(shape=(2, 3), units=4)
        >>> tuple(network(np.zeros((5, 6), "int32")).shape)
        (5, 6, 4)

    Source: roth2020, section II C and appendix A.
    """

    settings_class = LSTM2DSettings
    settings: LSTM2DSettings
    recurrent = True

    def make_layers(self) -> None:
        """Makes the layers, the norms and the heads."""
        units, n_layers = self.settings.units, self.settings.n_layers
        inner = {"dtype": self.dtype_policy}
        self.lattice_layers = [_LatticeLayer(self.shape, units, **inner) for _ in range(n_layers)]
        for i, layer in enumerate(self.lattice_layers):
            layer.build((None, units if i else self.local_dimension))
        layer_norm = self.settings.layer_norm
        norm = keras.layers.LayerNormalization if layer_norm else keras.layers.Identity
        # What enters each layer after the first, then what enters the heads.
        self.norms = [norm(**inner) for _ in range(n_layers)]
        self.output_heads = OutputHeads(self.heads, **inner)
        for layer in (*self.norms, self.output_heads):
            layer.build((None, units))

    def call(self, outcomes: Tensor) -> Tensor:
        """Evaluates all positions."""
        by_position = ops.transpose(self.encode(outcomes), (1, 0, 2))
        lattice = ops.reshape(by_position, (*self.shape, -1, self.local_dimension))
        first, *others = self.lattice_layers
        total = first(lattice)
        for layer, norm in zip(others, self.norms, strict=False):
            total = total + layer(norm(total))
        outputs = self.output_heads(self.norms[-1](total))
        outputs = ops.reshape(outputs, (self.n_positions, -1, self.n_outputs))
        return ops.transpose(outputs, (1, 0, 2))

    def initial_cache(self, batch_size: Index) -> States:
        """Returns what the layers keep, and the sums that enter those after the first.

        Of each layer: d and its cell, (batch, columns, units) both, where a row is written
        over the one above; a and its cell, (batch, units) both. Then b of the row above for
        each layer, (batch, columns, units), and the sums, (batch, units).
        """
        units, n_layers = self.settings.units, self.settings.n_layers
        site, row = (batch_size, units), (batch_size, self.shape[1], units)

        def nothing(*shapes: tuple[Index, ...]) -> list[Tensor]:
            return [ops.zeros(shape, self.variable_dtype) for shape in shapes]

        states = [nothing(row, row, site, site) for _ in range(n_layers)]
        return states, nothing(*[row] * n_layers), nothing(*[site] * (n_layers - 1))

    def step(self, position: Index, previous: Tensor, cache: States) -> tuple[Tensor, States]:
        """Evaluates one position; what enters is of the position before."""
        states, lefts, sums = cache
        column = position % self.shape[1]
        started = ops.cast(position > 0, self.variable_dtype)
        norms = self.norms[:-1]
        inputs = [started * self.encode(previous)]
        inputs += [norm(x) for norm, x in zip(norms, sums, strict=True)]
        states = [
            layer.advance(state, x, position)
            for layer, state, x in zip(self.lattice_layers, states, inputs, strict=True)
        ]
        row_is_complete = ops.logical_and(column == 0, position > 0)
        lefts = ops.cond(row_is_complete, lambda: self._lefts(states), lambda: list(lefts))
        sums = []
        for layer, state, left in zip(self.lattice_layers, states, lefts, strict=True):
            added = layer.join(state[2], ops.take(left, column, axis=1))
            sums.append(added + sums[-1] if sums else added)
        return self.output_heads(self.norms[-1](sums[-1])), (states, lefts, sums[:-1])

    def evaluate_positions(
        self, outcomes: Tensor, start: int, stop: int, cache: States
    ) -> tuple[Tensor, States]:
        """Evaluates some positions of given outcomes, the whole row of each at once.

        The cache keeps d, its cell and b of the last row that is complete before `stop`; what
        a row holds left of `start` is found again from there.
        """
        states, lefts, sums = cache
        above = [
            [ops.swapaxes(part, 0, 1) for part in (*state[:2], left)]
            for state, left in zip(states, lefts, strict=True)
        ]
        outputs, above = self.evaluate_rows(self._row, outcomes, (start, stop), above)
        down, cells, lefts = (
            [ops.swapaxes(part, 0, 1) for part in parts] for parts in zip(*above, strict=True)
        )
        states = [[*new, *old[2:]] for *new, old in zip(down, cells, states, strict=True)]
        return outputs, (states, lefts, sums)

    def _row(self, x: Tensor, above: list[list[Tensor]]) -> tuple[Tensor, list[list[Tensor]]]:
        """Evaluates a row, (columns, batch, local_dimension), from d, its cell and b above it.

        Returns outputs and the same three of this row for each layer.
        """
        this_row, total = [], None
        for layer, norm, layer_above in zip(self.lattice_layers, self.norms, above, strict=True):
            y, states = layer.row(x, layer_above)
            this_row.append(states)
            total = y if total is None else total + y
            x = norm(total)
        return self.output_heads(x), this_row

    def _lefts(self, states: list[list[Tensor]]) -> list[Tensor]:
        """Returns b of a complete row for each layer; one scan for all of them."""
        lstms = [layer.left for layer in self.lattice_layers]
        along = [
            ops.transpose(lstm(state[0]), (1, 0, 2))
            for lstm, state in zip(lstms, states, strict=True)
        ]
        inputs = ops.flip(ops.stack(along, axis=1), axis=0)
        lefts = ops.flip(scan_lstms(inputs, LSTM.state_kernels(lstms)), axis=0)
        shape = ops.shape(states[0][0])
        return [
            ops.reshape(ops.transpose(left, (1, 0, 2)), shape)
            for left in ops.unstack(lefts, axis=1)
        ]


class _LatticeLayer(keras.layers.Layer):
    """The three LSTMs of one layer, and what joins their shifted states."""

    def __init__(self, shape: tuple[int, int], units: int, **kwargs: object) -> None:
        super().__init__(name="lattice_layer", **kwargs)
        self.shape = shape
        self.units = units

    def build(self, input_shape: Shape) -> None:
        units, inner = self.units, {"dtype": self.dtype_policy}
        self.down, self.right, self.left = (LSTM(units, **inner) for _ in range(3))
        self.down.build(input_shape)
        self.right.build((None, units))
        self.left.build((None, units))
        self.hidden = keras.layers.Dense(units, "relu", **inner)
        self.output_dense = keras.layers.Dense(units, **inner)
        self.hidden.build((None, 2 * units))
        self.output_dense.build((None, units))

    def call(self, x: Tensor) -> Tensor:
        """Returns y of x, (rows, columns, batch, width) both."""
        rows, columns = self.shape
        downwards = ops.reshape(self.down(x), (rows, 1, -1, 4 * self.units))
        down = scan_lstms(downwards, LSTM.state_kernels([self.down]))
        down = ops.transpose(ops.reshape(down, (rows, columns, -1, self.units)), (1, 0, 2, 3))
        sideways = ops.stack([self.right(down), self.left(ops.flip(down, axis=0))], axis=1)
        sideways = ops.reshape(sideways, (columns, 2, -1, 4 * self.units))
        states = scan_lstms(sideways, LSTM.state_kernels([self.right, self.left]))
        states = ops.reshape(states, (columns, 2, rows, -1, self.units))
        right, left = states[:, 0], ops.flip(states[:, 1], axis=0)
        right = ops.pad(right[:-1], ((1, 0), (0, 0), (0, 0), (0, 0)))
        left = ops.pad(left[:, :-1], ((0, 0), (1, 0), (0, 0), (0, 0)))
        return ops.transpose(self.join(right, left), (1, 0, 2, 3))

    def row(self, x: Tensor, above: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Returns y of one row x, (columns, batch, width) both, and d, its cell and b."""
        down, cells = self.down.advance(above[:2], x)
        sideways = ops.stack([self.right(down), self.left(ops.flip(down, axis=0))], axis=1)
        states = scan_lstms(sideways, LSTM.state_kernels([self.right, self.left]))
        states = ops.reshape(states, (self.shape[1], 2, -1, self.units))
        right = ops.pad(states[:-1, 0], ((1, 0), (0, 0), (0, 0)))
        return self.join(right, above[2]), [down, cells, ops.flip(states[:, 1], axis=0)]

    def advance(self, state: Sequence[Tensor], x: Tensor, position: Index) -> list[Tensor]:
        """Returns d and a with x of the position before; nothing changes at the first."""
        columns = self.shape[1]
        before = ops.maximum(position - 1, 0) % columns
        rows_of_down, right = state[:2], state[2:]
        down = self.down.advance([ops.take(row, before, axis=1) for row in rows_of_down], x)
        started = ops.cast(position > 0, self.variable_dtype)
        rows_of_down = [
            ops.slice_update(row, (0, before, 0), (started * new)[:, None])
            for row, new in zip(rows_of_down, down, strict=True)
        ]
        inside = ops.cast(position % columns > 0, self.variable_dtype)
        return rows_of_down + [inside * new for new in self.right.advance(right, down[0])]

    def join(self, right: Tensor, left: Tensor) -> Tensor:
        """Returns y from a and b that are shifted already."""
        hidden = self.hidden(ops.concatenate([right, left], axis=-1))
        return ops.cast(self.output_dense(hidden), self.variable_dtype)
