"""How a step lowers the energy: along its gradient, or by stochastic reconfiguration."""

import math
from collections.abc import Mapping

from keras import ops

from qtf.ground_states.energy_gradient import gradient_surrogate, gradients_in_pieces
from qtf.ground_states.local_energy import log_psi_in_pieces
from qtf.ground_states.penalties import Penalties
from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.ground_states.states_below import StatesBelow
from qtf.ground_states.task.samples import Configurations, LocalEnergies
from qtf.training.compilation import compiled
from qtf.training.gradients import bytes_of_equations
from qtf.training.natural_gradient import NaturalGradient
from qtf.training.piecewise import BYTES_OF_GRADIENT, gradient_rows_at_once
from qtf.training.replicas import add_up, count_replicas
from qtf.training.surrogates import with_gradient_of, with_gradients
from qtf.training.training import Step
from qtf.typing import Tensor

# By which one step may at most divide psi anywhere.
SMALLEST_FACTOR = 0.05


class EnergyGradient(Step):
    """Steps along the gradient of the energy, 2 Re < (E_loc - <E_loc>)^* d log psi >.

    Args:
        psi: The wave function.
        configurations: What means are taken over.
        penalties: What is lowered beside the energy.
        below: States that psi is kept orthogonal to; None: none.
        xla: Whether XLA compiles what is compiled by itself: nothing here.
    """

    remedy = "a smaller `training.optimizer.learning_rate`, or a `clip_norm` beside it"

    def __init__(
        self,
        psi: SampledWaveFunction,
        configurations: Configurations,
        penalties: Penalties,
        *,
        below: StatesBelow | None = None,
        xla: bool = True,
    ) -> None:
        self.psi = psi
        self.configurations = configurations
        self.penalties = penalties
        self.below = below

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Returns the mean local energy; its gradient is that of the energy and the penalties."""
        psi = self.psi
        bits, real, imaginary, shares = map(
            ops.stop_gradient, self.configurations.evaluate(batch["uniforms"])
        )
        energies, energy = LocalEnergies(bits, real, imaginary, shares), ops.sum(shares * real)
        at_once = gradient_rows_at_once(psi)
        if bits.shape[0] > at_once:
            log_psi = log_psi_in_pieces(psi, bits)
            wanted = self._targets(energies, log_psi, batch["step"])
            gradients = gradients_in_pieces(psi, bits, *wanted, shares, at_once)
            return with_gradients(energy, gradients, psi.trainable_variables)
        log_psi = psi(bits)
        wanted = self._targets(energies, log_psi, batch["step"])
        return with_gradient_of(energy, gradient_surrogate(*log_psi, *wanted, shares))

    def _targets(
        self, energies: LocalEnergies, log_psi: tuple[Tensor, Tensor], step: Tensor
    ) -> tuple[Tensor, Tensor]:
        independent = self.configurations.has_errors
        return add_penalties(
            energies,
            (ops.stop_gradient(log_psi[0]), ops.stop_gradient(log_psi[1])),
            self.penalties,
            self.below,
            step,
            independent=independent,
        )

    def bytes(self) -> int:
        """Returns the memory of the gradient of one configuration, roughly."""
        return BYTES_OF_GRADIENT * self.psi.evaluation_bytes


class Reconfiguration(Step):
    """Stochastic reconfiguration: steps of imaginary time, as well as the weights can follow it.

        d = X^T (X X^T + diag_shift)^(-1) (e - momentum X d') + momentum d'
        X = sqrt(w) (Re O; Im O),   e = sqrt(w) (Re E; Im E)

    O are the derivatives of log psi of each configuration and E the local energies, both without
    their means, and w the share of each in a mean; d' is the direction of the step before.
    Without momentum this is (X^T X + diag_shift) d = X^T e, at the cost of a matrix as large as
    the samples instead of the weights. Several replicas have samples and derivatives of their own,
    and means over those of all.

    Args:
        psi: The wave function.
        configurations: What means are taken over.
        penalties: What is lowered beside the energy.
        diag_shift: Added to the diagonal.
        relative_shift: Of the mean diagonal element of X X^T, added too.
        momentum: At least 0 and below 1; averages the noise of the samples.
        second_moment: How long the jumps of the direction are remembered that hold back the
            weights which jump most, see `NaturalGradient`; 0: not at all.
        time_step: Learning rate of the steps, which are then right however long, see
            `follow_whole_step`; None: they are short.
        below: States that psi is kept orthogonal to; None: none.
        xla: Whether XLA compiles samples, local energies and derivatives of networks without loops.

    Raises:
        ValueError: A number is out of range.

    Source: Rende et al., Commun. Phys. 7, 260 (2024); Chen and Heyl, Nat. Phys. 20, 1476
    (2024); momentum of Goldshlager et al., J. Comput. Phys. 516, 113351 (2024).
    """

    compiles_itself = True

    def __init__(
        self,
        psi: SampledWaveFunction,
        configurations: Configurations,
        penalties: Penalties,
        *,
        diag_shift: float,
        relative_shift: float = 0.0,
        momentum: float = 0.0,
        second_moment: float = 0.0,
        time_step: float | None = None,
        below: StatesBelow | None = None,
        xla: bool = True,
    ) -> None:
        self.below = below
        self.time_step = time_step
        self.natural_gradient = NaturalGradient(
            psi,
            diag_shift,
            relative_shift=relative_shift,
            momentum=momentum,
            second_moment=second_moment,
            xla=xla,
        )
        self.psi = psi
        self.configurations = configurations
        self.penalties = penalties
        self.state = self.natural_gradient.state
        self.damping = self.natural_gradient.damping
        self.remedy = (
            f"a larger `min_sr.diag_shift` (here {diag_shift:g}), a smaller"
            " `training.optimizer.learning_rate` or more `sampling.n_samples`"
        )
        self._evaluate = compiled(self._targets, variables=psi.variables, xla=xla)

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Returns the mean local energy; its gradient is d."""
        bits, real, target, imaginary, shares = self._evaluate(batch["uniforms"], batch["step"])
        if self.time_step is not None:
            target, imaginary = follow_whole_step(target, imaginary, shares, self.time_step)
        parts = self.direction(bits, target, imaginary, shares)
        return with_gradients(ops.sum(shares * real), parts, self.psi.trainable_variables)

    def direction(
        self, bits: Tensor, real: Tensor, imaginary: Tensor, shares: Tensor
    ) -> list[Tensor]:
        """Returns d, in the shapes of the trainable variables, and keeps it as d'.

        Only inside a `tf.function`.

        Args:
            bits: Configurations, int32 (n_rows, n_sites).
            real: Real parts of E, (n_rows,).
            imaginary: Imaginary parts.
            shares: w, (n_rows,): 1 / n_rows, or |psi|^2 for all configurations.
        """
        psi = self.psi
        n_parts = 1 if psi.positive else 2
        return self.natural_gradient.follow(
            lambda bits: psi(bits)[:n_parts],
            bits,
            (real, imaginary)[:n_parts],
            shares,
            has_loops=psi.recurrent,
            at_once=gradient_rows_at_once(psi),
            by_hand=psi.derivatives if psi.linearizes else None,
        )

    def accepts(self, loss: float, rate: float) -> bool:
        """Tells whether the last step was short enough; samples do not tell what it has gained."""
        return self.natural_gradient.is_short(rate)

    def bytes(self) -> int:
        """Returns the memory of the equations and of the gradient of one configuration, roughly."""
        psi = self.psi
        n_weights = sum(math.prod(variable.shape) for variable in psi.trainable_variables)
        n_rows = (1 if psi.positive else 2) * self.configurations.n_rows
        of_one_sample = BYTES_OF_GRADIENT * psi.evaluation_bytes
        return of_one_sample + bytes_of_equations(n_rows, n_weights)

    def _targets(self, uniforms: Tensor, step: Tensor) -> tuple[Tensor, ...]:
        energies = self.configurations.evaluate(uniforms)
        wanted = add_penalties(
            energies,
            log_psi_in_pieces(self.psi, energies.bits),
            self.penalties,
            self.below,
            step,
            independent=self.configurations.has_errors,
        )
        return energies.bits, energies.real, *wanted, energies.shares


def add_penalties(
    energies: LocalEnergies,
    log_psi: tuple[Tensor, Tensor],
    penalties: Penalties,
    below: StatesBelow | None,
    step: Tensor,
    *,
    independent: bool,
) -> tuple[Tensor, Tensor]:
    """Returns real and imaginary parts of local energies and of what is lowered beside them.

    Args:
        energies: The local energies.
        log_psi: Real and imaginary part of log psi of the same configurations, not to be
            differentiated.
        penalties: What is lowered beside the energy.
        below: States that psi is kept orthogonal to; None: none.
        step: Number of the step.
        independent: Whether the configurations are independent samples.
    """
    bits, real, imaginary, shares = energies
    real = real + penalties(bits, log_psi[0], step)
    if below is None:
        return real, imaginary
    added = below.local_energies(bits, log_psi, shares, independent=independent)
    return real + added[0], imaginary + added[1]


def follow_whole_step(
    real: Tensor, imaginary: Tensor, shares: Tensor, time_step: float
) -> tuple[Tensor, Tensor]:
    """Returns the change of log psi that a step of imaginary time makes, whatever its size.

        - log(1 - tau (E_loc - <E>)) / tau,   psi -> (1 - tau (H - <E>)) psi

    For a short step that is E_loc - <E>. Where psi nearly vanishes, E_loc may be so large that its
    multiple would turn psi into another number altogether.

    Args:
        real: Real parts of E_loc, (n_rows,).
        imaginary: Imaginary parts.
        shares: Share of each in a mean, of this replica alone.
        time_step: tau.

    Returns:
        Real and imaginary part, (n_rows,) each.
    """
    mean = add_up(ops.sum(ops.cast(shares, real.dtype) * real)) / count_replicas()
    one_less = 1.0 - time_step * (real - mean)
    turned = -time_step * imaginary
    modulus = ops.sqrt(ops.square(one_less) + ops.square(turned))
    # What passes through zero may not leave it at once.
    modulus = ops.maximum(modulus, SMALLEST_FACTOR)
    return -ops.log(modulus) / time_step, -ops.arctan2(turned, one_less) / time_step
