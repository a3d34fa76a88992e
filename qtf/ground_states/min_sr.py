"""Stochastic reconfiguration solved in the space of the samples."""

from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.training.natural_gradient import NaturalGradient
from qtf.training.piecewise import gradient_rows_at_once
from qtf.typing import Tensor


class MinSR(NaturalGradient):
    """Direction of a step of imaginary time, as well as the weights can follow it.

        d = X^T (X X^T + diag_shift)^(-1) (e - momentum X d') + momentum d'
        X = sqrt(w) (Re O; Im O),   e = sqrt(w) (Re E; Im E)

    O are the derivatives of log psi of each sample and E the local energies, both without
    their means, and w the share of each in a mean; d' is the direction of the step before.
    Without momentum this is the step of stochastic reconfiguration, (X^T X + diag_shift) d =
    X^T e, at the cost of a matrix as large as the samples instead of the weights.

    Args:
        psi: The wave function.
        diag_shift: Added to the diagonal.
        momentum: At least 0 and below 1; averages the noise of the samples.
        xla: Whether XLA compiles the derivatives of networks without loops.

    Attributes:
        state: Variables that a training which goes on needs.

    Raises:
        ValueError: A number is out of range.

    Source: Rende et al., Commun. Phys. 7, 260 (2024); Chen and Heyl, Nat. Phys. 20, 1476
    (2024); momentum of Goldshlager et al., J. Comput. Phys. 516, 113351 (2024).
    """

    def __init__(
        self,
        psi: SampledWaveFunction,
        diag_shift: float,
        *,
        momentum: float = 0.0,
        xla: bool = True,
    ) -> None:
        super().__init__(psi, diag_shift, momentum=momentum, xla=xla)
        self.psi = psi

    def direction(
        self, bits: Tensor, real: Tensor, imaginary: Tensor, shares: Tensor
    ) -> list[Tensor]:
        """Returns d, in the shapes of the trainable variables, and keeps it as d'.

        Only inside a `tf.function`.

        Args:
            bits: Samples, int32 (n_samples, n_sites).
            real: Real parts of their local energies, (n_samples,).
            imaginary: Imaginary parts.
            shares: Of each in a mean, (n_samples,): 1 / n_samples, or |psi|^2 for all
                configurations.
        """
        psi = self.psi
        n_parts = 1 if psi.positive else 2
        return self.follow(
            lambda bits: psi(bits)[:n_parts],
            bits,
            (real, imaginary)[:n_parts],
            shares,
            has_loops=psi.recurrent,
            at_once=gradient_rows_at_once(psi),
        )
