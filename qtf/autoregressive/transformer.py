"""A decoder with causal self-attention."""

from collections.abc import Sequence
from typing import TypeAlias

import keras
import numpy as np
from keras import ops

from qtf.autoregressive.network import AutoregressiveNetwork, OutputHeads
from qtf.autoregressive.settings import TransformerSettings
from qtf.typing import Array, Index, Shape, Tensor

FORBIDDEN = -1e9
# Keys and values of each block.
KeysAndValues: TypeAlias = list[list[Tensor]]


@keras.saving.register_keras_serializable("qtf")
class Transformer(AutoregressiveNetwork[KeysAndValues]):
    """Autoregressive network of self-attention blocks.

        x = E[outcome_{p-1}] + P[p];   x += attention(LN(x));   x += mlp(LN(x))

    or, if `norm_last`, as first published,

        x = LN(x + attention(x));   x = LN(x + mlp(x))

    Attention at p sees the positions up to p, which hold the outcomes before p. The cache
    holds keys and values. With `sinusoidal`, P is not learned but
    P[p, 2k] = sin(p / 10000^(2k / units)), P[p, 2k+1] the cosine of the same.

    Args:
        **arguments: Those of `AutoregressiveNetwork` and of `TransformerSettings`.

    Raises:
        ValueError: A number is not positive, the heads do not divide the width, or the width
            is odd with sines.

    Example:
        >>> import numpy as np
        >>> network = Transformer(n_positions=4, units=8, n_layers=1)
        >>> tuple(network(np.zeros((3, 4), "int32")).shape)
        (3, 4, 4)

    Source: Vaswani et al., NeurIPS 2017; blocks normalised first unless `norm_last`.
    """

    settings_class = TransformerSettings
    settings: TransformerSettings
    extends = True
    # Attention costs 5/8 of what it would if it always looked at all positions.
    n_sampling_stages = 4

    def make_layers(self) -> None:
        """Makes the tables, the blocks and the heads."""
        settings, inner = self.settings, {"dtype": self.dtype_policy}
        units = settings.units
        # The last row stands for "nothing before".
        self.outcome_embedding = self._table("outcome_embedding", self.local_dimension + 1)
        if settings.sinusoidal:
            table = _sinusoids(self.n_positions, units).astype(self.variable_dtype)
            self.position_embedding: Tensor = table
        else:
            self.position_embedding = self._table("position_embedding", self.n_positions)
        self.blocks = [_Block(settings, **inner) for _ in range(settings.n_layers)]
        for block in self.blocks:
            block.build((None, None, units))
        # Blocks that end with a norm need none behind them.
        self.norm = None if settings.norm_last else keras.layers.LayerNormalization(**inner)
        self.output_heads = OutputHeads(self.heads, **inner)
        if self.norm is not None:
            self.norm.build((None, units))
        self.output_heads.build((None, units))

    def initial_cache(self, batch_size: Index) -> KeysAndValues:
        """Returns keys and values of each block, (batch, positions, units) both."""
        shape = (batch_size, self.n_positions, self.settings.units)
        return [
            [ops.zeros(shape, self.variable_dtype) for _ in range(2)]
            for _ in range(self.settings.n_layers)
        ]

    def step(
        self, position: Index, previous: Tensor, cache: KeysAndValues, *, stop: int | None = None
    ) -> tuple[Tensor, KeysAndValues]:
        """Evaluates one position; attention looks at those before `stop` only."""
        stop = self.n_positions if stop is None else stop
        before = ops.where(position > 0, previous, self.local_dimension)
        x = ops.take(self.outcome_embedding, before, axis=0)
        x = x + ops.take(self.position_embedding, position, axis=0)
        hidden = ops.arange(stop)[None, :] > position
        caches = []
        for block, block_cache in zip(self.blocks, cache, strict=True):
            x, block_cache = block.step(x, block_cache, position, hidden)
            caches.append(block_cache)
        return self._outputs(x), caches

    def extend(
        self, position: int, previous: Tensor, cache: KeysAndValues
    ) -> tuple[Tensor, KeysAndValues]:
        """Evaluates one position; the cache is as long as there are positions before."""
        before = previous if position else ops.full_like(previous, self.local_dimension)
        outputs, cache = self._evaluate(before[:, None], position, position + 1, cache)
        return outputs[:, 0], cache

    def evaluate_positions(
        self, outcomes: Tensor, start: int, stop: int, cache: KeysAndValues
    ) -> tuple[Tensor, KeysAndValues]:
        """Evaluates some positions at once; the cache is as long as there are positions before."""
        batch_size = ops.shape(outcomes)[1]
        nothing = ops.full((1, batch_size), self.local_dimension, outcomes.dtype)
        before = ops.concatenate([nothing, outcomes], axis=0)[start:stop]
        outputs, cache = self._evaluate(ops.transpose(before), start, stop, cache)
        return ops.transpose(outputs, (1, 0, 2)), cache

    def _evaluate(
        self, before: Tensor, start: int, stop: int, cache: KeysAndValues
    ) -> tuple[Tensor, KeysAndValues]:
        """Evaluates positions from the outcomes before each, (batch, stop - start)."""
        x = ops.take(self.outcome_embedding, before, axis=0)
        x = x + self.position_embedding[None, start:stop]
        hidden = ops.arange(stop)[None, :] > ops.arange(start, stop)[:, None]
        caches = []
        for block, block_cache in zip(self.blocks, cache, strict=True):
            x, block_cache = block(x, [part[:, :start] for part in block_cache], hidden=hidden)
            caches.append(block_cache)
        return self._outputs(x), caches

    def _outputs(self, x: Tensor) -> Tensor:
        return self.output_heads(x if self.norm is None else self.norm(x))

    def _table(self, name: str, rows: int) -> Tensor:
        shape = (rows, self.settings.units)
        return self.add_weight(name=name, shape=shape, initializer="glorot_normal")


