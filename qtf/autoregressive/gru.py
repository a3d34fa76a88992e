"""A gated recurrent network without reset gate."""

from typing import TypeAlias

import keras
from keras import ops

from qtf.autoregressive.context import Context
from qtf.autoregressive.network import AutoregressiveNetwork, OutputHeads
from qtf.autoregressive.settings import GRUSettings
from qtf.autoregressive.weight_gradients import (
    WeightsPullBack,
    bias_gradient,
    kernel_gradient,
    linearize_norm,
)
from qtf.typing import Index, Pair, Tensor, WithGradient

# h, and the sums of the context.
States: TypeAlias = list[Tensor]


@keras.saving.register_keras_serializable("qtf")
class GRUNetwork(AutoregressiveNetwork[States]):
    """Autoregressive network of one gated recurrent unit.

        u_p = sigmoid(x_{p-1} W_u + h_{p-1} V_u + b_u)
        c_p = tanh(x_{p-1} W_c + h_{p-1} V_c + b_c)
        h_p = (1 - u_p) h_{p-1} + u_p c_p,   outputs_p = heads(LN(h_p))

    x_p is the unit vector of the outcome at p; x_{-1} = h_{-1} = 0. The weights do not depend
    on the number of positions. With `context`, the distances of p from both ends and how often
    each outcome came before p, see `Context`, are beside x_{p-1}.

    Args:
        **arguments: Those of `AutoregressiveNetwork` and of `GRUSettings`.

    Raises:
        ValueError: A number is not positive.

    Example:
        >>> import numpy as np
        >>> network = GRUNetwork(n_positions=4, units=8)
        >>> tuple(network(np.zeros((3, 4), "int32")).shape)
        (3, 4, 4)

    Source: roth2020, section II.
    """

    settings_class = GRUSettings
    settings: GRUSettings
    recurrent = True
    extends = True
    linearizes = True

    def make_layers(self) -> None:
        """Makes the products, the norm and the heads."""
        units, inner = self.settings.units, {"dtype": self.dtype_policy}
        self.from_outcome = keras.layers.Dense(2 * units, **inner)
        self.from_state = keras.layers.Dense(
            2 * units, use_bias=False, kernel_initializer="orthogonal", **inner
        )
        self.norm = keras.layers.LayerNormalization(**inner)
        self.output_heads = OutputHeads(self.heads, self.settings.activation, **inner)
        self.context = Context((self.n_positions,), self.local_dimension)
        n_around = self.context.n_edge_features + self.context.n_counts
        self.from_outcome.build(
            (None, self.local_dimension + (n_around if self.settings.context else 0))
        )
        for layer in (self.from_state, self.norm, self.output_heads):
            layer.build((None, units))

    def call(self, outcomes: Tensor) -> Tensor:
        """Evaluates all positions; the products of outcomes and the heads outside the loop."""
        inputs = self.from_outcome(self._encode_before(outcomes))
        start = self.initial_cache(ops.shape(outcomes)[0])[0]
        states = scan_states(inputs, ops.cast(self.from_state.kernel, self.variable_dtype), start)
        return self.output_heads(self.norm(ops.transpose(states, (1, 0, 2))))

    def linearize(self, outcomes: Tensor) -> tuple[Tensor, WeightsPullBack]:
        """Evaluates all positions, and prepares the derivatives of each sample."""
        before = self._encode_before(outcomes)
        inputs = self.from_outcome(before)
        kernel = ops.cast(self.from_state.kernel, self.variable_dtype)
        start = self.initial_cache(ops.shape(outcomes)[0])[0]
        states = ops.reshape(
            scan_states(inputs, kernel, start), (self.n_positions, -1, self.settings.units)
        )
        norm = self.norm
        normed, from_norm = linearize_norm(states, norm.gamma, norm.beta, norm.epsilon)
        outputs, from_heads = self.output_heads.linearize(normed)

        def pull_back(upstream: Tensor, n_images: int = 1) -> list[Tensor]:
            to_normed, of_heads = from_heads(ops.transpose(upstream, (1, 0, 2)), n_images)
            to_states, of_norm = from_norm(to_normed, n_images)
            previous, d, _ = scan_back(to_states, inputs, kernel, start, states)
            of_inputs = [kernel_gradient(before, d, n_images), bias_gradient(d, n_images)]
            return [*of_inputs, kernel_gradient(previous, d, n_images), *of_norm, *of_heads]

        return ops.transpose(outputs, (1, 0, 2)), pull_back

    def _encode_before(self, outcomes: Tensor) -> Tensor:
        """Returns what enters each position but h, (n_positions, batch, n_inputs)."""
        vectors = ops.transpose(self.encode(outcomes), (1, 0, 2))
        before = ops.pad(vectors[:-1], ((1, 0), (0, 0), (0, 0)))
        if not self.settings.context:
            return before
        edges = ops.convert_to_tensor(self.context.edges)[:, None]
        return self._join(before, edges, self.context.counts(vectors))

    def _join(self, before: Tensor, edges: Tensor, counts: Tensor) -> Tensor:
        """Returns x of the position before beside its context; edges are those of all samples."""
        edges = ops.broadcast_to(edges, (*ops.shape(before)[:-1], self.context.n_edge_features))
        return ops.concatenate([before, ops.cast(edges, before.dtype), counts], axis=-1)

    def initial_cache(self, batch_size: Index) -> States:
        """Returns h before the first position, (batch, units), and sums (batch, n_counts)."""
        widths = (self.settings.units, self.context.n_counts)
        return [ops.zeros((batch_size, width), self.variable_dtype) for width in widths]

    def step(self, position: Index, previous: Tensor, cache: States) -> tuple[Tensor, States]:
        """Evaluates one position."""
        state, sums = cache
        started = ops.cast(position > 0, self.variable_dtype)
        before = started * self.encode(previous)
        sums = sums + self.context.differences(before)
        if self.settings.context:
            edges = self.context.edges_at(position)
            before = self._join(before, edges, self.context.counts_at(position, sums))
        state = _advance(state, self.from_outcome(before), self.from_state.kernel)
        return self.output_heads(self.norm(state)), [state, sums]


