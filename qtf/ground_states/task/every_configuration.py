"""Means over all configurations of a small system."""

from keras import ops

from qtf.ground_states.every_configuration import EveryConfiguration
from qtf.ground_states.local_energy import LocalEnergy, LogPsi, log_psi_in_pieces
from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.ground_states.task.samples import LocalEnergies, Samples
from qtf.typing import Tensor


class AllConfigurations:
    """All configurations instead of samples, so that steps have no statistical error.

    One evaluation of those that `EveryConfiguration` lists gives psi of all others. Validations
    draw samples nevertheless.

    Args:
        psi: The wave function.
        local_energy: Of its Hamiltonian.
        n_samples: Samples that a validation draws at once.

    Raises:
        ValueError: There are too many sites.
    """

    has_errors = False

    def __init__(self, psi: SampledWaveFunction, local_energy: LocalEnergy, n_samples: int) -> None:
        self.psi = psi
        self.every = EveryConfiguration(psi)
        self.n_rows = len(self.every.bits)
        # Values are looked up: neither pieces nor prefixes save anything.
        self._local_energy = LocalEnergy(local_energy.hamiltonian)
        self._samples = Samples(psi, local_energy, n_samples)
        # Flips and images of samples meet the same few configurations over and over.
        self._draws_look_up = self.n_rows < n_samples * (1 + local_energy.n_flips)

    def evaluate(self, uniforms: Tensor) -> LocalEnergies:
        """Returns the local energies of all configurations, which count as |psi|^2."""
        look_up, log_modulus = self._look_up()
        bits = ops.convert_to_tensor(self.every.bits)
        real, imaginary = self._local_energy(look_up, bits)
        shares = ops.cast(self.every.shares(log_modulus), real.dtype)
        return LocalEnergies(bits, real, imaginary, shares)

    def draw(self, uniforms: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns samples, and real and imaginary part of their local energies."""
        if not self._draws_look_up:
            return self._samples.draw(uniforms)
        bits = self.psi.sample(uniforms)
        return bits, *self._local_energy(self._look_up()[0], bits)

    def log_psi(self, bits: Tensor) -> tuple[Tensor, Tensor]:
        """Returns log |psi| and the phase of any configurations."""
        return self._look_up()[0](bits)

    def _look_up(self) -> tuple[LogPsi, Tensor]:
        """Returns psi of any spins, and log |psi| of those listed, from one evaluation of these."""
        log_modulus, phase = log_psi_in_pieces(self.psi, ops.convert_to_tensor(self.every.bits))
        return self.every.look_up(self.psi, log_modulus, phase), log_modulus
