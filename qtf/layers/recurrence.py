"""The recurrence of the SRU's cell state, and its gradient: step by step, or all at once.

    c = f * c' + (1 - f) * z,    f = sigmoid(a + v * c')

Both ways share the gradient. Its reverse scan is linear: with g the gradient of the loss in c
and s its part from outside, `g_t = s_t + g_{t+1} * A_{t+1}`, where
`A = dc/dc' = f + (c' - z) f (1 - f) v`; everything else follows without a loop.

Parallel in time, the cell states are the root of c_t - F_t(c_{t-1}) = 0 for all t together.
The Jacobian of F is diagonal, because everything is elementwise, so that a Newton iteration

    c_t = A_t c_{t-1} + (F_t(p_{t-1}) - A_t p_{t-1})        (p: the iteration before)

is a linear recurrence, which a scan of pairs solves in log2(time) turns. It converges
quadratically and is exact after as many iterations as there are steps at the latest.

Source: Lei et al., EMNLP 2018; Lim et al., "Parallelizing non-linear sequential models over
the sequence length", ICLR 2024.
"""

from keras import ops

from qtf.typing import Pair, Tensor, WithGradient

# Changes of a Newton iteration below this share of the largest state are rounding.
CONVERGED = {"float32": 1e-6, "float64": 1e-14}


def scan_cells(
    candidate: Tensor,
    forget: Tensor,
    peephole: Tensor,
    initial_state: Tensor,
    *,
    unroll: int = 1,
    parallel: bool = False,
) -> Tensor:
    """Returns all cell states c, (time, batch, units).

    Args:
        candidate: z, (time, batch, units).
        forget: a, (time, batch, units).
        peephole: v, (units,).
        initial_state: c before the first step, (batch, units).
        unroll: Time steps in one turn of the compiled loop of the sequential scan.
        parallel: Whether the scan runs parallel in time; equal to 1e-5 in float32. The number
            of time steps must be known when the graph is built.
    """

    @ops.custom_gradient
    def scan(z: Tensor, a: Tensor, v: Tensor, start: Tensor) -> WithGradient:
        cells = _newton(z, a, v, start) if parallel else _sequential(z, a, v, start, unroll)

        def gradient(*args: Tensor, upstream: Tensor | None = None) -> tuple[Tensor, ...]:
            outside = ops.reshape(args[0] if upstream is None else upstream, ops.shape(z))
            previous = _shift(start, cells)
            gate = ops.sigmoid(a + v * previous)
            d_gate = (previous - z) * gate * (1.0 - gate)
            through = gate + d_gate * v
            if parallel:
                total = _parallel_sums(outside, through)
            else:
                total = _sequential_sums(outside, through, unroll)
            d_forget = total * d_gate
            return (
                total * (1.0 - gate),
                d_forget,
                ops.sum(d_forget * previous, axis=(0, 1)),
                total[0] * through[0],
            )

        return cells, gradient

    return scan(candidate, forget, peephole, initial_state)


def _sequential(z: Tensor, a: Tensor, v: Tensor, start: Tensor, unroll: int) -> Tensor:
    def forward(c: Tensor, inputs: Pair) -> Pair:
        z_t, a_t = inputs
        f = ops.sigmoid(a_t + v * c)
        c = f * c + (1.0 - f) * z_t
        return c, c

    return ops.scan(forward, start, (z, a), unroll=unroll)[1]


def _sequential_sums(outside: Tensor, through: Tensor, unroll: int) -> Tensor:
    """Returns g of g_t = outside_t + g_{t+1} through_{t+1}."""

    def backward(g: Tensor, inputs: Pair) -> Pair:
        outside_t, through_t = inputs
        total = outside_t + g
        return total * through_t, total

    zeros = ops.zeros_like(outside[0])
    return ops.scan(backward, zeros, (outside, through), reverse=True, unroll=unroll)[1]


def _newton(z: Tensor, a: Tensor, v: Tensor, start: Tensor) -> Tensor:
    tolerance = CONVERGED[z.dtype if isinstance(z.dtype, str) else z.dtype.name]
    n_times = ops.shape(z)[0]

    def iterate(turn: Tensor, cells: Tensor, _: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        previous = _shift(start, cells)
        gate = ops.sigmoid(a + v * previous)
        value = gate * previous + (1.0 - gate) * z
        slope = gate + (previous - z) * gate * (1.0 - gate) * v
        better = _linear(slope, value - slope * previous, start)
        change = ops.max(ops.abs(better - cells)) / (ops.max(ops.abs(better)) + 1e-30)
        return turn + 1, better, change

    def goes_on(turn: Tensor, _: Tensor, change: Tensor) -> Tensor:
        return ops.logical_and(turn < n_times, change > tolerance)

    # Without the peephole the recurrence is linear: a good first guess.
    gate = ops.sigmoid(a)
    guess = _linear(gate, (1.0 - gate) * z, start)
    first = iterate(ops.zeros((), "int32"), guess, None)
    # The loop forgets the shape, which the scans of the gradient need.
    return ops.reshape(ops.while_loop(goes_on, iterate, first)[1], z.shape)


def _linear(slope: Tensor, offset: Tensor, start: Tensor) -> Tensor:
    """Returns c of c_t = slope_t c_{t-1} + offset_t."""
    offset = ops.concatenate([offset[:1] + slope[:1] * start[None], offset[1:]], axis=0)
    return _from_zero(slope, offset)


def _parallel_sums(outside: Tensor, through: Tensor) -> Tensor:
    later = ops.concatenate([through[1:], ops.zeros_like(through[:1])], axis=0)
    return ops.flip(_from_zero(ops.flip(later, axis=0), ops.flip(outside, axis=0)), axis=0)


def _from_zero(slope: Tensor, offset: Tensor) -> Tensor:
    """Returns c of c_t = slope_t c_{t-1} + offset_t, c_0 = offset_0, in log2(time) turns.

    Two successive steps make one, so that half as many steps give every second state; the
    states between follow from those. Not `keras.ops.associative_scan`, which XLA cannot
    compile on TensorFlow for more than three steps (Keras 3.15).
    """
    n_times = offset.shape[0]
    if n_times == 1:
        return offset
    n_pairs = n_times // 2
    first, second = slice(0, 2 * n_pairs, 2), slice(1, 2 * n_pairs, 2)
    odd = _from_zero(slope[second] * slope[first], offset[second] + slope[second] * offset[first])
    n_between = n_times - 1 - n_pairs
    between = offset[2::2] + slope[2::2] * odd[:n_between]
    even = ops.concatenate([offset[:1], between], axis=0)
    pairs = ops.stack([even[:n_pairs], odd], axis=1)
    states = ops.reshape(pairs, (2 * n_pairs, *ops.shape(offset)[1:]))
    return states if n_times % 2 == 0 else ops.concatenate([states, even[n_pairs:]], axis=0)


def _shift(start: Tensor, cells: Tensor) -> Tensor:
    return ops.concatenate([start[None], cells[:-1]], axis=0)
