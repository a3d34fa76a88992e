"""Three loops that predict the same states, and the choice between them.

One step of a network is: encode the state (d = 2**n amplitudes, two parts), a feed-forward
block, SRU layers, a feed-forward block, decode. Encoding and decoding are linear, and so are the
outer halves of the blocks, so that products next to one another join into one matrix:

    stepwise    every layer as it is
    narrow      encoding with the first block's first product, decoding with the last
                block's second: less work where states are narrow, 4 d < 2 units
    hidden      decoding with the next encoding; the loop never sees a state, all of them are
                decoded after it: less work where states are wide, and the only loop whose
                steps cost the same for every n

Products in a step that differ, in multiplications a state: stepwise 3 d u + 2 u^2, narrow 7 d u,
hidden 3 u^2 and afterwards 2 d u.
"""

from collections.abc import Callable
from typing import Any, Protocol

import keras
from keras import ops

from qtf.dynamics.transferable_sru import TransferableSRU
from qtf.typing import Index, Pair, Tensor


class Stepped(Protocol):
    """A model that advances states step by step, with a memory of its own."""

    def initial_cells(self, batch_size: Index) -> Tensor:
        """Returns the memory before the first step."""

    def step(self, psi: Tensor, cells: Tensor) -> Pair:
        """Returns the next states, (batch, 2, 2**n), and the next memory."""


# (model, psi0, n_steps) -> states
Loop = Callable[[Any, Tensor, int], Tensor]
# Joining matrices costs 3 d u^2 once; below this many states in all it is not worth it.
FEWEST_STATES = 50
# From this batch size on, products are at full speed and memory counts.
MANY_STATES = 64


def roll_out_stepwise(model: Stepped, psi0: Tensor, n_steps: int) -> Tensor:
    """Rolls a model out step by step; to be compiled by the caller.

    Args:
        model: Tensor model with `initial_cells` and `step`.
        psi0: Real and imaginary parts, (batch, 2, 2**n).
        n_steps: Number of steps.

    Returns:
        (batch, n_steps + 1, 2, 2**n), the initial state first.
    """
    return _run_loop(model.step, psi0, model.initial_cells(ops.shape(psi0)[0]), n_steps)


def roll_out_narrow(model: TransferableSRU, psi0: Tensor, n_steps: int) -> Tensor:
    """Rolls a network without layer normalisation out, outer products joined.

        [e, a] = psi [A, A W1] + offsets        e = encoded, h = activation(a)
        x = h W2 + b2 + e, SRU layers: x -> y, g = activation(y W3 + b3)
        decoded = [g, y] [W4 D; D] + offset

    Args and returns as `roll_out_stepwise`; equal to it to rounding.
    """
    dimension = ops.shape(psi0)[-1]
    enter, leave = model.first_block, model.second_block
    encoding, offset = _affine_encoding(model, dimension)
    inner, outer = enter.hidden, leave.output_dense
    into = ops.concatenate([encoding, ops.matmul(encoding, inner.kernel)], axis=-1)
    into_offset = ops.concatenate([offset, ops.matmul(offset, inner.kernel) + inner.bias], axis=-1)
    decoding = _decoding_matrix(model, dimension)
    out_of = ops.concatenate([ops.matmul(outer.kernel, decoding), decoding], axis=0)
    out_offset = ops.matmul(outer.bias[None], decoding)
    width = 2 * dimension

    def step(psi: Tensor, cells: Tensor) -> Pair:
        entered = ops.matmul(ops.reshape(psi, (-1, width)), into) + into_offset
        encoded, hidden = ops.split(entered, 2, axis=-1)
        x = enter.output_dense(inner.activation(hidden)) + encoded
        y, cells = model.recurrent_step(x, cells)
        features = ops.concatenate([leave.hidden(y), y], axis=-1)
        decoded = ops.reshape(ops.matmul(features, out_of) + out_offset, ops.shape(psi))
        return model.next_state(psi, decoded), cells

    return _run_loop(step, psi0, model.initial_cells(ops.shape(psi0)[0]), n_steps)


