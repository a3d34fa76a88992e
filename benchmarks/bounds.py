"""What nothing can beat: matrix products alone, and the bare disk, measured beside our work."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import Run, clock

CHUNK_BYTES = 8 << 20


@dataclass(frozen=True)
class Product:
    """A matrix product x W with x (rows, inner) and W (inner, columns).

    Attributes:
        rows: Number of rows of x.
        inner: Number of columns of x.
        columns: Number of columns of W.
        of_data: Whether x is data, so that no gradient in x is needed.
    """

    rows: int
    inner: int
    columns: int
    of_data: bool = False


def network_products(model: Any, rows: int, n_sites: int) -> list[Product]:
    """Returns the products of one forward pass of a `TransferableSRU`."""
    units, dimension = model.units, 2**n_sites
    block = [Product(rows, units, units)] * 2
    return [
        *[Product(rows, dimension, units // 2, of_data=True)] * 2,
        *block,
        *[Product(rows, units, 3 * units)] * model.n_layers,
        *block,
        *[Product(rows, units, dimension)] * 2,
    ]


def both_passes(products: Sequence[Product]) -> Run:
    """Returns a run of x W, dW = x^T dy and dx = dy W^T of all products, in one XLA program."""
    import tensorflow as tf

    tensors = [
        (_normal(p.rows, p.inner), _normal(p.inner, p.columns), _normal(p.rows, p.columns))
        for p in products
    ]

    @tf.function(jit_compile=True, autograph=False)
    def run(tensors: Any) -> Any:
        results: list[Any] = []
        for product, (x, weight, dy) in zip(products, tensors, strict=True):
            results += [tf.matmul(x, weight), tf.matmul(x, dy, transpose_a=True)]
            if not product.of_data:
                results.append(tf.matmul(dy, weight, transpose_b=True))
        return results

    return clock(lambda: run(tensors)[-1].numpy())


def repeat(products: Sequence[Product], n_steps: int) -> Run:
    """Returns a run of x W of all products, `n_steps` times one after another in one loop."""
    import tensorflow as tf

    inputs = [_normal(p.rows, p.inner) for p in products]
    weights = [_normal(p.inner, p.columns) for p in products]

    @tf.function(jit_compile=True, autograph=False)
    def run(inputs: Any, weights: Any) -> Any:
        def step(_: Any, last: Any) -> Any:
            # Depends on the turn before, or the loop would do its work once.
            for x, weight in zip(inputs, weights, strict=True):
                last = 1e-9 * tf.reduce_max(tf.matmul(x + last, weight))
            return last

        return tf.while_loop(
            lambda turn, _: turn < n_steps,
            lambda turn, last: (turn + 1, step(turn, last)),
            (0, tf.zeros(())),
        )[1]

    return clock(lambda: run(inputs, weights).numpy())


def plain_write(target: Path, n_bytes: int) -> Callable[[], None]:
    """Returns a function that writes random bytes until they are on the disk."""
    chunk = os.urandom(CHUNK_BYTES)

    def write() -> None:
        with target.open("wb") as file:
            for begin in range(0, n_bytes, CHUNK_BYTES):
                file.write(chunk[: n_bytes - begin])
            file.flush()
            os.fsync(file.fileno())
        target.unlink()

    return write


def _normal(*shape: int) -> Any:
    import tensorflow as tf

    values = np.random.default_rng(0).standard_normal(shape) / np.sqrt(shape[0])
    return tf.constant(values.astype(np.float32))
