"""Linear equations with a positive definite matrix."""

from typing import Any

import keras
import numpy as np


def solve_symmetric(matrix: Any, right: Any, diag_shift: float) -> Any:
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
    rounding = 0.25 * float(np.finfo(keras.backend.standardize_dtype(matrix.dtype)).eps)
    if keras.backend.backend() == "jax":
        return _solve_by_jax(matrix, right, diag_shift, rounding)
    import tensorflow as tf

    matrix = tf.cast(matrix, tf.float64)
    diagonal = tf.linalg.diag_part(matrix)
    shift = diag_shift + rounding * tf.reduce_sum(diagonal)
    shifted = tf.linalg.set_diag(matrix, diagonal + shift)
    column = tf.cast(right, tf.float64)[:, None]
    return tf.linalg.cholesky_solve(tf.linalg.cholesky(shifted), column)[:, 0]


def _solve_by_jax(matrix: Any, right: Any, diag_shift: float, rounding: float) -> Any:
    from jax import numpy as jnp
    from jax.scipy.linalg import cho_factor, cho_solve

    matrix = matrix.astype("float64")
    shift = diag_shift + rounding * jnp.trace(matrix)
    factor = cho_factor(matrix + shift * jnp.eye(len(matrix)), lower=True)
    return cho_solve(factor, right.astype("float64"))
