"""Stochastic reconfiguration solved in the space of the samples."""

import math
from typing import Any

import keras
from keras import ops

from qtf.training.compilation import compiled
from qtf.training.per_sample import per_sample_gradients
from qtf.training.symmetric_solve import solved_symmetric


class MinSR:
    """Direction of a step of imaginary time, as well as the weights can follow it.

        d = X^T (X X^T + diag_shift)^(-1) (e - momentum X d') + momentum d'
        X = sqrt(w) (Re O; Im O),   e = sqrt(w) (Re E; Im E)

    O are the derivatives of log psi of each sample and E the local energies, both without
    their means, and w the share of each in a mean; d' is the direction of the step before.
    Without momentum this is the step of stochastic reconfiguration, (X^T X + diag_shift) d =
    X^T e, at the cost of a matrix as large as the samples instead of the weights. With it,
    what the samples say nothing about is taken from the steps before, which averages their
    noise.

    Its parts are compiled by themselves: XLA factorises matrices much slower than
    TensorFlow does, and knows no derivatives of every sample if there are loops.

    Args:
        diag_shift: Added to the diagonal.
        momentum: At least 0 and below 1.
        xla: Whether XLA compiles the derivatives of networks without loops.

    Attributes:
        state: Variables that a training which goes on needs, after `build`.

    Raises:
        ValueError: A number is out of range.

    Source: Rende et al., Commun. Phys. 7, 260 (2024); Chen and Heyl, Nat. Phys. 20, 1476
    (2024); momentum of Goldshlager et al., J. Comput. Phys. 516, 113351 (2024).
    """

    def __init__(self, diag_shift: float, *, momentum: float = 0.0, xla: bool = True) -> None:
        if not diag_shift > 0:
            raise ValueError(f"Argument `diag_shift` must be positive, but is {diag_shift}.")
        if not 0 <= momentum < 1:
            raise ValueError(
                f"Argument `momentum` must be at least 0 and below 1, but is {momentum}."
            )
        self.diag_shift = diag_shift
        self.momentum = momentum
        self.xla = xla
        self.state: list[keras.Variable] = []

    def build(self, psi: Any) -> None:
        """Makes the variable of the direction before, zero at first."""
        size = sum(math.prod(variable.shape) for variable in psi.trainable_variables)
        zeros = ops.zeros((size,), psi.variable_dtype)
        self.state = [keras.Variable(zeros, trainable=False, name="direction")]

    def direction(
        self, psi: Any, bits: Any, real: Any, imaginary: Any, shares: Any
    ) -> list[Any]:
        """Returns d, in the shapes of the trainable variables, and keeps it as d'.

        Only inside a `tf.function`, after `build`.

        Args:
            psi: The wave function.
            bits: Samples, int32 (n_samples, n_sites).
            real: Real parts of their local energies, (n_samples,).
            imaginary: Imaginary parts.
            shares: Of each in a mean, (n_samples,): 1 / n_samples, or |psi|^2 for all
                configurations.
        """
        variables = psi.trainable_variables
        n_parts = 1 if psi.positive else 2

        def outputs(bits: Any) -> Any:
            return psi(bits)[:n_parts]

        def rows_and_kernel(bits: Any, shares: Any) -> tuple[Any, Any]:
            found = per_sample_gradients(outputs, bits, variables)
            weights = ops.cast(shares, found[0].dtype)[:, None]
            rows = ops.concatenate([_centred(part, weights) for part in found], axis=0)
            return rows, ops.matmul(rows, ops.transpose(rows))

        xla = self.xla and not psi.recurrent
        rows, kernel = compiled(rows_and_kernel, variables=variables, xla=xla)(bits, shares)
        parts = (real, imaginary)[:n_parts]
        weights = ops.cast(shares, real.dtype)
        energies = ops.concatenate([_centred(part, weights) for part in parts])
        before = self.momentum * self.state[0].value
        unexplained = energies - ops.cast(ops.matmul(rows, before), energies.dtype)
        solved = solved_symmetric(kernel, unexplained, self.diag_shift)
        found = ops.matmul(ops.cast(solved, rows.dtype), rows) + before
        self.state[0].assign(found)
        return _split(found, variables)


def _split(joined: Any, variables: Any) -> list[Any]:
    parts, start = [], 0
    for variable in variables:
        size = math.prod(variable.shape)
        parts.append(ops.reshape(joined[start : start + size], variable.shape))
        start += size
    return parts


def _centred(values: Any, shares: Any) -> Any:
    return ops.sqrt(shares) * (values - ops.sum(shares * values, axis=0, keepdims=True))
