"""Exact samples, drawn position by position with a cache."""

from collections.abc import Callable
from typing import Any

from keras import ops

from qtf.autoregressive.network import AutoregressiveNetwork

# (outputs (batch, n_outputs), position, sum of the outcomes before (batch,)) -> logits
Logits = Callable[[Any, Any, Any], Any]


def drawn_outcomes(network: AutoregressiveNetwork, uniforms: Any, logits: Logits) -> Any:
    """Draws independent outcomes from the conditionals of a network.

    An outcome is the number of cumulated probabilities, but the last, that its random number
    reaches.

    Args:
        network: The network.
        uniforms: Random numbers in [0, 1), (n_positions, batch); the same numbers give the
            same outcomes.
        logits: Logarithms of the conditional probabilities, up to a constant, (batch,
            local_dimension), from a position's outputs, the position and the sum of the outcomes
            before it, for models in which such a sum is conserved.

    Returns:
        int32 (n_positions, batch).

    Example:
        >>> import numpy as np
        >>> from qtf.autoregressive import GRUNetwork
        >>> network = GRUNetwork(n_positions=5, units=8, heads=(2,))
        >>> uniforms = np.random.default_rng(0).random((5, 3)).astype("float32")
        >>> tuple(drawn_outcomes(network, uniforms, lambda outputs, position, total: outputs).shape)
        (5, 3)
    """
    n_positions, batch_size = network.n_positions, ops.shape(uniforms)[1]
    nothing = ops.zeros((batch_size,), "int32")

    def draw(position: Any, carry: Any) -> Any:
        outcomes, cache, previous, total = carry
        outputs, cache = network.step(position, previous, cache)
        drawn = _drawn(logits(outputs, position, total), uniforms[position])
        outcomes = ops.slice_update(outcomes, (position, 0), drawn[None])
        return outcomes, cache, drawn, total + drawn

    outcomes = ops.zeros((n_positions, batch_size), "int32")
    start = (outcomes, network.initial_cache(batch_size), nothing, nothing)
    outcomes = ops.fori_loop(0, n_positions, draw, start)[0]
    # The loop forgets the shape, without which XLA cannot differentiate what follows.
    return ops.reshape(outcomes, (n_positions, batch_size))


def _drawn(logits: Any, uniforms: Any) -> Any:
    below = ops.cumsum(ops.softmax(logits, axis=-1), axis=-1)[:, :-1]
    return ops.sum(ops.cast(uniforms[:, None] >= below, "int32"), axis=-1)
