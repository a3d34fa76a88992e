"""Linear equations with a positive definite matrix."""

from typing import Any

import numpy as np
import tensorflow as tf


def solved_symmetric(matrix: Any, right: Any, diag_shift: float) -> Any:
    """Returns (matrix + shift)^(-1) right by a Cholesky factorisation in float64.

    The shift is `diag_shift` and what rounding of the matrix may have taken from its
    eigenvalues, a quarter of the precision of its trace. Not a number if the shifted matrix is
    not positive definite all the same; Keras would raise, where the training loop has better
    words for it.

    Args:
        matrix: A tensor, symmetric, no eigenvalue below zero but for rounding, (n, n).
        right: (n,).
        diag_shift: Positive.

    Returns:
        float64 (n,).
    """
    rounding = 0.25 * float(np.finfo(matrix.dtype.as_numpy_dtype).eps)
    matrix = tf.cast(matrix, tf.float64)
    diagonal = tf.linalg.diag_part(matrix)
    shift = diag_shift + rounding * tf.reduce_sum(diagonal)
    shifted = tf.linalg.set_diag(matrix, diagonal + shift)
    column = tf.cast(right, tf.float64)[:, None]
    return tf.linalg.cholesky_solve(tf.linalg.cholesky(shifted), column)[:, 0]
