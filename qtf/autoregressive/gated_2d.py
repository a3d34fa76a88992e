"""A gated recurrent network along a zigzag path over a square lattice."""

from typing import NamedTuple, TypeAlias

import keras
from keras import ops

from qtf.autoregressive.context import Context
from qtf.autoregressive.network import OutputHeads
from qtf.autoregressive.row_network import RowNetwork
from qtf.autoregressive.settings import GatedRNN2DSettings
from qtf.autoregressive.weight_gradients import (
    WeightsPullBack,
    bias_gradient,
    kernel_gradient,
    sum_images,
)
from qtf.typing import Index, Pair, Shape, Tensor, WithGradient

# h and x of the last site visited in each column, and how often each outcome came before.
States: TypeAlias = list[Tensor]


@keras.saving.register_keras_serializable("qtf")
class GatedRNN2D(RowNetwork[States]):
    """Autoregressive network of one gated cell that reads two neighbours of each site.

        u = sigmoid([h', h''] T_u [x', x''] + b_u),   c = tanh([h', h''] T_c [x', x''] + b_c)
        h = u c + (1 - u) [h', h''] W,   outputs = heads(h)

    The path goes through the first row from left to right, through the second from right to
    left, and so on. h' and x' are the state and the unit vector of the outcome at the
    neighbour in the row that was visited just before, h'' and x'' those at the neighbour
    above; outside of the lattice all are zero. T is bilinear: each of the outcomes chooses a
    matrix, and the two are added. Weights do not depend on the shape.

    With `context`, the biases of a site depend on its distances from the edges and on how often
    each outcome came before, see `Context`. States need not count then, and come closer to
    ground states of open squares at next to no cost.

    On this path every site knows all sites before it. Were all rows visited from left to
    right, what is above and further right would be unknown. The price is a parallel evaluation
    with one step for each site, as the first site of a row is below the last one of the row
    above. Only products with h'' are of a whole row at once.

    Args:
        **arguments: Those of `RowNetwork` and of `GatedRNN2DSettings`; positions are in the order
            "snake" of the sites of a square.

    Raises:
        ValueError: A number is not positive.

    Example:
        >>> import numpy as np
        >>> network = GatedRNN2D(shape=(2, 3), units=4)
        >>> tuple(network(np.zeros((5, 6), "int32")).shape)
        (5, 6, 4)

    Source: Hibat-Allah, Melko and Carrasquilla, "Supplementing recurrent neural network wave
    functions with symmetry and annealing to improve accuracy", 2022.
    """

    settings_class = GatedRNN2DSettings
    settings: GatedRNN2DSettings
    recurrent = True
    linearizes = True

    def make_layers(self) -> None:
        """Makes the cell and the heads."""
        units, inner = self.settings.units, {"dtype": self.dtype_policy}
        self.context = Context(self.shape, self.local_dimension)
        self.cell = _GatedCell(units, self.context if self.settings.context else None, **inner)
        self.output_heads = OutputHeads(self.heads, **inner)
        self.cell.build((None, 2 * self.local_dimension))
        self.output_heads.build((None, units))

    @property
    def width_of_widest(self) -> int:
        """Of two states; weights are larger, as each pair of outcomes chooses among them."""
        return 2 * self.settings.units

    def initial_cache(self, batch_size: Index) -> States:
        """Returns h and x of the last site visited in each column, and the sums of the context.

        h is (batch, columns, units), x is (batch, columns, local_dimension); a row is written
        over the one above. Sums of differences are (batch, n_counts).
        """
        columns = self.shape[1]
        shapes = [
            (batch_size, columns, self.settings.units),
            (batch_size, columns, self.local_dimension),
            (batch_size, self.context.n_counts),
        ]
        return [ops.zeros(shape, self.variable_dtype) for shape in shapes]

    def step(self, position: Index, previous: Tensor, cache: States) -> tuple[Tensor, States]:
        """Evaluates one position; x of the position before is written first."""
        states, outcomes, sums = cache
        column, before = self._column(position), self._column(ops.maximum(position - 1, 0))
        started = ops.cast(position > 0, self.variable_dtype)
        inside = ops.cast(position % self.shape[1] > 0, self.variable_dtype)
        newest = started * self.encode(previous)
        outcomes = ops.slice_update(outcomes, (0, before, 0), newest[:, None])
        choices = [inside * newest, ops.take(outcomes, column, axis=1)]
        sums = sums + self.context.differences(newest)
        around = Around(self.context.edges_at(position), self.context.counts_at(position, sums))
        state = self.cell.advance(
            inside * ops.take(states, before, axis=1),
            ops.take(states, column, axis=1),
            ops.concatenate(choices, axis=-1),
            around,
        )
        states = ops.slice_update(states, (0, column, 0), state[:, None])
        return self.output_heads(state), [states, outcomes, sums]

    def evaluate_positions(
        self, outcomes: Tensor, start: int, stop: int, cache: States
    ) -> tuple[Tensor, States]:
        """Evaluates some positions of given outcomes; the heads outside the loop.

        The cache keeps h of the last row that is complete before `stop`; what a row holds
        before `start` is found again from there.
        """
        columns = self.shape[1]
        first, last = start // columns, (stop - 1) // columns
        choices, around = self._surroundings(outcomes, first, last + 1)
        row_above = self._along_path(ops.swapaxes(cache[0], 0, 1), first - 1)
        states = self.cell(choices, row_above, around)
        wanted = slice(start - first * columns, stop - first * columns)
        outputs = self.output_heads(ops.reshape(states, (-1, *ops.shape(states)[2:]))[wanted])
        rows = ops.concatenate([row_above[None], states], axis=0)
        n_complete = stop // columns
        complete = self._along_path(rows[n_complete - first], n_complete - 1)
        return outputs, [ops.swapaxes(complete, 0, 1), *cache[1:]]

    def linearize(self, outcomes: Tensor) -> tuple[Tensor, WeightsPullBack]:
        """Evaluates all positions, and prepares the derivatives of each sample."""
        choices, around = self._surroundings(ops.transpose(outcomes), 0, self.shape[0])
        nothing = ops.swapaxes(self.initial_cache(ops.shape(outcomes)[0])[0], 0, 1)
        states = self.cell(choices, nothing, around)
        by_position = (self.n_positions, -1, self.settings.units)
        outputs, from_heads = self.output_heads.linearize(ops.reshape(states, by_position))

        def pull_back(upstream: Tensor, n_images: int = 1) -> list[Tensor]:
            to_states, of_heads = from_heads(ops.transpose(upstream, (1, 0, 2)), n_images)
            to_states = ops.reshape(to_states, ops.shape(states))
            of_cell = self.cell.weight_gradients(to_states, choices, nothing, around, states)
            return [*sum_images(of_cell, n_images), *of_heads]

        return ops.transpose(outputs, (1, 0, 2)), pull_back

    def _surroundings(self, outcomes: Tensor, first: int, stop: int) -> tuple[Tensor, "Around"]:
        """Returns [x', x''] of all positions of some rows, and what else is around them.

        Args:
            outcomes: int32 (n_positions, batch); those of the rows and before count.
            first: First row.
            stop: Row after the last.
        """
        columns = self.shape[1]
        vectors = self.encode(outcomes[: stop * columns])
        # Exported models have lost how many positions there are.
        vectors = ops.reshape(vectors, (stop * columns, -1, self.local_dimension))
        x = ops.reshape(vectors, (stop, columns, *ops.shape(vectors)[1:]))
        # Rows are in the order of the path, so those above run the other way.
        beside = ops.pad(x[first:, :-1], ((0, 0), (1, 0), (0, 0), (0, 0)))
        above = ops.pad(ops.flip(x[:-1], axis=1), ((1, 0), (0, 0), (0, 0), (0, 0)))[first:]
        counts = self.context.counts(vectors)
        counts = ops.reshape(counts, (stop, columns, *ops.shape(counts)[1:]))[first:]
        edges = ops.convert_to_tensor(self.context.edges[first:stop])
        return ops.concatenate([beside, above], axis=-1), Around(edges, counts)

    def _along_path(self, by_column: Tensor, row: int) -> Tensor:
        """Returns a row, columns first, in the order of the path, or from that by column."""
        return ops.flip(by_column, axis=0) if row % 2 else by_column

    def _column(self, position: Index) -> Index:
        """Returns the column of a position; every second row is visited from the right."""
        columns = self.shape[1]
        along = position % columns
        backwards = (position // columns) % 2
        return along + backwards * (columns - 1 - 2 * along)


class Around(NamedTuple):
    """What is around positions, as `Context` tells it.

    Attributes:
        edges: (..., n_edge_features).
        counts: (..., batch, n_counts).
    """

    edges: Tensor
    counts: Tensor


class _GatedCell(keras.layers.Layer):
    """Weights of the cell; calling it gives the states of a whole lattice."""

    def __init__(self, units: int, context: Context | None, **kwargs: object) -> None:
        # Unit vectors choose among matrices in the dtype of the weights.
        super().__init__(name="gated_cell", autocast=False, **kwargs)
        self.units = units
        self.context = context

    def build(self, input_shape: Shape) -> None:
        units, n_choices = self.units, input_shape[-1]
        self.tensor = self.add_weight(
            name="tensor", shape=(2 * units, n_choices * 2 * units), initializer="glorot_uniform"
        )
        self.linear = self.add_weight(
            name="linear", shape=(2 * units, units), initializer="glorot_uniform"
        )
        # Without it all states would be zero, whatever the outcomes, and so would gradients.
        self.bias = self.add_weight(
            name="bias",
            shape=(2 * units,),
            initializer=keras.initializers.RandomUniform(-1.0, 1.0),
        )
        if self.context is not None:
            shapes = {"edges": self.context.n_edge_features, "counts": self.context.n_counts}
            self.of_edges, self.of_counts = (
                self.add_weight(name=name, shape=(size, 2 * units), initializer="zeros")
                for name, size in shapes.items()
            )

    def call(self, choices: Tensor, above: Tensor, around: Around) -> Tensor:
        """Returns h of [x', x''], (rows, columns, batch, ...) both, below a row of h."""
        bias, counts, of_counts = self._biases(around)
        return scan_rows(choices, above, self._kernels(), bias, counts, of_counts)

    def advance(self, beside: Tensor, above: Tensor, choices: Tensor, around: Around) -> Tensor:
        """Returns h of h', h'' and [x', x''], (batch, ...) all."""
        products = _products([beside, above], self._kernels())
        return _advance(_choose(products, choices), _bias(*self._biases(around)))

    def weight_gradients(
        self, outside: Tensor, choices: Tensor, above: Tensor, around: Around, states: Tensor
    ) -> list[Tensor]:
        """Returns the gradients of each sample in all weights from that in h of all sites."""
        kernels = self._kernels()
        before = _neighbours(states, above)
        z = _choose(_products(before, kernels), choices)
        slopes = _slopes(z, _bias(*self._biases(around)))
        d, _ = _gradients_in_z_and_above(outside, choices, kernels, slopes)
        before, d_products, d = (
            ops.reshape(part, (-1, *ops.shape(part)[2:]))
            for part in (ops.concatenate(before, axis=-1), _spread(d, choices), d)
        )
        # Parts of what has been multiplied would have to be copied.
        n_choosing = self.tensor.shape[1]
        of_tensor = kernel_gradient(before, d_products[..., :n_choosing])
        of_linear = kernel_gradient(before, d_products[..., n_choosing:])
        of_bias = d[..., : 2 * self.units]
        gradients = [of_tensor, of_linear, bias_gradient(of_bias)]
        if self.context is None:
            return gradients
        edges, counts = (ops.reshape(part, (-1, *part.shape[2:])) for part in around)
        of_edges = ops.einsum("pe,pbj->bej", edges, of_bias)
        return [*gradients, of_edges, kernel_gradient(counts, of_bias)]

    def _biases(self, around: Around) -> tuple[Tensor, Tensor, Tensor]:
        """Returns biases without counts, (..., 1, 2 * units), the counts, and their weights."""
        bias = ops.cast(self.bias, self.variable_dtype)
        edges, counts = (ops.cast(part, self.variable_dtype) for part in around)
        if self.context is None:
            nothing = ops.zeros((0, 2 * self.units), self.variable_dtype)
            bias = ops.broadcast_to(bias, (*edges.shape[:-1], 1, 2 * self.units))
            return bias, counts[..., :0], nothing
        bias = bias + ops.matmul(edges, ops.cast(self.of_edges, self.variable_dtype))
        return bias[..., None, :], counts, ops.cast(self.of_counts, self.variable_dtype)

    def _kernels(self) -> Tensor:
        """Returns what multiplies h' and h'': all matrices of T, then W, beside one another."""
        weights = [ops.cast(part, self.variable_dtype) for part in (self.tensor, self.linear)]
        return ops.reshape(ops.concatenate(weights, axis=1), (2, self.units, -1))


def scan_rows(
    choices: Tensor,
    above: Tensor,
    kernels: Tensor,
    bias: Tensor,
    counts: Tensor,
    of_counts: Tensor,
) -> Tensor:
    """Returns all states of some rows along the path, with a gradient that needs no stored loop.

        [z_u, z_c] = sum_k x_k (h' K'_k + h'' K''_k) + b + n B,   l = h' W' + h'' W''
        h = u c + (1 - u) l,   u = sigmoid(z_u),   c = tanh(z_c)

    Given all states, with g the gradient in h, everything but

        d = [g (c - l) u (1 - u),  g u (1 - c^2),  g (1 - u)],   g' = d K'^T,   g'' = d K''^T

    follows without a loop; g' adds to the site before, g'' to the one above, and x has chosen
    among the matrices in K.

    Args:
        choices: [x', x''], (rows, columns, batch, n_choices); rows in the order of the path.
        above: h of the row above the first, (columns, batch, units), in the order of its path.
        kernels: K' and K'', (2, units, (2 * n_choices + 1) * units), with W at the end.
        bias: b, (rows, columns, 1, 2 * units).
        counts: n, (rows, columns, batch, n_counts); a constant, as the choices.
        of_counts: B, (n_counts, 2 * units).

    Returns:
        (rows, columns, batch, units).
    """
    units = kernels.shape[1]

    @ops.custom_gradient
    def scan(x: Tensor, top: Tensor, k: Tensor, *biases: Tensor) -> WithGradient:
        states = _all_states(x, top, k, *biases)

        def gradient(*args: Tensor, upstream: Tensor | None = None) -> tuple[Tensor, ...]:
            outside = args[0] if upstream is None else upstream
            before = _neighbours(states, top)
            z = _choose(_products(before, k), x)
            d, to_top = _gradients_in_z_and_above(outside, x, k, _slopes(z, _bias(*biases)))
            d_products = _spread(d, x)
            to_k = [ops.einsum("rtbi,rtbj->ij", part, d_products) for part in before]
            d_bias = d[..., : 2 * units]
            to_counts = ops.einsum("rtbn,rtbj->nj", biases[1], d_bias)
            to_biases = (ops.sum(d_bias, axis=2, keepdims=True), ops.zeros_like(biases[1]))
            return ops.zeros_like(x), to_top, ops.stack(to_k), *to_biases, to_counts

        return states, gradient

    return scan(choices, above, kernels, bias, counts, of_counts)


def _all_states(
    x: Tensor, top: Tensor, k: Tensor, b: Tensor, counts: Tensor, of_counts: Tensor
) -> Tensor:
    """Returns what `scan_rows` does, of the same arguments."""
    bases, differences, linear = _matrices(k, inside=ops.any(x != 0, axis=2))

    def along_row(row_above: Tensor, at: Pair) -> Pair:
        def forward(state: Tensor, at: tuple[Tensor, ...]) -> Pair:
            x_p, above_p, base, b_p, counts_p = at
            before = ops.concatenate([state, above_p], axis=-1)
            matrices = ops.concatenate([base, differences], axis=0)
            z = ops.matmul(_chosen(before, x_p), matrices)
            z = ops.concatenate([z, ops.matmul(before, linear)], axis=-1)
            state = _advance(z, _bias(b_p, counts_p, of_counts))
            return state, state

        x_r, *others = at
        along = (x_r, ops.flip(row_above, axis=0), *others)
        row = ops.reshape(ops.scan(forward, ops.zeros_like(top[0]), along)[1], ops.shape(top))
        return row, row

    states = ops.scan(along_row, top, (x, bases, b, counts))[1]
    return ops.reshape(states, (*ops.shape(x)[:3], k.shape[1]))


def _gradients_in_z_and_above(outside: Tensor, x: Tensor, k: Tensor, slopes: Tensor) -> Pair:
    """Returns d of all sites, (rows, columns, batch, 3 * units), and what goes to the row above."""
    to_beside, to_above = ops.transpose(k[0]), ops.transpose(k[1])

    def along_row(carry: Pair, at: tuple[Tensor, ...]) -> tuple[Pair, Pair]:
        outside_r, x_r, slopes_r = at
        # What the row below gives back runs the other way.
        outside_r = outside_r + ops.flip(carry[0], axis=0)

        def backward(carry: Pair, at: tuple[Tensor, ...]) -> tuple[Pair, Pair]:
            outside_p, x_p, slopes_p = at
            total = carry[0] + outside_p
            d = ops.concatenate([total, total, total], axis=-1) * slopes_p
            carry = (ops.matmul(_spread(d, x_p), to_beside), d)
            return carry, carry

        start = (ops.zeros_like(outside_r[0]), ops.zeros_like(slopes_r[0]))
        d = ops.scan(backward, start, (outside_r, x_r, slopes_r), reverse=True)[1][1]
        d = ops.reshape(d, ops.shape(slopes_r))
        carry = (ops.matmul(_spread(d, x_r), to_above), d)
        return carry, carry

    start = (ops.zeros_like(outside[0]), ops.zeros_like(slopes[0]))
    (to_above_first, _), (_, d) = ops.scan(along_row, start, (outside, x, slopes), reverse=True)
    to_top = ops.flip(ops.reshape(to_above_first, ops.shape(outside[0])), axis=0)
    return ops.reshape(d, ops.shape(slopes)), to_top


def _neighbours(states: Tensor, top: Tensor) -> list[Tensor]:
    """Returns h' and h'' of all sites, both shaped as `states`."""
    beside = ops.pad(states[:, :-1], ((0, 0), (1, 0), (0, 0), (0, 0)))
    return [beside, ops.flip(ops.concatenate([top[None], states[:-1]], axis=0), axis=1)]


def _matrices(kernels: Tensor, *, inside: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Returns matrices of which each site needs few, acting on [h', h''].

    The first outcome of a neighbour chooses the base, all others add their difference from it: with
    two outcomes three products for each site instead of four.

    Args:
        kernels: K' and K''.
        inside: Which of [x', x''] some sample has at each site, (rows, columns, n_choices).

    Returns:
        Bases (rows, columns, 2 * units, 2 * units), differences below one another
        ((n_choices - 2) * 2 * units, 2 * units), and W (2 * units, units).
    """
    units, n_choices = kernels.shape[1], inside.shape[-1]
    both = ops.reshape(kernels, (2 * units, -1))
    chosen = ops.reshape(both[:, : 2 * units * n_choices], (2 * units, n_choices, 2 * units))
    halves = ops.split(ops.transpose(chosen, (1, 0, 2)), 2)
    differences = ops.concatenate([half[1:] - half[:1] for half in halves])
    # Outside of the lattice there is no outcome.
    exists = ops.cast(ops.any(ops.reshape(inside, (*inside.shape[:2], 2, -1)), axis=-1), both.dtype)
    bases = ops.tensordot(exists, ops.stack([half[0] for half in halves]), axes=1)
    differences = ops.reshape(differences, (-1, 2 * units))
    return bases, differences, both[:, 2 * units * n_choices :]


def _chosen(before: Tensor, choices: Tensor) -> Tensor:
    """Returns [h', h''], and again for each of [x', x''] but the first ones, zero unless chosen."""
    half = choices.shape[-1] // 2
    others = [i for i in range(2 * half) if i % half]
    return ops.concatenate([before, *(choices[..., i : i + 1] * before for i in others)], axis=-1)


def _products(neighbours: list[Tensor], kernels: Tensor) -> Tensor:
    return ops.matmul(neighbours[0], kernels[0]) + ops.matmul(neighbours[1], kernels[1])


def _choose(products: Tensor, choices: Tensor) -> Tensor:
    """Returns z_u, z_c and l beside one another from products with all matrices."""
    n_choices = choices.shape[-1]
    width = 2 * (products.shape[-1] // (2 * n_choices + 1))
    *parts, linear = ops.split(products, [width * (i + 1) for i in range(n_choices)], axis=-1)
    z = sum(choices[..., i : i + 1] * part for i, part in enumerate(parts))
    return ops.concatenate([z, linear], axis=-1)


def _spread(d: Tensor, choices: Tensor) -> Tensor:
    """Returns the gradient in the products with all matrices; transposes `_choose`."""
    width = 2 * (d.shape[-1] // 3)
    parts = [choices[..., i : i + 1] * d[..., :width] for i in range(choices.shape[-1])]
    return ops.concatenate([*parts, d[..., width:]], axis=-1)


def _bias(bias: Tensor, counts: Tensor, of_counts: Tensor) -> Tensor:
    """Returns b + n B, a small sum that is fused with what follows."""
    for i in range(of_counts.shape[0]):
        bias = bias + counts[..., i : i + 1] * of_counts[i]
    return bias


def _advance(z: Tensor, bias: Tensor) -> Tensor:
    update, candidate, linear = _gates(z, bias)
    return linear + update * (candidate - linear)


def _slopes(z: Tensor, bias: Tensor) -> Tensor:
    """Returns the derivatives of h in z_u, z_c and l."""
    u, c, linear = _gates(z, bias)
    return ops.concatenate([(c - linear) * u * (1.0 - u), u * (1.0 - c * c), 1.0 - u], axis=-1)


def _gates(z: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    update, candidate, linear = ops.split(z, 3, axis=-1)
    b_update, b_candidate = ops.split(bias, 2, axis=-1)
    return ops.sigmoid(update + b_update), ops.tanh(candidate + b_candidate), linear