def _sinusoids(n_positions: int, units: int) -> Array:
    angles = np.arange(n_positions)[:, None] / 10000.0 ** (np.arange(0, units, 2) / units)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(n_positions, units)


class _Block(keras.layers.Layer):
    """Self-attention and a two-layer network, both residual and normalised first or last."""

    def __init__(self, settings: TransformerSettings, **kwargs: object) -> None:
        # Variables of a SavedModel must not begin with an underscore, as the class does.
        super().__init__(name="block", **kwargs)
        self.units = settings.units
        self.n_attention_heads = settings.n_attention_heads
        self.feed_forward_units = settings.feed_forward_units or 4 * settings.units
        self.norm_last = settings.norm_last

    def build(self, input_shape: Shape) -> None:
        units, inner = self.units, {"dtype": self.dtype_policy}
        shape = (None, None, units)
        self.norms = [keras.layers.LayerNormalization(**inner) for _ in range(2)]
        self.projections = keras.layers.Dense(3 * units, **inner)
        self.attended = keras.layers.Dense(units, **inner)
        self.hidden = keras.layers.Dense(self.feed_forward_units, "gelu", **inner)
        self.output_dense = keras.layers.Dense(units, **inner)
        for layer in (*self.norms, self.projections, self.attended, self.hidden):
            layer.build(shape)
        self.output_dense.build((None, None, self.feed_forward_units))

    def call(
        self, x: Tensor, cache: Sequence[Tensor], hidden: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """Evaluates several positions; `cache` holds keys and values of all before them."""
        queries, *new = ops.split(self.projections(self._before(x, 0)), 3, axis=-1)
        cache = [ops.concatenate(parts, axis=1) for parts in zip(cache, new, strict=True)]
        return self._add(x, self._attention(queries, cache, hidden)), cache

    def step(
        self, x: Tensor, cache: Sequence[Tensor], position: Index, hidden: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """Evaluates one position, x (batch, units); `cache` is as long as there are positions.

        Attention looks at as many as `hidden`, (1, positions), tells of.
        """
        query, *new = ops.split(self.projections(self._before(x, 0)), 3, axis=-1)
        cache = [
            ops.slice_update(old, (0, position, 0), part[:, None])
            for old, part in zip(cache, new, strict=True)
        ]
        seen = [part[:, : hidden.shape[1]] for part in cache]
        return self._add(x, self._attention_of_one(query, seen, hidden)), cache

    def _add(self, x: Tensor, attention: Tensor) -> Tensor:
        """Adds the attention and then the two-layer network to x."""
        x = self._after(x + self.attended(attention), 0)
        return self._after(x + self.output_dense(self.hidden(self._before(x, 1))), 1)

    def _before(self, x: Tensor, part: int) -> Tensor:
        return x if self.norm_last else self.norms[part](x)

    def _after(self, x: Tensor, part: int) -> Tensor:
        return self.norms[part](x) if self.norm_last else x

    def _attention(self, queries: Tensor, cache: Sequence[Tensor], hidden: Tensor) -> Tensor:
        queries, keys, values = (self._in_heads(part) for part in (queries, *cache))
        scale = float(queries.shape[-1]) ** -0.5
        scores = scale * ops.einsum("bqhd,bkhd->bhqk", queries, keys)
        # Keras warns of a softmax of one number.
        several = keys.shape[1] > 1
        scores = ops.where(hidden, FORBIDDEN, scores)
        weights = ops.softmax(scores, axis=-1) if several else ops.ones_like(scores)
        mixed = ops.einsum("bhqk,bkhd->bqhd", weights, values)
        return ops.reshape(mixed, (*ops.shape(mixed)[:2], self.units))

    def _attention_of_one(self, query: Tensor, cache: Sequence[Tensor], hidden: Tensor) -> Tensor:
        """Does the same for one query, (batch, units); sums are faster than tiny products."""
        query, keys, values = (self._in_heads(part) for part in (query[:, None], *cache))
        scale = float(query.shape[-1]) ** -0.5
        scores = scale * ops.sum(query * keys, axis=-1)
        weights = ops.softmax(ops.where(hidden[0][None, :, None], FORBIDDEN, scores), axis=1)
        mixed = ops.sum(weights[..., None] * values, axis=1)
        return ops.reshape(mixed, (ops.shape(mixed)[0], self.units))

    def _in_heads(self, x: Tensor) -> Tensor:
        width = self.units // self.n_attention_heads
        return ops.reshape(x, (*ops.shape(x)[:2], self.n_attention_heads, width))
