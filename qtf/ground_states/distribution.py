"""The probabilities of a wave function for TensorFlow Probability."""

from typing import Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from qtf.ground_states.bits import checked_spins
from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.pieces import rows_at_once, rows_of_pieces


class SpinDistribution(tfp.distributions.Distribution):
    """Distribution over spins with P(s) = |psi(s)|^2.

    Events are spins, +1 for up and -1 for down, of shape (n_sites,); there is no batch shape.
    Samples are exact and independent, and a function of the seed if that is a pair of numbers; a
    single number counts from TensorFlow's global seed on. Gradients of `log_prob` in the weights
    of psi are those of 2 log |psi|; samples have none.

    This is the one module here that needs TensorFlow, as backend of Keras too.

    Args:
        psi: The wave function.
        dtype: Of the spins; floating for statistics such as `tfp.stats.covariance`.
        validate_args: Whether `log_prob` checks that spins are +1 or -1.
        name: Name of the distribution.

    Raises:
        ValueError: Keras runs on another backend.

    Example:
        >>> from qtf.autoregressive import GRUNetwork
        >>> from qtf.ground_states.wave_function import WaveFunction
        >>> psi = WaveFunction(network=GRUNetwork(n_positions=4, units=8))
        >>> distribution = SpinDistribution(psi)
        >>> spins = distribution.sample((5, 2), seed=(0, 1))
        >>> spins.shape, distribution.log_prob(spins).shape
        (TensorShape([5, 2, 4]), TensorShape([5, 2]))
    """

    def __init__(
        self,
        psi: SampledWaveFunction,
        *,
        dtype: tf.DType = tf.int32,
        validate_args: bool = False,
        name: str = "SpinDistribution",
    ) -> None:
        parameters = dict(locals())
        if keras.backend.backend() != "tensorflow":
            raise ValueError(
                f'The Keras backend must be "tensorflow", but is "{keras.backend.backend()}".'
            )
        self._psi = psi
        super().__init__(
            dtype=tf.as_dtype(dtype),
            reparameterization_type=tfp.distributions.NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=True,
            parameters=parameters,
            name=name,
        )

    @property
    def psi(self) -> SampledWaveFunction:
        """The wave function."""
        return self._psi

    @classmethod
    def _parameter_properties(
        cls, dtype: tf.DType, num_classes: int | None = None
    ) -> dict[str, Any]:
        # No parameter is a tensor: the weights belong to the wave function.
        return {}

    def _batch_shape(self) -> tf.TensorShape:
        return tf.TensorShape([])

    def _batch_shape_tensor(self) -> Any:
        return tf.constant([], tf.int32)

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([self._psi.n_sites])

    def _event_shape_tensor(self) -> Any:
        return tf.constant([self._psi.n_sites], tf.int32)

    def _sample_n(self, n: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        dtype = self._psi.variables[0].dtype
        seed = tfp.random.sanitize_seed(seed, salt="SpinDistribution")
        uniforms = tf.random.stateless_uniform((self._psi.n_uniforms, n), seed, dtype=dtype)
        return 1 - 2 * tf.cast(self._psi.sample(uniforms), self.dtype)

    def _log_prob(self, spins: tf.Tensor) -> tf.Tensor:
        shape = tf.shape(spins)
        rows = checked_spins(tf.reshape(spins, (-1, self._psi.n_sites)), self._psi.n_sites)
        return 2.0 * tf.reshape(self._log_modulus((1 - rows) // 2), shape[:-1])

    def _log_modulus(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns log |psi| of (batch, n_sites) bits, in pieces if they are many."""
        largest = rows_at_once(self._psi.evaluation_bytes)
        if rows.shape[0] is None or rows.shape[0] <= largest:
            return self._psi(rows)[0]
        # Unlike other loops over pieces it can be differentiated.
        parts = tf.map_fn(
            lambda part: self._psi(tf.gather(rows, part))[0],
            tf.constant(rows_of_pieces(rows.shape[0], largest)),
            parallel_iterations=1,
            fn_output_signature=self._psi.variables[0].dtype,
        )
        return tf.reshape(parts, (-1,))[: rows.shape[0]]

    def _default_event_space_bijector(self) -> None:
        """Returns nothing: spins are discrete."""

    def _sample_control_dependencies(self, spins: tf.Tensor) -> list[tf.Operation]:
        if not self.validate_args:
            return []
        unit = tf.ones([], spins.dtype)
        return [tf.debugging.assert_equal(tf.abs(spins), unit, message="Spins must be +1 or -1.")]
