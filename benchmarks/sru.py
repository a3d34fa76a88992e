"""SRU layer, forward and backward: our gradient against automatic differentiation.

    python -m benchmarks.sru [--n_steps=500] [--runs=7]

All compute the same layer from the same weights inside one XLA program, the matrix products
of all time steps hoisted out of the loop. The first peer runs the cell's equations in a
`tf.scan` and leaves the gradient to the framework; the second keeps only the cell state in
that loop, as our layer does. The matrix products alone are the bound. Prints medians and
ratios, then one line of JSON.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

BATCH, UNITS = 16, 512


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n_steps", type=int, default=500)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    candidates = make_candidates(arguments.n_steps)
    # In turns, so that a change of the machine's speed hits all of them.
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for function in candidates.values():
        function()
    for _ in range(arguments.runs):
        for name, function in candidates.items():
            started = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - started)
    report(arguments.n_steps, {name: statistics.median(values) for name, values in times.items()})


def make_candidates(n_steps: int) -> dict[str, Callable[[], Any]]:
    """Returns functions that run forward and backward pass once."""
    import tensorflow as tf
    from keras import ops

    from qtf.layers import SRU

    layer = SRU(UNITS, time_major=True)
    x = tf.random.normal((n_steps, BATCH, UNITS), seed=1)
    layer.build(x.shape)
    weights = [variable.value for variable in layer.variables]

    def cell_in_loop(x: Any) -> Any:
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

    def state_in_loop(x: Any) -> Any:
        z, f, r, skip = layer._products(x, False)
        forget = tf.identity(layer.forget_peephole.value)

        def step(c: Any, inputs: Any) -> Any:
            z_t, f_t = inputs
            gate = tf.sigmoid(f_t + forget * c)
            return gate * c + (1.0 - gate) * z_t

        start = tf.zeros_like(z[0])
        cells = tf.scan(step, (z, f), initializer=start)
        previous = tf.concat([start[None], cells[:-1]], axis=0)
        return layer._output(cells, previous, r, skip, False)

    def products(x: Any) -> Any:
        return ops.matmul(x, layer.kernel)

    return {
        "sru": both_passes(layer, x, weights),
        "automatic, cell in loop": both_passes(cell_in_loop, x, weights),
        "automatic, state in loop": both_passes(state_in_loop, x, weights),
        "matrix products": both_passes(products, x, weights[:1]),
    }


def both_passes(forward: Callable[[Any], Any], x: Any, weights: list[Any]) -> Callable[[], Any]:
    """Returns a function that computes the gradient of sum(forward(x)**2) in one program."""
    import tensorflow as tf

    @tf.function(jit_compile=True, autograph=False)
    def run(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.square(forward(x)))
        return tape.gradient(loss, [x, *weights])

    return lambda: run(x)[0].numpy()


def report(n_steps: int, medians: dict[str, float]) -> None:
    """Prints medians in milliseconds and the ratios."""
    ours = medians["sru"]
    for name, seconds in medians.items():
        print(f"{name:>26}: {1e3 * seconds:8.1f} ms, {seconds / ours:5.2f} times ours")
    row = {
        "name": f"sru forward and backward, batch {BATCH}, {n_steps} steps, width {UNITS}",
        "milliseconds": {name: round(1e3 * value, 2) for name, value in medians.items()},
        "times_ours": {name: round(value / ours, 2) for name, value in medians.items()},
    }
    print(json.dumps(row))


if __name__ == "__main__":
    main()
