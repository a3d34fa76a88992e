"""The SRU layer, forward and backward, batch 16, width 512.

Held against the matrix products alone, against the same layer with a gradient left to the
framework, against Keras' LSTM and GRU, and against itself on short sequences: time should grow
with their length and no faster. Everything is compiled by XLA.
"""

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.bounds import Product, both_passes
from benchmarks.rows import BOUND, PEER, Row, compare
from benchmarks.timing import Run, Timings, clock, run_in_turns

BATCH, UNITS = 16, 512
N_STEPS = (100, 500, 2000)
# Beyond, a gradient left to the framework takes more than 16 GiB.
PEERS_UP_TO = 500
LINEAR_FROM, LINEAR_WITHIN = 100, 1.15
ROOM = "SRU layer"


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, `count` runs each."""
    rows, ours = [], {}
    for n_steps in N_STEPS:
        timings = run_in_turns(_runs(n_steps), count)
        ours[n_steps] = timings["ours"]
        rows += rows_of(n_steps, timings)
    return rows + _linear(ours)


def name_of(n_steps: int) -> str:
    """Returns what the rows of this number of steps are called."""
    return f"forward and backward, {n_steps} steps"


def rows_of(n_steps: int, timings: Mapping[str, Timings]) -> list[Row]:
    """Returns rows of the layer against everything that was measured beside it."""
    return [
        compare(
            ROOM,
            name_of(n_steps),
            timings["ours"],
            against,
            theirs,
            BOUND if against == "matrix products" else PEER,
        )
        for against, theirs in timings.items()
        if against != "ours"
    ]


def our_layer(n_steps: int, batch_size: int = BATCH, *, parallel: bool = False) -> Run:
    """Returns a run of our layer."""
    return _both_passes(*_layer(n_steps, batch_size, parallel))


def _runs(n_steps: int) -> dict[str, Run]:
    layer, x = _layer(n_steps)
    shape = Product(n_steps * BATCH, UNITS, 3 * UNITS)
    ours = {"ours": _both_passes(layer, x), "matrix products": both_passes([shape])}
    if n_steps > PEERS_UP_TO:
        return ours
    return {
        **ours,
        "gradient by the framework": _both_passes(_cell_in_loop(layer), x, layer),
        "Keras LSTM": _both_passes(*_keras("LSTM", n_steps)),
        "Keras GRU": _both_passes(*_keras("GRU", n_steps)),
    }


def _linear(ours: Mapping[int, Timings]) -> list[Row]:
    base = ours[LINEAR_FROM]
    return [
        compare(
            ROOM,
            name_of(n_steps),
            timings,
            f"{n_steps // LINEAR_FROM} times ours of {LINEAR_FROM} steps",
            base.scale(n_steps / LINEAR_FROM),
            BOUND,
            limit=LINEAR_WITHIN,
        )
        for n_steps, timings in ours.items()
        if n_steps != LINEAR_FROM
    ]


def _layer(n_steps: int, batch_size: int = BATCH, parallel: bool = False) -> tuple[Any, Any]:
    import tensorflow as tf

    from qtf.layers import SRU

    layer = SRU(UNITS, time_major=True, parallel=parallel)
    x = tf.random.normal((n_steps, batch_size, UNITS), seed=1)
    layer.build(x.shape)
    return layer, x


def _keras(name: str, n_steps: int) -> tuple[Any, Any]:
    import keras
    import tensorflow as tf

    x = tf.random.normal((BATCH, n_steps, UNITS), seed=1)
    layer = getattr(keras.layers, name)(UNITS, return_sequences=True)
    layer.build(x.shape)
    return layer, x


def _cell_in_loop(layer: Any) -> Callable[[Any], Any]:
    """Returns the same layer with the cell's equations in a `tf.scan`, products hoisted."""
    import tensorflow as tf

    def forward(x: Any) -> Any:
        z, f, r, skip = layer._products(x, False)
        # Read once: XLA cannot stack the reads of a variable inside the loop.
        forget, reset = (
            tf.identity(p.value) for p in (layer.forget_peephole, layer.reset_peephole)
        )

        def step(carry: Any, inputs: Any) -> Any:
            (c, _), (z_t, f_t, r_t, skip_t) = carry, inputs
            f_gate, r_gate = tf.sigmoid(f_t + forget * c), tf.sigmoid(r_t + reset * c)
            c = f_gate * c + (1.0 - f_gate) * z_t
            return c, r_gate * c + (1.0 - r_gate) * skip_t

        start = tf.zeros_like(z[0])
        return tf.scan(step, (z, f, r, skip), initializer=(start, start))[1]

    return forward


def _both_passes(forward: Callable[[Any], Any], x: Any, layer: Any = None) -> Run:
    """Returns a run of the gradient of sum(forward(x)**2) in x and all weights."""
    import tensorflow as tf

    weights = [variable.value for variable in (layer or forward).trainable_variables]

    @tf.function(jit_compile=True, autograph=False)
    def run(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.square(forward(x)))
        return tape.gradient(loss, [x, *weights])

    return clock(lambda: run(x)[0].numpy())
