"""The functions of an exported distribution of outcomes, as plain TensorFlow graphs."""

import keras
import numpy as np
import tensorflow as tf

from qtf.export.input_checks import checked_outcomes
from qtf.export.sampled_module import SEEDS, SampledModule
from qtf.open_systems.settings import DIRECTIONS
from qtf.physics import Lattice, Povm

OUTCOMES = [tf.TensorSpec((None, None), tf.int32, "outcomes")]


class OutcomeModule(SampledModule):
    """Probabilities, samples and observables of an open system, for `tf.saved_model.save`.

    Args:
        distribution: Distribution of the outcomes, one or the mean of several.
        povm: The measurement whose outcomes they are.
        lattice: Lattice whose neighbours are correlated.
        max_samples: Largest number of rows of one request.
    """

    def __init__(
        self, distribution: keras.Model, povm: Povm, lattice: Lattice, *, max_samples: int
    ) -> None:
        super().__init__(distribution, name="outcomes", max_samples=max_samples)
        values = [povm.pauli_values(name.upper()) for name in DIRECTIONS]
        self._values = np.array(values, np.float32)
        self._bonds = np.array(lattice.bonds(), np.int32).reshape(-1, 2)

    @tf.function(input_signature=OUTCOMES, autograph=False)
    def log_prob(self, outcomes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Evaluates log p of given outcomes, (batch,)."""
        return self._logarithm(checked_outcomes(outcomes, self._model.n_sites, self.max_samples))

    @tf.function(input_signature=SEEDS, autograph=False)
    def sample(self, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Draws one row of outcomes of p for each seed, with log p."""
        outcomes = self._draw(self._check_seeds(seed))
        return {"outcomes": outcomes, **self._logarithm(outcomes)}

    @tf.function(input_signature=SEEDS, autograph=False)
    def observables(self, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        """Measures the outcomes that `sample` draws, each value (batch,).

        X, Y and Z averaged over sites and, if there are any, XX, YY and ZZ over bonds. The mean
        over the batch is the estimate, the standard error of the mean its error.
        """
        outcomes = self._draw(self._check_seeds(seed))
        measured = {}
        for name, row in zip(DIRECTIONS, self._values, strict=True):
            # Tr(sigma N^b) of each site's outcome b.
            of_sites = tf.gather(tf.constant(row), outcomes)
            measured[name] = tf.reduce_mean(of_sites, axis=1)
            if len(self._bonds):
                first, second = (tf.gather(of_sites, end, axis=1) for end in self._bonds.T)
                measured[2 * name] = tf.reduce_mean(first * second, axis=1)
        return measured

    def _logarithm(self, outcomes: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._in_runs(
            lambda rows: {"log_prob": tf.cast(self._model(rows), tf.float32)},
            outcomes,
            self._model.n_evaluations,
            ("log_prob",),
        )