def roll_out_features(model: TransferableSRU, psi0: Tensor, n_steps: int) -> Tensor:
    """Rolls a network out on its features alone, without states in between.

    With D the decoding and E the encoding, F = D E is one (units, units) matrix for every n:

        encoded_{k+1} = features_k F                        (predicting states)
        encoded_{k+1} = encoded_k + scale * features_k F    (predicting increments)

    All states are decoded at once after the loop; changes of states add up there.

    Args and returns as `roll_out_stepwise`; equal to it to rounding.
    """
    dimension = ops.shape(psi0)[-1]
    increments = model.predicts == "increment"
    parts = ops.reshape(_decoding_matrix(model, dimension), (-1, 2, dimension))
    fold = model.spin_encoding(parts)

    def advance(carry: Pair, _: None) -> tuple[Pair, Pair]:
        encoded, cells = carry
        features, cells = model.step_features(encoded, cells, dimension)
        decoded = ops.matmul(features, fold)
        encoded = encoded + model.increment_scale * decoded if increments else decoded
        # Keras wants what is stacked to be shaped as the carry; XLA drops the cells again.
        return (encoded, cells), (features, cells)

    start = (model.spin_encoding(psi0), model.initial_cells(ops.shape(psi0)[0]))
    _, (features, _) = ops.scan(advance, start, length=n_steps)
    if increments:
        features = model.increment_scale * ops.cumsum(features, axis=0)
    states = model.spin_decoding(ops.transpose(features, (1, 0, 2)), dimension=dimension)
    if increments:
        states = psi0[:, None] + states
    return ops.concatenate([psi0[:, None], states], axis=1)


LOOPS: dict[str, Loop] = {
    "stepwise": roll_out_stepwise,
    "narrow": roll_out_narrow,
    "hidden": roll_out_features,
}


def best_loop(model: keras.Model, batch_size: int, dimension: int, n_steps: int) -> Loop:
    """Returns the loop with the least work.

    Multiplications are weighted by how fast they were measured to be: looking tables up at
    every step costs the plain loop a fifth; joined products are larger and therefore faster
    for many states; decoding all states in one product is nearly free for one trajectory,
    which would else read the matrix at every step, but moves much memory for many.
    `benchmarks/rollout.py` holds the choice against the other loops.

    Args:
        model: The model; anything but a `TransferableSRU` in one precision is rolled out
            step by step.
        batch_size: Number of initial states.
        dimension: 2**n.
        n_steps: Number of steps.
    """
    one_precision = model.compute_dtype == model.variable_dtype
    if not isinstance(model, TransferableSRU) or not one_precision:
        return roll_out_stepwise
    if batch_size * n_steps < FEWEST_STATES:
        return roll_out_stepwise
    d, u = dimension, model.units
    few = batch_size < MANY_STATES
    work: dict[Loop, float] = {roll_out_stepwise: 1.2 * (3 * d * u + 2 * u * u)}
    if not model.layer_norm:
        work[roll_out_narrow] = (7 if few else 5) * d * u
    afterwards = 0 if batch_size == 1 else 1 if few else 2.5
    work[roll_out_features] = 3 * u * u + afterwards * d * u
    return min(work, key=work.__getitem__)


def _run_loop(
    step: Callable[[Tensor, Tensor], Pair],
    psi0: Tensor,
    cells: Tensor,
    n_steps: int,
) -> Tensor:
    def advance(carry: Pair, _: None) -> tuple[Pair, Pair]:
        carry = step(*carry)
        return carry, carry

    _, (states, _) = ops.scan(advance, (psi0, cells), length=n_steps)
    states = ops.concatenate([psi0[None], states], axis=0)
    return ops.transpose(states, (1, 0, 2, 3))


def _affine_encoding(model: TransferableSRU, dimension: int) -> Pair:
    """Returns matrix (2 * 2**n, units) and offset (1, units) of spin and chain encoding."""
    width = 2 * dimension
    zero_and_units = ops.concatenate(
        [ops.zeros((1, width), model.variable_dtype), ops.eye(width, dtype=model.variable_dtype)]
    )
    encoded = model.spin_encoding(ops.reshape(zero_and_units, (-1, 2, dimension)))
    encoded = model.chain_encoding(encoded, dimension=dimension)
    return encoded[1:] - encoded[:1], encoded[:1]


def _decoding_matrix(model: TransferableSRU, dimension: int) -> Tensor:
    """Returns the matrix of the spin decoding, (units, 2 * 2**n)."""
    units = ops.eye(model.units, dtype=model.variable_dtype)
    return ops.reshape(model.spin_decoding(units, dimension=dimension), (-1, 2 * dimension))
