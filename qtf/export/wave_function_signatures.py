"""The functions of an exported wave function, as plain TensorFlow graphs."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from qtf.export.input_checks import checked_bits
from qtf.export.sampled_module import SEEDS, SampledModule
from qtf.ground_states.local_energy import LocalEnergy
from qtf.physics import PauliSum

BITS = [tf.TensorSpec((None, None), tf.int32, "bits")]
# Configurations evaluated at once for local energies: as fast as more, and bounds the memory.
LARGEST_RUN = 4096
OBSERVABLES = ("local_energy_re", "local_energy_im", "magnetization", "abs_magnetization")


class WaveFunctionModule(SampledModule):
    """Logarithms, samples and observables of a wave function, for `tf.saved_model.save`.

    Args:
        psi: The wave function; has `n_sites`, `n_uniforms`, `sample` and `variables`.
        hamiltonian: Whose local energies are computed.
        max_samples: Largest number of configurations of one request.
    """

    def __init__(self, psi: keras.Model, hamiltonian: PauliSum, *, max_samples: int) -> None:
        super().__init__(psi, name="wave_function", max_samples=max_samples)
        self._local_energy = LocalEnergy(hamiltonian)

    @tf.function(input_signature=BITS, autograph=False)
    def log_psi(self, bits: Any) -> dict[str, Any]:
        """Evaluates log |psi| and the phase of given configurations, each (batch,)."""
        return self._logarithm(checked_bits(bits, self._model.n_sites, self.max_samples))

    @tf.function(input_signature=SEEDS, autograph=False)
    def sample(self, seed: Any) -> dict[str, Any]:
        """Draws one configuration of |psi|^2 for each seed, with log |psi| and phase."""
        bits = self._sampled(self._checked(seed))
        return {"bits": bits, **self._logarithm(bits)}

    @tf.function(input_signature=SEEDS, autograph=False)
    def observables(self, seed: Any) -> dict[str, Any]:
        """Measures the configurations that `sample` draws, each value (batch,).

        Real and imaginary part of the local energy; mean of Z over sites and its modulus.
        The mean over the batch is the estimate, the standard error of the mean its error.
        """
        evaluations = (self._local_energy.n_flips + 1) * getattr(self._model, "n_symmetries", 1)
        largest = max(1, LARGEST_RUN // evaluations)
        return _in_runs(self._measured, self._checked(seed), largest)

    def _measured(self, seed: Any) -> dict[str, Any]:
        bits = self._sampled(seed)
        real, imaginary = self._local_energy(self._model, bits)
        mean_z = 1.0 - 2.0 * tf.reduce_mean(tf.cast(bits, tf.float32), axis=1)
        values = (real, imaginary, mean_z, tf.abs(mean_z))
        return {
            name: tf.cast(value, tf.float32)
            for name, value in zip(OBSERVABLES, values, strict=True)
        }

    def _logarithm(self, bits: Any) -> dict[str, Any]:
        log_modulus, phase = self._model(bits)
        return {
            "log_modulus": tf.cast(log_modulus, tf.float32),
            "phase": tf.cast(phase, tf.float32),
        }


def _in_runs(function: Callable[[Any], dict[str, Any]], rows: Any, largest: int) -> dict[str, Any]:
    """Applies a function of rows to at most `largest` of them at a time."""
    n_rows = tf.shape(rows)[0]
    # At least one, so that the check of an empty request is what fails.
    n_runs = tf.maximum(1, -(-n_rows // largest))
    size = -(-n_rows // n_runs)
    # The last run is filled up with copies of the last row.
    filled = tf.gather(rows, tf.minimum(tf.range(n_runs * size), n_rows - 1))
    values = tf.map_fn(
        function,
        tf.reshape(filled, (n_runs, size)),
        parallel_iterations=1,
        fn_output_signature=dict.fromkeys(OBSERVABLES, tf.TensorSpec((None,), tf.float32)),
    )
    return {name: tf.reshape(value, (-1,))[:n_rows] for name, value in values.items()}
