"""Means over samples that a random move may have taken to where psi nearly vanishes."""

from keras import ops

from qtf.checks import FRACTION, check_arguments
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.ground_states.task.samples import LocalEnergies, Samples
from qtf.typing import Tensor


class BlurredSamples(Samples):
    """Samples of which some are moved by one flip of the Hamiltonian, and weighted for that.

        q(s) = (1 - blur) |psi(s)|^2 + blur sum_s' T(s' -> s) |psi(s')|^2
        w(s) = |psi(s)|^2 / q(s) = 1 / (1 + blur excess(s)),   at most 1 / (1 - blur)

    T takes one of the flips, all alike, and nothing where its matrix element is zero; as it is
    symmetric, q needs psi only where the local energy of s needs it. Means of samples of q with
    weights w are those of |psi|^2. Configurations next to samples are met however small psi is
    there, and as w |E_loc|^2 stays bounded, so does the variance of means. Signs that samples do
    not show enter the equations of a step, with a small weight.

    What is drawn for validations is not moved.

    Args:
        psi: The wave function.
        local_energy: Of its Hamiltonian.
        n_samples: Samples of a step of one replica.
        blur: Probability of a flip, at least 0 and below 1.

    Raises:
        ValueError: `blur` is out of range.

    Source: Wan et al., arXiv:2603.18148 (2026).
    """

    def __init__(
        self, psi: SampledWaveFunction, local_energy: LocalEnergy, n_samples: int, *, blur: float
    ) -> None:
        check_arguments(FRACTION, blur=blur)
        super().__init__(psi, local_energy, n_samples)
        self.blur = blur

    def evaluate(self, uniforms: Tensor) -> LocalEnergies:
        """Returns the local energies of new samples with their shares.

        Args:
            uniforms: Random numbers of `psi.sample`, then one row that chooses the flips.
        """
        n_uniforms = self.psi.n_uniforms
        bits = self.move(self.psi.sample(uniforms[:n_uniforms]), uniforms[n_uniforms])
        real, imaginary, excess = self.local_energy.with_excess(self.psi, bits)
        weights = 1.0 / (1.0 + self.blur * excess)
        return LocalEnergies(bits, real, imaginary, weights / ops.sum(weights))

    def draw(self, uniforms: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns samples that are not moved, and both parts of their local energies."""
        return super().draw(uniforms[: self.psi.n_uniforms])

    def move(self, bits: Tensor, uniforms: Tensor) -> Tensor:
        """Returns configurations of which each has been flipped with the probability `blur`.

        Args:
            bits: int32 (batch, n_sites).
            uniforms: Random numbers in [0, 1), (batch,); those below `blur` flip, and say what.
        """
        n_flips = self.local_energy.n_flips
        if self.blur == 0.0 or n_flips == 0:
            return bits
        scaled = ops.cast(uniforms, "float64") * (n_flips / self.blur)
        number = ops.cast(ops.minimum(scaled, n_flips - 1.0), "int32")
        moved = self.local_energy.flip(bits, number)
        return ops.where((scaled < n_flips)[:, None], moved, bits)
