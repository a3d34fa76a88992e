"""How a step lowers the energy: along its gradient, or by stochastic reconfiguration."""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import keras
from keras import ops

from qtf.ground_states.energy_gradient import gradient_surrogate, gradients_in_pieces
from qtf.ground_states.local_energy import log_psi_in_pieces
from qtf.ground_states.min_sr import MinSR
from qtf.ground_states.penalties import Penalties
from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.ground_states.task.samples import Configurations
from qtf.training.compilation import compiled
from qtf.training.damping import Damping
from qtf.training.gradients import bytes_of_equations
from qtf.training.piecewise import BYTES_OF_GRADIENT, gradient_rows_at_once
from qtf.training.surrogates import with_gradient_of, with_gradients
from qtf.typing import Tensor


class Step(Protocol):
    """What a training of a ground state asks of its steps; see `qtf.training.training`."""

    compiles_itself: bool
    state: Sequence[keras.Variable]
    damping: Damping | None
    remedy: str

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Returns the mean local energy; differentiated, the direction of the step."""

    def accepts(self, rate: float) -> bool:
        """Tells whether the step that has just been taken may stand."""

    def bytes(self) -> int:
        """Returns the memory of a step that cannot be done in pieces, roughly."""


class EnergyGradient:
    """Steps along the gradient of the energy, 2 Re < (E_loc - <E_loc>)^* d log psi >.

    Args:
        psi: The wave function.
        configurations: What means are taken over.
        penalties: What is lowered beside the energy.
        xla: Whether XLA compiles what is compiled by itself: nothing here.
    """

    compiles_itself = False
    damping: Damping | None = None
    remedy = "a smaller `training.optimizer.learning_rate`, or a `clip_norm` beside it"

    def __init__(
        self,
        psi: SampledWaveFunction,
        configurations: Configurations,
        penalties: Penalties,
        *,
        xla: bool = True,
    ) -> None:
        self.psi = psi
        self.configurations = configurations
        self.penalties = penalties
        self.state: Sequence[keras.Variable] = ()

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Returns the mean local energy; its gradient is that of the energy and the penalties."""
        psi = self.psi
        bits, real, imaginary, shares = map(
            ops.stop_gradient, self.configurations.evaluate(batch["uniforms"])
        )
        at_once = gradient_rows_at_once(psi)
        if bits.shape[0] > at_once:
            log_modulus = ops.stop_gradient(log_psi_in_pieces(psi, bits)[0])
            target = real + self.penalties(bits, log_modulus, batch["step"])
            gradients = gradients_in_pieces(psi, bits, target, imaginary, shares, at_once)
            return with_gradients(ops.sum(shares * real), gradients, psi.trainable_variables)
        log_modulus, phase = psi(bits)
        target = real + self.penalties(bits, ops.stop_gradient(log_modulus), batch["step"])
        surrogate = gradient_surrogate(log_modulus, phase, target, imaginary, shares)
        return with_gradient_of(ops.sum(shares * real), surrogate)

    def accepts(self, rate: float) -> bool:
        """Lets every step stand."""
        return True

    def bytes(self) -> int:
        """Returns the memory of the gradient of one configuration, roughly."""
        return BYTES_OF_GRADIENT * self.psi.evaluation_bytes


class Reconfiguration:
    """Steps of stochastic reconfiguration, see `MinSR`.

    Args:
        psi: The wave function.
        configurations: What means are taken over.
        penalties: What is lowered beside the energy.
        diag_shift: Added to the diagonal of the equations.
        momentum: At least 0 and below 1; averages the noise of the samples.
        xla: Whether XLA compiles samples, local energies and derivatives.

    Raises:
        ValueError: A number is out of range.
    """

    compiles_itself = True

    def __init__(
        self,
        psi: SampledWaveFunction,
        configurations: Configurations,
        penalties: Penalties,
        *,
        diag_shift: float,
        momentum: float = 0.0,
        xla: bool = True,
    ) -> None:
        self.psi = psi
        self.configurations = configurations
        self.penalties = penalties
        self.min_sr = MinSR(psi, diag_shift, momentum=momentum, xla=xla)
        self.state: Sequence[keras.Variable] = self.min_sr.state
        self.damping: Damping | None = self.min_sr.damping
        self.remedy = (
            f"a larger `min_sr.diag_shift` (here {diag_shift:g}), a smaller"
            " `training.optimizer.learning_rate` or more `sampling.n_samples`"
        )
        self._evaluate = compiled(self._targets, variables=psi.variables, xla=xla)

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Returns the mean local energy; its gradient is the direction that psi can follow."""
        bits, real, target, imaginary, shares = self._evaluate(batch["uniforms"], batch["step"])
        parts = self.min_sr.direction(bits, target, imaginary, shares)
        return with_gradients(ops.sum(shares * real), parts, self.psi.trainable_variables)

    def accepts(self, rate: float) -> bool:
        """Tells whether the last step was short enough; samples do not tell what it has gained."""
        return self.min_sr.is_short(rate)

    def bytes(self) -> int:
        """Returns the memory of the equations and of the gradient of one configuration, roughly."""
        psi = self.psi
        n_weights = sum(math.prod(variable.shape) for variable in psi.trainable_variables)
        n_rows = (1 if psi.positive else 2) * self.configurations.n_rows
        of_one_sample = BYTES_OF_GRADIENT * psi.evaluation_bytes
        return of_one_sample + bytes_of_equations(n_rows, n_weights)

    def _targets(self, uniforms: Tensor, step: Tensor) -> tuple[Tensor, ...]:
        bits, real, imaginary, shares = self.configurations.evaluate(uniforms)
        target = real + self.penalties(bits, log_psi_in_pieces(self.psi, bits)[0], step)
        return bits, real, target, imaginary, shares
