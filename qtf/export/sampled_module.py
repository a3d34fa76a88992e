"""What exported models have in common that are sampled exactly."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from qtf.export.input_checks import checked_seeds
from qtf.export.plain_slices import plain_slice_updates
from qtf.export.seeded_uniforms import seeded_uniforms
from qtf.pieces import rows_at_once

SEEDS = [tf.TensorSpec((None,), tf.int64, "seed")]
# Evaluations at once: as fast as more, and bounds the memory of a server, which is not the
# machine that writes the graph.
LARGEST_RUN = 4096


class SampledModule(tf.Module):
    """A model with one sample for each seed, for `tf.saved_model.save`.

    Every row of an answer depends on its own row of the request only, so that servers can join
    requests. A sample is a function of its seed: to rounding, as probabilities of batches of other
    sizes differ in the last digit.

    Args:
        model: Has `n_sites`, `n_uniforms`, `sample` and `variables`.
        name: Kind of the model.
        max_samples: Largest number of configurations of one request.
    """

    def __init__(self, model: keras.Model, *, name: str, max_samples: int) -> None:
        super().__init__(name=name)
        self.max_samples = max_samples
        self._model = model
        self._dtype = model.variables[0].dtype
        # Tracked as a list: a Keras model would bring its own serving functions along.
        self.weights = [variable.value for variable in model.variables]

    def _check_seeds(self, seed: tf.Tensor) -> tf.Tensor:
        return checked_seeds(seed, self.max_samples)

    def _draw(self, seed: tf.Tensor) -> tf.Tensor:
        """Returns the sample of each seed, int32 (batch, n_sites)."""
        uniforms = seeded_uniforms(seed, self._model.n_uniforms, self._dtype)
        with plain_slice_updates():
            drawn = self._model.sample(uniforms)
        return tf.ensure_shape(drawn, (None, self._model.n_sites))

    def _in_runs(
        self,
        function: Callable[[tf.Tensor], dict[str, tf.Tensor]],
        rows: tf.Tensor,
        n_evaluations: int,
        names: Sequence[str],
    ) -> dict[str, tf.Tensor]:
        """Applies a function of rows with so many evaluations of each, in runs if they are many."""
        if self.max_samples * n_evaluations <= LARGEST_RUN:
            return function(rows)
        return in_runs(function, rows, rows_at_once(n_evaluations, LARGEST_RUN), names)


def in_runs(
    function: Callable[[tf.Tensor], dict[str, tf.Tensor]],
    rows: tf.Tensor,
    largest: int,
    names: Sequence[str],
) -> dict[str, tf.Tensor]:
    """Applies a function of rows to at most `largest` of them at a time.

    Args:
        function: Returns float32 (size,) by name.
        rows: (n, ...), n unknown when the graph is made.
        largest: Rows of a run, at most.
        names: Of the results.
    """
    n_rows = tf.shape(rows)[0]
    # At least one, so that the check of an empty request is what fails.
    n_runs = tf.maximum(1, -(-n_rows // largest))
    size = -(-n_rows // n_runs)
    # The last run is filled up with copies of the last row.
    numbers = tf.minimum(tf.range(n_runs * size), n_rows - 1)
    values = tf.map_fn(
        lambda run: function(tf.gather(rows, run)),
        tf.reshape(numbers, (n_runs, size)),
        parallel_iterations=1,
        fn_output_signature=dict.fromkeys(names, tf.TensorSpec((None,), tf.float32)),
    )
    return {name: tf.reshape(value, (-1,))[:n_rows] for name, value in values.items()}
