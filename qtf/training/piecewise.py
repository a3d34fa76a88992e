"""Functions of many rows evaluated in equal pieces, inside or outside of a compiled graph."""

from collections.abc import Callable, Sequence
from typing import Any

from keras import ops

from qtf.pieces import rows_at_once, rows_of_pieces

# What is kept for a gradient, and the gradient itself, beside the values.
BYTES_OF_GRADIENT = 3


def gradient_rows_at_once(model: Any) -> int:
    """Returns of how many rows derivatives may be in the memory at once.

    Args:
        model: Has `evaluation_bytes`, of one row.
    """
    return rows_at_once(BYTES_OF_GRADIENT * model.evaluation_bytes)


def evaluate_in_pieces(
    function: Callable[[Any], Sequence[Any]],
    rows: Any,
    largest: int,
    outputs: Sequence[tuple[tuple[int, ...], str]],
) -> list[Any]:
    """Returns what a function makes of rows, with one piece of them in the memory at a time.

    Not to be differentiated. Where all rows fit into one piece nothing changes, and neither
    where their number is not known when a graph is made.

    Args:
        function: Of (size, ...); returns tensors (size, ...), each row depending on its own only.
        rows: (n, ...).
        largest: Rows of a piece, at most.
        outputs: Shape without the first axis, and dtype, of each result.

    Returns:
        Each result of all rows, (n, ...).
    """
    n_rows = rows.shape[0]
    if n_rows is None or n_rows <= largest:
        return list(function(rows))
    pieces = rows_of_pieces(n_rows, largest)
    n_pieces, size = pieces.shape
    numbers = ops.convert_to_tensor(pieces)

    def evaluate(piece: Any, results: Sequence[Any]) -> list[Any]:
        # Nothing of a piece may begin before the one before has ended, or both are in memory.
        at = piece + 0 * ops.cast(ops.ravel(results[0])[0] != 0, "int32")
        values = function(ops.take(rows, numbers[at], axis=0))
        return [
            ops.slice_update(whole, (piece, *[0] * (len(whole.shape) - 1)), part[None])
            for whole, part in zip(results, values, strict=True)
        ]

    shapes = [(n_pieces, size, *shape) for shape, _ in outputs]
    start = [ops.zeros(shape, dtype) for shape, (_, dtype) in zip(shapes, outputs, strict=True)]
    results = ops.fori_loop(0, n_pieces, evaluate, start)
    # The loop forgets the shapes.
    return [
        ops.reshape(whole, (n_pieces * size, *shape[2:]))[:n_rows]
        for whole, shape in zip(results, shapes, strict=True)
    ]