def scan_states(inputs: Tensor, kernel: Tensor, start: Tensor) -> Tensor:
    """Returns all hidden states, with a gradient that needs no stored loop.

        a = x + h' V,  u = sigmoid(a_u),  c = tanh(a_c),  h = h' + u (c - h')

    Given all states, everything but g_{p-1} = (1 - u) g_p + d_p V^T, with
    d = g [(c - h') u (1 - u), u (1 - c^2)] the gradient in a, follows without a loop.

    Args:
        inputs: x, (time, batch, 2 * units).
        kernel: V, (units, 2 * units).
        start: h before the first step, (batch, units).
    """

    @ops.custom_gradient
    def scan(x: Tensor, v: Tensor, h: Tensor) -> WithGradient:
        def forward(state: Tensor, x_p: Tensor) -> tuple[Tensor, Tensor]:
            state = _advance(state, x_p, v)
            return state, state

        states = ops.scan(forward, h, x)[1]

        def gradient(*args: Tensor, upstream: Tensor | None = None) -> tuple[Tensor, ...]:
            outside = args[0] if upstream is None else upstream
            previous, d, g = scan_back(outside, x, v, h, states)
            return d, ops.einsum("tbi,tbj->ij", previous, d), g

        return states, gradient

    return scan(inputs, kernel, start)


def scan_back(
    outside: Tensor, inputs: Tensor, kernel: Tensor, start: Tensor, states: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns h', d and the gradient in the start, see `scan_states`.

    Args:
        outside: Gradient in the states, (time, batch, units).
        inputs: Of `scan_states`, as what follows.
        kernel: V.
        start: h before the first step.
        states: All hidden states.
    """
    previous = ops.concatenate([start[None], states[:-1]], axis=0)
    update, candidate = ops.split(inputs + ops.matmul(previous, kernel), 2, axis=-1)
    u, c = ops.sigmoid(update), ops.tanh(candidate)
    to_update, to_candidate = (c - previous) * u * (1.0 - u), u * (1.0 - c * c)

    def backward(carry: Pair, at: tuple[Tensor, ...]) -> tuple[Pair, Pair]:
        outside_p, u_p, to_update_p, to_candidate_p = at
        total = carry[0] + outside_p
        d = ops.concatenate([total * to_update_p, total * to_candidate_p], axis=-1)
        carry = ((1.0 - u_p) * total + ops.matmul(d, ops.transpose(kernel)), d)
        return carry, carry

    nothing = (ops.zeros_like(start), ops.zeros_like(inputs[0]))
    along = (outside, u, to_update, to_candidate)
    (g, _), (_, d) = ops.scan(backward, nothing, along, reverse=True)
    return previous, ops.reshape(d, ops.shape(inputs)), g


def _advance(state: Tensor, inputs: Tensor, kernel: Tensor) -> Tensor:
    update, candidate = ops.split(inputs + ops.matmul(state, kernel), 2, axis=-1)
    return state + ops.sigmoid(update) * (ops.tanh(candidate) - state)
