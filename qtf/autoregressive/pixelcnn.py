"""Masked convolutions on a square lattice."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import keras
from keras import ops

from qtf.autoregressive.row_network import RowNetwork
from qtf.autoregressive.settings import PixelCNNSettings
from qtf.typing import Index, Shape, Tensor

# Two rows of the input of each layer.
Rows: TypeAlias = list[Tensor]


@keras.saving.register_keras_serializable("qtf")
class PixelCNN(RowNetwork[Rows]):
    """Autoregressive network of masked 3 x 3 convolutions over rows from top to bottom.

    A layer at row r, column c sees (r-1, c-1), (r-1, c), (r-1, c+1), (r, c-1) and, but for
    the first, (r, c). So `depth` layers reach as many rows up and columns to either side; as
    many as the longer side, less one, reach everything but a blind spot that no depth removes:
    what lies further to the right than up, c' - c > r - r'. Weights are normalised,
    w = g v / |v| for each channel, but for those of the last layer, which is a product at each
    position. A sample carries two rows of every layer's input from position to position.

    Args:
        **arguments: Those of `RowNetwork` and of `PixelCNNSettings`; positions are row by row.

    Raises:
        ValueError: A number is not positive, or `depth` is even although pairs are residual.

    Example:
        >>> import numpy as np
        >>> network = PixelCNN(shape=(2, 3), width=4, depth=3)
        >>> tuple(network(np.zeros((5, 6), "int32")).shape)
        (5, 6, 4)

    Source: sharir2020; van den Oord et al., ICML 2016; weight normalisation of Salimans
    and Kingma, NeurIPS 2016.
    """

    settings_class = PixelCNNSettings
    settings: PixelCNNSettings

    def make_layers(self) -> None:
        """Makes the convolutions and the product at the end."""
        width, inner = self.settings.width, {"dtype": self.dtype_policy}
        self.convolutions = [
            _MaskedConvolution(self.shape, width, sees_itself=i > 0, **inner)
            for i in range(self.settings.depth)
        ]
        for i, layer in enumerate(self.convolutions):
            layer.build((None, self.n_positions, width if i else self.local_dimension))
        self.last = keras.layers.Dense(self.n_outputs, **inner)
        self.last.build((None, width))

    @property
    def last_layers(self) -> list[keras.layers.Dense]:
        """The linear layer whose outputs are the outputs of a position."""
        return [self.last]

    def call(self, outcomes: Tensor) -> Tensor:
        """Evaluates all positions."""
        x = self.encode(outcomes)
        return self._through(lambda layer, x: layer(x), x)

    def initial_cache(self, batch_size: Index) -> Rows:
        """Returns two rows of each layer's input, (batch, 2, columns + 2, channels).

        Row r is kept at r mod 2, padded left and right; what is left there of row r - 2 is
        never read.
        """
        settings = self.settings
        channels = [self.local_dimension] + [settings.width] * (settings.depth - 1)
        rows = (batch_size, 2, self.shape[1] + 2)
        return [ops.zeros((*rows, size), self.variable_dtype) for size in channels]

    def step(self, position: Index, previous: Tensor, cache: Rows) -> tuple[Tensor, Rows]:
        """Evaluates one position."""
        started = ops.cast(position > 0, self.variable_dtype)
        cache = list(cache)
        # Before the first position there is no place to write to; nothing at all goes to its own.
        before = ops.maximum(position - 1, 0)
        cache[0] = self._write(cache[0], started * self.encode(previous), before)

        def evaluate(layer: _MaskedConvolution, x: Tensor) -> Tensor:
            i = self.convolutions.index(layer)
            if i:
                cache[i] = self._write(cache[i], x, position)
            return layer.step(cache[i], position)

        # The first layer reads the cache only.
        return self._through(evaluate, cache[0]), cache

    def evaluate_positions(
        self, outcomes: Tensor, start: int, stop: int, cache: Rows
    ) -> tuple[Tensor, Rows]:
        """Evaluates some positions of given outcomes, the whole row of each at once.

        The cache keeps the last row that is complete before `stop`, twice; what a row holds left
        of `start` is found again from there.
        """
        above = [ops.swapaxes(rows[:, (start // self.shape[1] + 1) % 2], 0, 1) for rows in cache]
        outputs, above = self.evaluate_rows(self._row, outcomes, (start, stop), above)
        rows = [ops.swapaxes(row, 0, 1) for row in above]
        return outputs, [ops.stack([row, row], axis=1) for row in rows]

    def _row(self, x: Tensor, above: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Evaluates a row, (columns, batch, local_dimension), from every input of that above.

        Returns outputs and the inputs of each layer, padded left and right.
        """
        inputs = []

        def evaluate(layer: _MaskedConvolution, x: Tensor) -> Tensor:
            row = ops.cast(x, self.variable_dtype)
            edge = ops.zeros_like(row[:1])
            row = ops.concatenate([edge, row, edge])
            inputs.append(row)
            return layer.row(row, above[len(inputs) - 1])

        return self._through(evaluate, x), inputs

    def _write(self, two_rows: Tensor, x: Tensor, position: Index) -> Tensor:
        """Writes (batch, channels) at a position."""
        row, column = position // self.shape[1], position % self.shape[1]
        return ops.slice_update(two_rows, (0, row % 2, column + 1, 0), x[:, None, None])

    def _through(
        self, evaluate: "Callable[[_MaskedConvolution, Tensor], Tensor]", x: Tensor
    ) -> Tensor:
        """Returns the outputs; `evaluate(layer, x)` is the whole lattice or one position."""
        first, *others = self.convolutions
        x = ops.relu(evaluate(first, x))
        if not self.settings.residual:
            for layer in others:
                x = ops.relu(evaluate(layer, x))
            return self.last(x)
        for inner, outer in zip(others[::2], others[1::2], strict=True):
            x = ops.relu(x + evaluate(outer, ops.relu(evaluate(inner, x))))
        return self.last(x)


