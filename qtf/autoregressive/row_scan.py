"""A network whose gates depend on inputs only, so that whole rows are evaluated at once."""

from typing import TypeAlias

import keras
from keras import ops

from qtf.autoregressive.network import OutputHeads
from qtf.autoregressive.row_network import RowNetwork
from qtf.autoregressive.settings import RowScanSettings
from qtf.typing import Index, Pair, Shape, Tensor

# s and x of the row above by column; y and x of the row so far by column; h of each layer.
States: TypeAlias = tuple[list[Tensor], list[Tensor], list[Tensor]]
# Rows of which a graph may hold each by itself, which XLA can differentiate.
MOST_UNROLLED_ROWS = 16


@keras.saving.register_keras_serializable("qtf")
class RowScan(RowNetwork[States]):
    """Autoregressive network of gated layers along the rows of a square lattice.

        y_{r,c} = [x_{r,c-1}, x_{r-1,c}, x_{r-1,c+1}] E + s_{r-1,c} S + e

    and then, layer by layer, with n = LN(y), * the product of entries and all else matrices,

        f = sigmoid(n F + b_f),   z = tanh(n Z + b_z),   g = silu(n G + b_g)
        h_{r,c} = f * h_{r,c-1} + (1 - f) * z,   y_{r,c} += (g * h_{r,c}) W + w

    The outputs are heads(LN(y)). x is the unit vector of an outcome. Gates do not depend on h, so
    that all products are of a whole row, and the rest of the recurrence is a scan over columns
    in log2(columns) steps. When a row is complete, it is summarised from both sides for the next
    one, with q = LN(y_{r,c} + x_{r,c} Q):

        f = sigmoid(q F' + b),   z = tanh(q Z' + b'),   l_{r,c} = f * l_{r,c+1} + (1 - f) * z
        u = sigmoid(q U + l U' + b_u),   v = tanh(q V + l V' + b_v)
        s_{r,c} = u * s_{r-1,c} + (1 - u) * v

    y knows the sites to the left, l those to the right, and s_{r-1} the rows above. Everything
    outside of the lattice is zero. Weights do not depend on the shape. Best with patches of sites,
    as there are fewer columns then.

    Args:
        **arguments: Those of `RowNetwork` and of `RowScanSettings`; positions are row by row.

    Raises:
        ValueError: A number is not positive.

    Example:
        >>> import numpy as np
        >>> network = RowScan(shape=(2, 3), units=4)
        >>> tuple(network(np.zeros((5, 6), "int32")).shape)
        (5, 6, 4)

    Source: patches and gates of inputs as in arXiv 2605.13807; the gated output as in Dauphin et
    al., ICML 2017.
    """

    settings_class = RowScanSettings
    settings: RowScanSettings

    def make_layers(self) -> None:
        """Makes the products of what is known, the layers, the summary and the heads."""
        units, d, inner = self.settings.units, self.local_dimension, {"dtype": self.dtype_policy}
        # More rows are one loop, which XLA cannot differentiate.
        self.recurrent = self.shape[0] > MOST_UNROLLED_ROWS
        self.from_outcomes = keras.layers.Dense(units, **inner)
        self.from_summary = keras.layers.Dense(units, use_bias=False, **inner)
        self.row_layers = [_RowLayer(units, **inner) for _ in range(self.settings.n_layers)]
        self.summary = _Summary(units, **inner)
        self.norm = keras.layers.LayerNormalization(**inner)
        self.output_heads = OutputHeads(self.heads, **inner)
        self.from_outcomes.build((None, 3 * d))
        self.summary.build((None, d))
        for layer in (self.from_summary, *self.row_layers, self.norm, self.output_heads):
            layer.build((None, units))

    @property
    def width_of_widest(self) -> int:
        """Of two states: gates, which are wider, are those of one row only."""
        return 2 * self.settings.units

    def call(self, outcomes: Tensor) -> Tensor:
        """Evaluates all positions."""
        by_position = ops.transpose(self.encode(outcomes), (1, 0, 2))
        x = ops.reshape(by_position, (*self.shape, -1, self.local_dimension))
        if self.recurrent:
            return super().call(outcomes)
        y, _ = self._rows(x, self._nothing_above(ops.shape(x)[2]))
        outputs = ops.reshape(self._outputs(y), (self.n_positions, -1, self.n_outputs))
        return ops.transpose(outputs, (1, 0, 2))

    def initial_cache(self, batch_size: Index) -> States:
        """Returns what is known of the row above, of the row so far, and h of each layer.

        s of the row above and y of the row so far are (batch, columns, units), x of both
        (batch, columns, local_dimension), each h (batch, units).
        """
        row, units = (batch_size, self.shape[1]), self.settings.units

        def nothing(*shapes: tuple[Index, ...]) -> list[Tensor]:
            return [ops.zeros(shape, self.variable_dtype) for shape in shapes]

        both = nothing((*row, units), (*row, self.local_dimension))
        states = nothing(*[(batch_size, units)] * self.settings.n_layers)
        return both, list(both), states

    def step(self, position: Index, previous: Tensor, cache: States) -> tuple[Tensor, States]:
        """Evaluates one position; x of the position before is written first."""
        above, (y_row, x_row), states = cache
        columns = self.shape[1]
        column, before = position % columns, ops.maximum(position - 1, 0) % columns
        newest = ops.cast(position > 0, self.variable_dtype) * self.encode(previous)
        x_row = ops.slice_update(x_row, (0, before, 0), newest[:, None])
        row_is_complete = ops.logical_and(column == 0, position > 0)
        above = ops.cond(
            row_is_complete, lambda: self._complete(y_row, x_row, above), lambda: list(above)
        )
        inside = ops.cast(column > 0, self.variable_dtype)
        x_above = ops.pad(above[1], ((0, 0), (0, 1), (0, 0)))
        near = [ops.take(x_above, column, axis=1), ops.take(x_above, column + 1, axis=1)]
        y = self._enter([inside * newest, *near], ops.take(above[0], column, axis=1))
        new_states = []
        for layer, state in zip(self.row_layers, states, strict=True):
            y, state = layer.advance(y, inside * state)
            new_states.append(state)
        y_row = ops.slice_update(y_row, (0, column, 0), y[:, None])
        return self._outputs(y), (above, [y_row, x_row], new_states)

    def evaluate_positions(
        self, outcomes: Tensor, start: int, stop: int, cache: States
    ) -> tuple[Tensor, States]:
        """Evaluates some positions of given outcomes, whole rows at once.

        The cache keeps s and x of the last row that is complete before `stop`; what a row holds
        left of `start` is found again from there.
        """
        above = [ops.swapaxes(part, 0, 1) for part in cache[0]]
        if self.recurrent:
            outputs, above = self.evaluate_rows(self._row, outcomes, (start, stop), above)
        else:
            outputs, above = self._evaluate_unrolled(outcomes, (start, stop), above)
        return outputs, ([ops.swapaxes(part, 0, 1) for part in above], *cache[1:])

    def _evaluate_unrolled(
        self, outcomes: Tensor, positions: tuple[int, int], above: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Does the same as `evaluate_rows` without a loop."""
        (start, stop), columns = positions, self.shape[1]
        first, n_complete, last = start // columns, stop // columns, -(-stop // columns)
        x = self.encode(outcomes[first * columns : last * columns])
        x = ops.reshape(x, (last - first, columns, -1, self.local_dimension))
        y, summaries = self._rows(x, above)
        outputs = ops.reshape(self._outputs(y), (-1, ops.shape(outcomes)[1], self.n_outputs))
        outputs = outputs[start - first * columns : stop - first * columns]
        return outputs, summaries[n_complete - first]

    def _rows(self, x: Tensor, above: list[Tensor]) -> tuple[Tensor, list[list[Tensor]]]:
        """Returns y of rows (rows, columns, batch, local_dimension), and s and x above each.

        Of one row more than there are: also of the last one.
        """
        every_y, every_above = [], [above]
        for r in range(x.shape[0]):
            y, above = self._through_row(x[r], above)
            every_y.append(y)
            every_above.append(above)
        return ops.stack(every_y), every_above

    def _row(self, x: Tensor, above: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Returns the outputs of a row, and s and x of it."""
        y, above = self._through_row(x, above)
        return self._outputs(y), above

    def _through_row(self, x: Tensor, above: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Returns y of a row (columns, batch, local_dimension), and s and x of it."""
        s_above, x_above = above
        beside = ops.pad(x[:-1], ((1, 0), (0, 0), (0, 0)))
        above_right = ops.pad(x_above[1:], ((0, 1), (0, 0), (0, 0)))
        y = self._enter([beside, x_above, above_right], s_above)
        for layer in self.row_layers:
            y = layer(y)
        return y, [self.summary(x, y, s_above), x]

    def _complete(self, y: Tensor, x: Tensor, above: list[Tensor]) -> list[Tensor]:
        """Returns s and x of a complete row, all of them with the batch first."""
        y, s_above = (ops.swapaxes(part, 0, 1) for part in (y, above[0]))
        return [ops.swapaxes(self.summary(ops.swapaxes(x, 0, 1), y, s_above), 0, 1), x]

    def _enter(self, outcomes: list[Tensor], s_above: Tensor) -> Tensor:
        """Returns y before the first layer."""
        joined = ops.concatenate(outcomes, axis=-1)
        y = self.from_outcomes(joined) + self.from_summary(s_above)
        return ops.cast(y, self.variable_dtype)

    def _outputs(self, y: Tensor) -> Tensor:
        return self.output_heads(self.norm(y))

    def _nothing_above(self, batch_size: Index) -> list[Tensor]:
        return [ops.swapaxes(part, 0, 1) for part in self.initial_cache(batch_size)[0]]


class _RowLayer(keras.layers.Layer):
    """A scan along a row with gated outputs, added to what enters."""

    def __init__(self, units: int, **kwargs: object) -> None:
        # Variables of a SavedModel must not begin with an underscore, as the class does.
        super().__init__(name="row_layer", autocast=False, **kwargs)
        self.units = units

    def build(self, input_shape: Shape) -> None:
        inner = {"dtype": self.dtype_policy}
        self.norm = keras.layers.LayerNormalization(**inner)
        self.gates = keras.layers.Dense(3 * self.units, **inner)
        self.leave = keras.layers.Dense(self.units, **inner)
        for layer in (self.norm, self.gates, self.leave):
            layer.build((None, self.units))

    def call(self, y: Tensor) -> Tensor:
        """Returns y after the layer, (columns, batch, units)."""
        keep, candidate, gate = self._gates(y)
        return self._add(y, gate, scan_columns(keep, (1.0 - keep) * candidate))

    def advance(self, y: Tensor, state: Tensor) -> Pair:
        """Returns y of one column and h, both (batch, units), from h of the column before."""
        keep, candidate, gate = self._gates(y)
        state = keep * state + (1.0 - keep) * candidate
        return self._add(y, gate, state), state

    def _gates(self, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        gates = ops.cast(self.gates(self.norm(y)), self.variable_dtype)
        keep, candidate, gate = ops.split(gates, 3, axis=-1)
        return ops.sigmoid(keep), ops.tanh(candidate), ops.silu(gate)

    def _add(self, y: Tensor, gate: Tensor, state: Tensor) -> Tensor:
        return y + ops.cast(self.leave(gate * state), self.variable_dtype)


class _Summary(keras.layers.Layer):
    """What a complete row tells the next one, column by column."""

    def __init__(self, units: int, **kwargs: object) -> None:
        super().__init__(name="summary", autocast=False, **kwargs)
        self.units = units

    def build(self, input_shape: Shape) -> None:
        inner = {"dtype": self.dtype_policy}
        self.from_outcome = keras.layers.Dense(self.units, use_bias=False, **inner)
        self.norm = keras.layers.LayerNormalization(**inner)
        # The gates of the scan from the right, then those of s.
        self.from_here = keras.layers.Dense(4 * self.units, **inner)
        self.from_right = keras.layers.Dense(2 * self.units, use_bias=False, **inner)
        self.from_outcome.build(input_shape)
        for layer in (self.norm, self.from_here, self.from_right):
            layer.build((None, self.units))

    def call(self, x: Tensor, y: Tensor, above: Tensor) -> Tensor:
        """Returns s, (columns, batch, units), from x and y of the row and s above it."""
        dtype = self.variable_dtype
        gates = self.from_here(self.norm(y + ops.cast(self.from_outcome(x), dtype)))
        keep, candidate, *of_s = ops.split(ops.cast(gates, dtype), 4, axis=-1)
        keep, candidate = ops.sigmoid(keep), ops.tanh(candidate)
        right = scan_columns(keep, (1.0 - keep) * candidate, reverse=True)
        added = ops.split(ops.cast(self.from_right(right), dtype), 2, axis=-1)
        update, new = (here + beside for here, beside in zip(of_s, added, strict=True))
        update = ops.sigmoid(update)
        return update * above + (1.0 - update) * ops.tanh(new)


def scan_columns(keep: Tensor, new: Tensor, *, reverse: bool = False) -> Tensor:
    """Returns h_c = keep_c * h_{c-1} + new_c of all columns, from h = 0 before the first.

    Every step joins what twice as many columns make of h, so that there are log2(columns) steps.

    Args:
        keep: (columns, ...).
        new: The same shape.
        reverse: Whether the last column comes first.

    Returns:
        (columns, ...).
    """
    columns, width = keep.shape[0], 1
    while width < columns:
        kept = slice(width, None) if reverse else slice(None, -width)
        sides = (0, width) if reverse else (width, 0)
        shift = (sides, *((0, 0),) * (len(keep.shape) - 1))
        new = new + keep * ops.pad(new[kept], shift)
        width *= 2
        if width < columns:
            keep = keep * ops.pad(keep[kept], shift)
    return new
