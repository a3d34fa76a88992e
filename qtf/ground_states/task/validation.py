"""What samples that belong to no step say of a wave function."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from qtf.ground_states.estimates import EnergyEstimate, energy_estimate
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.symmetries import SymmetricWaveFunction, acceptance
from qtf.ground_states.task.samples import Configurations
from qtf.ground_states.unseen_variance import lowest_configuration, unseen_variance
from qtf.progress import announced
from qtf.streams import Stream
from qtf.training.compilation import compiled
from qtf.typing import Array, RandomSource, Tensor

# Samples from which flips look for what the others cannot see.
N_UNSEEN = 64
# Samples that are exchanged, and random configurations, in search of a lower energy.
N_ELSEWHERE = 1024


@dataclass(frozen=True)
class SampledEnergy:
    """Energy of samples.

    Attributes:
        estimate: Their energy and its variance.
        bits: The samples, int32 (n_samples, n_sites).
        acceptances: How often moves by the symmetries would be accepted from each,
            (n_samples,); None where no symmetries are known.
    """

    estimate: EnergyEstimate
    bits: Array
    acceptances: Array | None


class ValidationSamples:
    """Draws samples from random numbers apart from all of the training, always the same ones.

    Args:
        psi: The wave function.
        configurations: Draws the samples and looks up psi.
        local_energy: Of the Hamiltonian.
        source: Shape and dtype of its random numbers are those of the validation.
        seed: Seed of the samples.
        symmetric: Average of `psi` over symmetries, by which acceptances are measured; or None.
        xla: Whether XLA compiles the measurement.
    """

    def __init__(
        self,
        psi: keras.Model,
        configurations: Configurations,
        local_energy: LocalEnergy,
        source: RandomSource,
        *,
        seed: int,
        symmetric: SymmetricWaveFunction | None,
        xla: bool,
    ) -> None:
        self.local_energy = local_energy
        self.source = source
        self.seed = seed

        def measure(uniforms: Tensor) -> tuple[Tensor, ...]:
            bits, *energies = configurations.draw(uniforms)
            values = (*energies, bits)
            return values if symmetric is None else (*values, acceptance(symmetric, bits))

        self._measure = compiled(measure, variables=psi.variables, xla=xla)
        # Compiling it by XLA would take longer than it saves.
        self._look_up = compiled(configurations.log_psi, variables=psi.variables, xla=False)

    def sample(self, n_samples: int) -> SampledEnergy:
        """Returns the energy of the first samples.

        Args:
            n_samples: Their number.
        """
        with announced(f"measuring {n_samples} samples", n_samples) as activity:
            real, imaginary, bits, *acceptances = self._measured(n_samples, activity.advance)
        estimate = energy_estimate(real, imaginary, self.local_energy.n_sites)
        return SampledEnergy(estimate, bits, acceptances[0] if acceptances else None)

    def unseen_variance(self, bits: Array, energy: float) -> float:
        """Returns what samples cannot show of the variance, see `qtf.ground_states`.

        Args:
            bits: Samples, of which the first few are looked at.
            energy: Their energy.
        """
        with announced("looking where the wave function vanishes"):
            return unseen_variance(
                self.log_psi, self.local_energy, bits[:N_UNSEEN], energy, self._rng_of_unseen()
            ).mean

    def lowest_configuration(self, bits: Array) -> float:
        """Returns the lowest energy of single configurations from elsewhere.

        Args:
            bits: Samples, of which the first ones are exchanged.
        """
        return lowest_configuration(self.local_energy, bits[:N_ELSEWHERE], self._rng_of_unseen())

    def _rng_of_unseen(self) -> np.random.Generator:
        return np.random.default_rng([self.seed, Stream.GROUND_STATE_UNSEEN])

    def log_psi(self, bits: Array) -> tuple[Array, Array]:
        """Returns log |psi| and the phase of any configurations, float64 (batch,) each.

        Args:
            bits: int32 (batch, n_sites).
        """
        log_modulus, phase = self._look_up(ops.convert_to_tensor(bits))
        return np.asarray(log_modulus, np.float64), np.asarray(phase, np.float64)

    def _measured(self, n_samples: int, advance: Callable[[int], None]) -> list[Array]:
        n_uniforms, batch_size = self.source.shape
        collected: list[list[Array]] = []
        rng = np.random.default_rng([self.seed, Stream.GROUND_STATE_VALIDATION])
        dtype = np.dtype(self.source.dtype)
        for start in range(0, n_samples, batch_size):
            size = min(batch_size, n_samples - start)
            uniforms = rng.random((n_uniforms, batch_size)).astype(dtype)
            # Rounding must not make them 1, which would draw what is impossible.
            uniforms = np.minimum(uniforms, np.nextafter(dtype.type(1), dtype.type(0)))
            parts = self._measure(ops.convert_to_tensor(uniforms))
            collected.append([np.asarray(part)[:size] for part in parts])
            advance(size)
        return [np.concatenate(parts) for parts in zip(*collected, strict=True)]