class _MaskedConvolution(keras.layers.Layer):
    """One masked convolution, as a product of the joined neighbours with one matrix."""

    def __init__(
        self, shape: tuple[int, int], width: int, *, sees_itself: bool, **kwargs: object
    ) -> None:
        # Variables of a SavedModel must not begin with an underscore, as the class does.
        super().__init__(name="masked_convolution", **kwargs)
        self.shape = shape
        self.width = width
        self.n_taps = 5 if sees_itself else 4

    def build(self, input_shape: Shape) -> None:
        joined = self.n_taps * input_shape[-1]
        # Variance for the ReLU that follows.
        self.direction = self.add_weight(
            name="direction", shape=(joined, self.width), initializer="he_normal"
        )
        self.gain = self.add_weight(name="gain", shape=(self.width,), initializer="ones")
        self.bias = self.add_weight(name="bias", shape=(self.width,), initializer="zeros")

    def call(self, x: Tensor) -> Tensor:
        rows, columns = self.shape
        grid = ops.reshape(x, (-1, rows, columns, x.shape[-1]))
        padded = ops.pad(grid, ((0, 0), (1, 0), (1, 1), (0, 0)))
        taps = [padded[:, :-1, c : c + columns] for c in range(3)]
        taps += [padded[:, 1:, :columns], grid][: self.n_taps - 3]
        joined = ops.concatenate(taps, axis=-1)
        return self._product(ops.reshape(joined, (-1, rows * columns, joined.shape[-1])))

    def row(self, current: Tensor, above: Tensor) -> Tensor:
        """Does the same in one row, from (columns + 2, batch, channels) of it and that above."""
        columns = self.shape[1]
        kernels = ops.split(self.direction, self.n_taps, axis=0)
        parts: list[Tensor] = []
        for x, of_x in ((above, kernels[:3]), (current, kernels[3:])):
            products = ops.split(ops.matmul(x, ops.concatenate(of_x, axis=1)), len(of_x), axis=-1)
            parts += [product[c : c + columns] for c, product in enumerate(products)]
        return self._scale(sum(parts[1:], parts[0]))

    def step(self, two_rows: Tensor, position: Index) -> Tensor:
        """Does the same at one position, from the row above and its own."""
        row, column = position // self.shape[1], position % self.shape[1]
        batch_size, channels = ops.shape(two_rows)[0], two_rows.shape[-1]
        above = ops.slice(two_rows, (0, (row + 1) % 2, column, 0), (batch_size, 1, 3, channels))
        beside = ops.slice(two_rows, (0, row % 2, column, 0), (batch_size, 1, 2, channels))
        near = ops.concatenate([above, beside], axis=2)[:, :, : self.n_taps]
        return self._product(ops.reshape(near, (batch_size, self.n_taps * channels)))

    def _product(self, joined: Tensor) -> Tensor:
        return self._scale(ops.matmul(joined, self.direction))

    def _scale(self, products: Tensor) -> Tensor:
        norms = ops.sqrt(ops.sum(ops.square(self.direction), axis=0))
        return products * (self.gain / norms) + self.bias
