"""What exported models have in common that are sampled exactly."""

from typing import Any

import keras
import tensorflow as tf

from qtf.export.input_checks import checked_seeds
from qtf.export.plain_slices import plain_slice_updates
from qtf.export.seeded_uniforms import seeded_uniforms

SEEDS = [tf.TensorSpec((None,), tf.int64, "seed")]


class SampledModule(tf.Module):
    """A model with one sample for each seed, for `tf.saved_model.save`.

    Every row of an answer depends on its own row of the request only, so that servers can join
    requests. A sample is a function of its seed: to rounding, as probabilities of batches of other
    sizes differ in the last digit.

    Args:
        model: Has `n_sites`, `n_uniforms`, `sample` and `variables`.
        name: What it is.
        max_samples: Largest number of configurations of one request.
    """

    def __init__(self, model: keras.Model, *, name: str, max_samples: int) -> None:
        super().__init__(name=name)
        self.max_samples = max_samples
        self._model = model
        self._dtype = model.variables[0].dtype
        # Tracked as a list: a Keras model would bring its own serving functions along.
        self.weights = [variable.value for variable in model.variables]

    def _checked(self, seed: Any) -> Any:
        return checked_seeds(seed, self.max_samples)

    def _sampled(self, seed: Any) -> Any:
        """Returns the sample of each seed, int32 (batch, n_sites)."""
        uniforms = seeded_uniforms(seed, self._model.n_uniforms, self._dtype)
        with plain_slice_updates():
            drawn = self._model.sample(uniforms)
        return tf.ensure_shape(drawn, (None, self._model.n_sites))
