"""What the replicas of a step tell one another: sums over all, and rows of all.

Outside of a step on several replicas there is one, which has nobody to ask. On several, nothing
here may stand inside a function that is compiled by itself: replicas meet only in the step.
"""

from typing import Any

import keras
from keras import ops


def count_replicas() -> int:
    """Returns how many replicas take the step in work together."""
    context = _context()
    return 1 if context is None else context.num_replicas_in_sync


def add_up(value: Any) -> Any:
    """Returns the sum of a tensor over all replicas, to the last bit the same on each."""
    if count_replicas() == 1:
        return value
    import tensorflow as tf

    return _context().all_reduce(tf.distribute.ReduceOp.SUM, value)


def gather_rows(rows: Any) -> Any:
    """Returns the rows of all replicas, (number of replicas * n_rows, ...), in their order.

    Args:
        rows: As many on each replica, (n_rows, ...).
    """
    n_replicas = count_replicas()
    if n_replicas == 1:
        return rows
    joined = _context().all_gather(rows, axis=0)
    # Gathering forgets how many there are.
    return ops.reshape(joined, (n_replicas * rows.shape[0], *rows.shape[1:]))


def rows_of_this(joined: Any) -> Any:
    """Returns those of `gather_rows` that are of this replica."""
    n_replicas = count_replicas()
    if n_replicas == 1:
        return joined
    n_rows = joined.shape[0] // n_replicas
    start = n_rows * _context().replica_id_in_sync_group
    return ops.take(joined, start + ops.arange(n_rows), axis=0)


def is_wide(rows: Any) -> bool:
    """Tells whether there are more columns than rows of all replicas."""
    return count_replicas() * rows.shape[0] <= rows.shape[1]


def product_of_rows(rows: Any) -> Any:
    """Returns X X^T or X^T X of the rows X of all replicas, whichever is smaller.

    X^T X is the sum of what each replica makes of its rows. For X X^T each multiplies its rows
    with those of all, of which it gets as many columns at a time as take no more memory than
    its own, and the products are gathered.

    Args:
        rows: Of this replica, (n_rows, n_columns).
    """
    columns = ops.transpose(rows)
    if not is_wide(rows):
        return add_up(ops.matmul(columns, rows))
    n_replicas = count_replicas()
    if n_replicas == 1:
        return ops.matmul(rows, columns)
    import tensorflow as tf

    n_rows, n_columns = rows.shape
    size = -(-n_columns // n_replicas)
    products = ops.zeros((n_rows, n_replicas * n_rows), rows.dtype)
    for start in range(0, n_columns, size):
        # Else all columns could be under way at once.
        with tf.control_dependencies([products]):
            piece = tf.identity(rows[:, start : start + size])
            products = products + ops.matmul(piece, ops.transpose(gather_rows(piece)))
    return gather_rows(products)


def _context() -> Any:
    """Returns what TensorFlow knows of this replica; None where there are no replicas."""
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    return tf.distribute.get_replica_context()
