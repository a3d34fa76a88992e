"""Given outcomes on a square lattice, evaluated row by row."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from qtf.autoregressive.network import AutoregressiveNetwork

# (unit vectors of a row (columns, batch, local_dimension), what is known of the row above) ->
# outputs (columns, batch, n_outputs), the same of this row
Row = Callable[[Any, Any], tuple[Any, Any]]


def evaluated_by_rows(
    network: AutoregressiveNetwork,
    evaluate: Row,
    outcomes: Any,
    positions: tuple[int, int],
    above: Any,
) -> tuple[Any, Any]:
    """Evaluates some positions of given outcomes, in one loop over whole rows.

    Args:
        network: With positions row by row, `n_together` in each.
        evaluate: Evaluates a row.
        outcomes: int32 (n_positions, batch).
        positions: The first one and that after the last.
        above: What is known of the row above that of the first position, nested tensors.

    Returns:
        Outputs of these positions, (positions, batch, n_outputs), and what is known of the last
        row that ends before or with them.
    """
    columns, batch_size = network.n_together, ops.shape(outcomes)[1]
    start, stop = positions
    first, n_complete = start // columns, stop // columns

    def advance(row: Any, carry: Any) -> Any:
        outputs, above = carry
        part = ops.slice(outcomes, (row * columns, 0), (columns, batch_size))
        found, own = evaluate(network.encoded(part), above)
        at = ((row - first) * columns, 0, 0)
        return ops.slice_update(outputs, at, ops.cast(found, outputs.dtype)), own

    n_rows = -(-stop // columns) - first
    shape = (n_rows * columns, batch_size, network.n_outputs)
    carry = (ops.zeros(shape, network.variable_dtype), above)
    outputs, complete = ops.fori_loop(first, n_complete, advance, carry)
    # The loop forgets the shapes.
    outputs = ops.reshape(outputs, shape)
    complete = keras.tree.map_structure(
        lambda one, old: ops.reshape(one, ops.shape(old)), complete, above
    )
    if stop % columns:
        outputs, _ = advance(n_complete, (outputs, complete))
    return outputs[start - first * columns : stop - first * columns], complete
