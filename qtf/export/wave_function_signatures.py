"""The functions of an exported wave function, as plain TensorFlow graphs."""

import keras
import tensorflow as tf

from qtf.export.input_checks import checked_bits
from qtf.export.plain_slices import plain_slice_updates
from qtf.export.sampled_module import LARGEST_RUN, SEEDS, SampledModule, in_runs
from qtf.ground_states.local_energy import LocalEnergy
from qtf.physics import PauliSum
from qtf.pieces import rows_at_once

BITS = [tf.TensorSpec((None, None), tf.int32, "bits")]
LOGARITHM = ("log_modulus", "phase")
OBSERVABLES = ("local_energy_re", "local_energy_im", "magnetization", "abs_magnetization")


class WaveFunctionModule(SampledModule):
    """Logarithms, samples and observables of a wave function, for `tf.saved_model.save`.

    Args:
        psi: The wave function; has `n_sites`, `n_uniforms`, `sample` and `variables`.
        hamiltonian: Hamiltonian whose local energies are computed.
        max_samples: Largest number of configurations of one request.
    """

    def __init__(self, psi: keras.Model, hamiltonian: PauliSum, *, max_samples: int) -> None:
        super().__init__(psi, name="wave_function", max_samples=max_samples)
        self._local_energy = LocalEnergy(hamiltonian)
        self._n_images = psi.n_symmetries

    @tf.function(input_signature=BITS, autograph=False)
    def log_psi(self, bits: tf.Tensor) -> dict[str, tf.Tensor]:
        """Evaluates log |psi| and the phase of given configurations, each (batch,)."""
        return self._logarithm(checked_bits(bits, self._model.n_sites, self.max_samples))

    @tf.function(input_signature=SEEDS, autograph=False)
    def sample(self, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Draws one configuration of |psi|^2 for each seed, with log |psi| and phase."""
        bits = self._draw(self._check_seeds(seed))
        return {"bits": bits, **self._logarithm(bits)}

    @tf.function(input_signature=SEEDS, autograph=False)
    def observables(self, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Measures the configurations that `sample` draws, each value (batch,).

        Real and imaginary part of the local energy; mean of Z over sites and its modulus.
        The mean over the batch is the estimate, the standard error of the mean its error.
        """
        evaluations = (self._local_energy.n_flips + 1) * self._n_images
        largest = rows_at_once(evaluations, LARGEST_RUN)
        return in_runs(self._measure, self._check_seeds(seed), largest, OBSERVABLES)

    def _measure(self, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        bits = self._draw(seed)
        with plain_slice_updates():
            real, imaginary = self._local_energy(self._model, bits)
        mean_z = 1.0 - 2.0 * tf.reduce_mean(tf.cast(bits, tf.float32), axis=1)
        values = (real, imaginary, mean_z, tf.abs(mean_z))
        return {
            name: tf.cast(value, tf.float32)
            for name, value in zip(OBSERVABLES, values, strict=True)
        }

    def _logarithm(self, bits: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._in_runs(self._evaluate, bits, self._n_images, LOGARITHM)

    def _evaluate(self, bits: tf.Tensor) -> dict[str, tf.Tensor]:
        log_modulus, phase = self._model(bits)
        return {
            "log_modulus": tf.cast(log_modulus, tf.float32),
            "phase": tf.cast(phase, tf.float32),
        }
