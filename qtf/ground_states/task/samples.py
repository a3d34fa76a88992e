"""Means over samples of a wave function."""

from typing import NamedTuple, Protocol

from keras import ops

from qtf.ground_states.local_energy import LocalEnergy, log_psi_in_pieces
from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.typing import Tensor


class LocalEnergies(NamedTuple):
    """Local energies of some configurations.

    Attributes:
        bits: The configurations, int32 (n_rows, n_sites).
        real: Real parts of their local energies, float64 (n_rows,).
        imaginary: Imaginary parts.
        shares: Share of each in a mean, (n_rows,).
    """

    bits: Tensor
    real: Tensor
    imaginary: Tensor
    shares: Tensor


class Configurations(Protocol):
    """What the means of a step are taken over.

    Attributes:
        n_rows: Number of configurations in the largest step.
        has_errors: Whether they are independent samples, so that means have errors.
    """

    n_rows: int
    has_errors: bool

    def evaluate(self, uniforms: Tensor) -> LocalEnergies:
        """Returns the local energies of a step; random numbers as of `psi.sample`."""

    def draw(self, uniforms: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns samples, and real and imaginary part of their local energies."""

    def log_psi(self, bits: Tensor) -> tuple[Tensor, Tensor]:
        """Returns log |psi| and the phase of any configurations."""


class Samples:
    """Samples of a wave function, drawn anew for each step.

    Args:
        psi: The wave function.
        local_energy: Of its Hamiltonian.
        n_samples: Samples of the largest step of one replica.
    """

    has_errors = True

    def __init__(self, psi: SampledWaveFunction, local_energy: LocalEnergy, n_samples: int) -> None:
        self.psi = psi
        self.local_energy = local_energy
        self.n_rows = n_samples

    def evaluate(self, uniforms: Tensor) -> LocalEnergies:
        """Returns the local energies of new samples, which all count alike."""
        bits, real, imaginary = self.draw(uniforms)
        return LocalEnergies(bits, real, imaginary, ops.full_like(real, 1.0 / uniforms.shape[1]))

    def draw(self, uniforms: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns samples, and real and imaginary part of their local energies."""
        bits = self.psi.sample(uniforms)
        return bits, *self.local_energy(self.psi, bits)

    def log_psi(self, bits: Tensor) -> tuple[Tensor, Tensor]:
        """Returns log |psi| and the phase of any configurations."""
        return log_psi_in_pieces(self.psi, bits)
