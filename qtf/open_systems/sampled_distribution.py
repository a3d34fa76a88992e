"""What single distributions of outcomes and their means share."""

from typing import Any

import keras

from qtf.autoregressive.inputs import checked_outcomes
from qtf.typing import Tensor

N_OUTCOMES = 4


class SampledDistribution(keras.Model):
    """A normalised distribution of one of four outcomes at every site, sampled exactly.

    Call arguments:
        outcomes: Integers (batch, n_sites), by site, from 0 to 3.

    Returns:
        log p, (batch,).

    Raises:
        ValueError: An outcome is not from 0 to 3.

    Attributes:
        n_sites: Number of sites.
    """

    n_sites: int

    # Keras would hide a mistake that `call` finds in a message of several lines.
    def __call__(self, outcomes: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Checks the outcomes and returns the logarithms of their probabilities."""
        outcomes = checked_outcomes("outcomes", outcomes, N_OUTCOMES, width=self.n_sites)
        return super().__call__(outcomes, *args, **kwargs)

    @property
    def n_uniforms(self) -> int:
        """Random numbers that one sample takes."""
        raise NotImplementedError

    @property
    def evaluation_bytes(self) -> int:
        """Memory that the evaluation of one more row of outcomes takes, roughly."""
        raise NotImplementedError

    @property
    def n_evaluations(self) -> int:
        """Evaluations of a network for one row of outcomes."""
        raise NotImplementedError

    def sample(self, uniforms: Tensor) -> Tensor:
        """Draws independent outcomes.

        Args:
            uniforms: Random numbers in [0, 1), (n_uniforms, batch); the same numbers give the
                same outcomes.

        Returns:
            int32 (batch, n_sites), by site.
        """
        raise NotImplementedError
