"""Expectation values of Pauli sums inside a TensorFlow graph."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from qtf.physics import PauliSum


class PauliGraph:
    """Expectation values of several observables for several numbers of spins.

    With the flips m of an operator and their diagonals (see `PauliSum.flips`),
    `<psi|O|psi> = sum_m sum_x conj(psi_x) diagonal_m(x) psi_{x xor m}`.

    Args:
        observables: n_sites -> Hermitian observables, the same number for each n.
    """

    def __init__(self, observables: Mapping[int, Sequence[PauliSum]]) -> None:
        self._tables = {n: _tables(sums) for n, sums in observables.items()}

    def tables(self, dimension: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns flips and weights for states of 2**n = `dimension` amplitudes.

        Args:
            dimension: Scalar tensor; one of the known 2**n.

        Returns:
            Partner indices (n_flips, 2**n), int32, and weights (n_observables, 2,
            n_flips, 2**n), float32, real and imaginary part.
        """
        branches = [
            lambda pair=pair: (tf.constant(pair[0]), tf.constant(pair[1]))
            for pair in self._tables.values()
        ]
        dimensions = tf.constant([2**n for n in self._tables], tf.int32)
        chosen = tf.argmax(tf.cast(tf.equal(dimensions, dimension), tf.int32), output_type=tf.int32)
        return tf.switch_case(chosen, branches)

    def expectations(self, psi: tf.Tensor, tables: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Returns <psi|O|psi>, not divided by the norm.

        Args:
            psi: Real and imaginary parts, (batch, 2, 2**n).
            tables: Of `tables`.

        Returns:
            (batch, n_observables).
        """
        partners, weights = tables
        flipped = tf.gather(psi, partners, axis=-1)
        real, imaginary = psi[:, 0, None], psi[:, 1, None]
        # conj(psi_x) psi_{x xor m} in parts; the expectation value is real.
        product_re = real * flipped[:, 0] + imaginary * flipped[:, 1]
        product_im = real * flipped[:, 1] - imaginary * flipped[:, 0]
        return tf.einsum("bmx,omx->bo", product_re, weights[:, 0]) - tf.einsum(
            "bmx,omx->bo", product_im, weights[:, 1]
        )


def _tables(sums: Sequence[PauliSum]) -> tuple[np.ndarray, np.ndarray]:
    index = np.arange(sums[0].dimension)
    masks = sorted({mask for observable in sums for mask, _ in observable.flips})
    weights = np.zeros((len(sums), len(masks), len(index)), np.complex128)
    for position, observable in enumerate(sums):
        for mask, diagonal in observable.flips:
            weights[position, masks.index(mask)] = diagonal
    partners = np.stack([index ^ mask for mask in masks]).astype(np.int32)
    return partners, np.stack([weights.real, weights.imag], axis=1).astype(np.float32)
