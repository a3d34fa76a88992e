"""Stochastic reconfiguration solved in the space of the samples."""

from typing import Any

from qtf.training.natural_gradient import NaturalGradient
from qtf.training.piecewise import gradient_rows_at_once


class MinSR(NaturalGradient):
    """Direction of a step of imaginary time, as well as the weights can follow it.

        d = X^T (X X^T + diag_shift)^(-1) (e - momentum X d') + momentum d'
        X = sqrt(w) (Re O; Im O),   e = sqrt(w) (Re E; Im E)

    O are the derivatives of log psi of each sample and E the local energies, both without
    their means, and w the share of each in a mean; d' is the direction of the step before.
    Without momentum this is the step of stochastic reconfiguration, (X^T X + diag_shift) d =
    X^T e, at the cost of a matrix as large as the samples instead of the weights.

    Args:
        diag_shift: Added to the diagonal.
        momentum: At least 0 and below 1; averages the noise of the samples.
        xla: Whether XLA compiles the derivatives of networks without loops.

    Attributes:
        state: Variables that a training which goes on needs, after `build`.

    Raises:
        ValueError: A number is out of range.

    Source: Rende et al., Commun. Phys. 7, 260 (2024); Chen and Heyl, Nat. Phys. 20, 1476
    (2024); momentum of Goldshlager et al., J. Comput. Phys. 516, 113351 (2024).
    """

    def direction(self, psi: Any, bits: Any, real: Any, imaginary: Any, shares: Any) -> list[Any]:
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
        n_parts = 1 if psi.positive else 2
        return self.followed(
            lambda bits: psi(bits)[:n_parts],
            bits,
            (real, imaginary)[:n_parts],
            shares,
            psi.trainable_variables,
            has_loops=psi.recurrent,
            at_once=gradient_rows_at_once(psi),
        )
