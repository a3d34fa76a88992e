"""Masked convolutions on a square lattice."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from qtf.autoregressive.network import AutoregressiveNetwork, checked_positive
from qtf.autoregressive.rows import evaluated_by_rows


@keras.saving.register_keras_serializable("qtf")
class PixelCNN(AutoregressiveNetwork):
    """Autoregressive network of masked 3 x 3 convolutions over rows from top to bottom.

    A layer at row r, column c sees (r-1, c-1), (r-1, c), (r-1, c+1), (r, c-1) and, but for
    the first, (r, c). So `depth` layers reach as many rows up and columns to either side; as
    many as the longer side, less one, reach everything but a blind spot that no depth removes:
    what lies further to the right than up, c' - c > r - r'. Weights are normalised,
    w = g v / |v| for each channel, but for those of the last layer, which is a product at each
    position. A sample carries two rows of every layer's input from position to position.

    Args:
        shape: Rows and columns; positions are numbered row by row.
        width: Channels.
        depth: Convolutions, the first included.
        residual: Whether pairs of convolutions after the first add to their input.
        **kwargs: Of `AutoregressiveNetwork`, without `n_positions`.

    Raises:
        ValueError: A number is not positive, or `depth` is even although pairs are residual.

    Example:
        >>> import numpy as np
        >>> network = PixelCNN(shape=(2, 3), width=4, depth=3)
        >>> tuple(network(np.zeros((5, 6), "int32")).shape)
        (5, 6, 4)

    Source: the NAQS paper; van den Oord et al., ICML 2016; weight normalisation of Salimans
    and Kingma, NeurIPS 2016.
    """

    def __init__(
        self,
        *,
        shape: Sequence[int],
        width: int = 32,
        depth: int = 10,
        residual: bool = False,
        **kwargs: Any,
    ) -> None:
        rows, columns = (checked_positive("shape", size) for size in shape)
        kwargs.pop("n_positions", None)
        super().__init__(n_positions=rows * columns, **kwargs)
        self.shape = (rows, columns)
        self.width = checked_positive("width", width)
        self.depth = checked_positive("depth", depth)
        self.residual = residual
        if residual and depth % 2 == 0:
            raise ValueError(
                f"Argument `depth` must be odd if `residual`, one and pairs, but is {depth}."
            )
        inner = {"dtype": self.dtype_policy}
        self.convolutions = [
            _MaskedConvolution(self.shape, width, sees_itself=i > 0, **inner) for i in range(depth)
        ]
        for i, layer in enumerate(self.convolutions):
            layer.build((None, self.n_positions, width if i else self.local_dimension))
        self.last = keras.layers.Dense(self.n_outputs, **inner)
        self.last.build((None, width))
        self.built = True

    @property
    def n_together(self) -> int:
        """A row."""
        return self.shape[1]

    @property
    def last_layers(self) -> list[keras.layers.Dense]:
        """The linear layer whose outputs are the outputs of a position."""
        return [self.last]

    def call(self, outcomes: Any) -> Any:
        """Evaluates all positions."""
        x = self.encoded(outcomes)
        return self._through(lambda layer, x: layer(x), x)

    def initial_cache(self, batch_size: Any) -> Any:
        """Returns two rows of each layer's input, (batch, 2, columns + 2, channels).

        Row r is kept at r mod 2, padded left and right; what is left there of row r - 2 is
        never read.
        """
        channels = [self.local_dimension] + [self.width] * (self.depth - 1)
        rows = (batch_size, 2, self.shape[1] + 2)
        return [ops.zeros((*rows, size), self.variable_dtype) for size in channels]

    def step(self, position: Any, previous: Any, cache: Any) -> tuple[Any, Any]:
        """Evaluates one position."""
        started = ops.cast(position > 0, self.variable_dtype)
        cache = list(cache)
        # Before the first position there is no place to write to; nothing at all goes to its own.
        before = ops.maximum(position - 1, 0)
        cache[0] = self._written(cache[0], started * self.encoded(previous), before)

        def evaluate(layer: _MaskedConvolution, x: Any) -> Any:
            i = self.convolutions.index(layer)
            if i:
                cache[i] = self._written(cache[i], x, position)
            return layer.step(cache[i], position)

        return self._through(evaluate, None), cache

    def evaluated(self, outcomes: Any, start: int, stop: int, cache: Any) -> tuple[Any, Any]:
        """Evaluates some positions of given outcomes, the whole row of each at once.

        The cache keeps the last row that is complete before `stop`, twice; what a row holds left
        of `start` is found again from there.
        """
        above = [ops.swapaxes(rows[:, (start // self.shape[1] + 1) % 2], 0, 1) for rows in cache]
        outputs, above = evaluated_by_rows(self, self._row, outcomes, (start, stop), above)
        rows = [ops.swapaxes(row, 0, 1) for row in above]
        return outputs, [ops.stack([row, row], axis=1) for row in rows]

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this network again."""
        own = {
            "shape": self.shape,
            "width": self.width,
            "depth": self.depth,
            "residual": self.residual,
        }
        return {**super().get_config(), **own}

    def _row(self, x: Any, above: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Evaluates a row, (columns, batch, local_dimension), from every input of that above.

        Returns outputs and the inputs of each layer, padded left and right.
        """
        inputs = []

        def evaluate(layer: _MaskedConvolution, x: Any) -> Any:
            own = ops.cast(x, self.variable_dtype)
            edge = ops.zeros_like(own[:1])
            own = ops.concatenate([edge, own, edge])
            inputs.append(own)
            return layer.row(own, above[len(inputs) - 1])

        return self._through(evaluate, x), inputs

    def _written(self, two_rows: Any, x: Any, position: Any) -> Any:
        """Writes (batch, channels) at a position."""
        row, column = position // self.shape[1], position % self.shape[1]
        return ops.slice_update(two_rows, (0, row % 2, column + 1, 0), x[:, None, None])

    def _through(self, evaluate: Any, x: Any) -> Any:
        """Returns the outputs; `evaluate(layer, x)` is the whole lattice or one position."""
        first, *others = self.convolutions
        x = ops.relu(evaluate(first, x))
        if not self.residual:
            for layer in others:
                x = ops.relu(evaluate(layer, x))
            return self.last(x)
        for one, two in zip(others[::2], others[1::2], strict=True):
            x = ops.relu(x + evaluate(two, ops.relu(evaluate(one, x))))
        return self.last(x)


class _MaskedConvolution(keras.layers.Layer):
    """One masked convolution, as a product of the joined neighbours with one matrix."""

    def __init__(
        self, shape: tuple[int, int], width: int, *, sees_itself: bool, **kwargs: Any
    ) -> None:
        # Variables of a SavedModel must not begin with an underscore, as the class does.
        super().__init__(name="masked_convolution", **kwargs)
        self.shape = shape
        self.width = width
        self.n_taps = 5 if sees_itself else 4

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        joined = self.n_taps * input_shape[-1]
        # Variance for the ReLU that follows.
        self.direction = self.add_weight(
            name="direction", shape=(joined, self.width), initializer="he_normal"
        )
        self.gain = self.add_weight(name="gain", shape=(self.width,), initializer="ones")
        self.bias = self.add_weight(name="bias", shape=(self.width,), initializer="zeros")

    def call(self, x: Any) -> Any:
        rows, columns = self.shape
        grid = ops.reshape(x, (-1, rows, columns, x.shape[-1]))
        padded = ops.pad(grid, ((0, 0), (1, 0), (1, 1), (0, 0)))
        taps = [padded[:, :-1, c : c + columns] for c in range(3)]
        taps += [padded[:, 1:, :columns], grid][: self.n_taps - 3]
        joined = ops.concatenate(taps, axis=-1)
        return self._product(ops.reshape(joined, (-1, rows * columns, joined.shape[-1])))

    def row(self, own: Any, above: Any) -> Any:
        """Does the same in one row, from (columns + 2, batch, channels) of it and that above."""
        columns = self.shape[1]
        kernels = ops.split(self.direction, self.n_taps, axis=0)
        found = []
        for x, of_x in ((above, kernels[:3]), (own, kernels[3:])):
            products = ops.split(ops.matmul(x, ops.concatenate(of_x, axis=1)), len(of_x), axis=-1)
            found += [product[c : c + columns] for c, product in enumerate(products)]
        return self._scaled(sum(found))

    def step(self, two_rows: Any, position: Any) -> Any:
        """Does the same at one position, from the row above and its own."""
        row, column = position // self.shape[1], position % self.shape[1]
        batch_size, channels = ops.shape(two_rows)[0], two_rows.shape[-1]
        above = ops.slice(two_rows, (0, (row + 1) % 2, column, 0), (batch_size, 1, 3, channels))
        beside = ops.slice(two_rows, (0, row % 2, column, 0), (batch_size, 1, 2, channels))
        near = ops.concatenate([above, beside], axis=2)[:, :, : self.n_taps]
        return self._product(ops.reshape(near, (batch_size, self.n_taps * channels)))

    def _product(self, joined: Any) -> Any:
        return self._scaled(ops.matmul(joined, self.direction))

    def _scaled(self, products: Any) -> Any:
        norms = ops.sqrt(ops.sum(ops.square(self.direction), axis=0))
        return products * (self.gain / norms) + self.bias
