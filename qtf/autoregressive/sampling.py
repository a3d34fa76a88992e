"""Exact samples, drawn position by position with a cache."""

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from keras import ops

from qtf.autoregressive.network import AutoregressiveNetwork
from qtf.typing import Index, Tensor

SHORTEST_STAGE = 4
Step = Callable[..., tuple[Tensor, Any]]
# Outcomes, cache, outcomes of the position before, sum of their numbers.
Carry = tuple[Tensor, Any, Tensor, Tensor]
# (outputs (batch, n_outputs), position, sum of the numbers before (batch,)) -> logits
Logits = Callable[[Tensor, Index, Tensor], Tensor]


def draw_outcomes(
    network: AutoregressiveNetwork[Any],
    uniforms: Tensor,
    logits: Logits,
    *,
    numbers: Sequence[int] | None = None,
) -> Tensor:
    """Draws independent outcomes from the conditionals of a network.

    An outcome is the first possible one whose cumulated probability exceeds the random number, or
    the last possible one.

    Args:
        network: The network.
        uniforms: Random numbers in [0, 1), (n_positions, batch); the same numbers give the
            same outcomes.
        logits: Logarithms of the conditional probabilities, up to a constant, (batch,
            local_dimension), from a position's outputs, the position and the sum of the numbers
            of the outcomes before it, for models in which such a sum is conserved.
        numbers: A number for each outcome; None: 0, 1, and so on.

    Returns:
        int32 (n_positions, batch).

    Example:
        >>> import numpy as np
        >>> from qtf.autoregressive import GRUNetwork
        >>> network = GRUNetwork(n_positions=5, units=8, heads=(2,))
        >>> uniforms = np.random.default_rng(0).random((5, 3)).astype("float32")
        >>> tuple(draw_outcomes(network, uniforms, lambda outputs, *_: outputs).shape)
        (5, 3)
    """
    n_positions, batch_size = network.n_positions, ops.shape(uniforms)[1]
    nothing = ops.zeros((batch_size,), "int32")
    table = range(network.local_dimension) if numbers is None else numbers
    by_outcome = ops.convert_to_tensor(tuple(table), "int32")

    def advance(step: Step, position: Tensor, carry: Carry) -> Carry:
        outcomes, cache, previous, total = carry
        outputs, cache = step(position, previous, cache)
        drawn = _draw(logits(outputs, position, total), uniforms[position])
        outcomes = ops.slice_update(outcomes, (position, 0), drawn[None])
        return outcomes, cache, drawn, total + ops.take(by_outcome, drawn, axis=0)

    outcomes = ops.zeros((n_positions, batch_size), "int32")
    carry = (outcomes, network.initial_cache(batch_size), nothing, nothing)
    for start, stop, step in _stages(network):
        carry = ops.fori_loop(start, stop, partial(advance, step), carry)
    # The loop forgets the shape, without which XLA cannot differentiate what follows.
    return ops.reshape(carry[0], (n_positions, batch_size))


def _stages(network: AutoregressiveNetwork[Any]) -> list[tuple[int, int, Step]]:
    """Returns first position, that after the last, and what evaluates those between."""
    n_positions = network.n_positions
    n_stages = min(network.n_sampling_stages, n_positions // SHORTEST_STAGE)
    if n_stages <= 1:
        return [(0, n_positions, network.step)]
    stops = [n_positions * i // n_stages for i in range(n_stages + 1)]
    step: Step = network.step
    return [(start, stop, partial(step, stop=stop)) for start, stop in itertools.pairwise(stops)]


def _draw(logits: Tensor, uniforms: Tensor) -> Tensor:
    probabilities = ops.softmax(logits, axis=-1)
    # Their sums are rounded, by which none must be drawn that is impossible.
    possible = probabilities > 0.0
    numbers = ops.cumsum(ops.cast(possible, "int32"), axis=-1) - 1
    reached = ops.logical_and(possible, uniforms[:, None] >= ops.cumsum(probabilities, axis=-1))
    count = ops.sum(ops.cast(reached, "int32"), axis=-1, keepdims=True)
    chosen = numbers == ops.minimum(count, numbers[:, -1:])
    drawn = ops.argmax(ops.cast(ops.logical_and(possible, chosen), "int32"), axis=-1)
    # In double precision JAX counts in longer integers.
    return ops.cast(drawn, "int32")
