"""The mean of several distributions of outcomes, such as those of runs with different seeds."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from qtf.autoregressive.inputs import checked_uniforms
from qtf.open_systems.sampled_distribution import SampledDistribution
from qtf.typing import Tensor


@keras.saving.register_keras_serializable("qtf")
class AveragedDistribution(SampledDistribution):
    """Mean of normalised distributions: normalised too, and sampled exactly.

        p(a) = (1/N) sum_m p_m(a)

    Observables are linear in p, so theirs are the means of the members' ones.

    Args:
        distributions: The p_m, each an `OutcomeDistribution` or another mean, of as many sites.
        **kwargs: Of `keras.Model`.

    Call arguments:
        outcomes: Integers (batch, n_sites), by site, from 0 to 3.

    Returns:
        log p, (batch,).

    Raises:
        ValueError: There are no distributions, they have different numbers of sites, or an
            outcome is not from 0 to 3.

    Example:
        >>> import numpy as np
        >>> from qtf.autoregressive import GRUNetwork
        >>> from qtf.open_systems.outcome_distribution import OutcomeDistribution
        >>> networks = [
        ...     GRUNetwork(n_positions=3, units=4, local_dimension=4, heads=(4,)) for _ in range(2)
        ... ]
        >>> mean = AveragedDistribution(
        ...     distributions=[OutcomeDistribution(network=network) for network in networks]
        ... )
        >>> tuple(mean(np.zeros((5, 3), "int32")).shape)
        (5,)
        >>> tuple(mean.sample(np.full((mean.n_uniforms, 7), 0.5)).shape)
        (7, 3)
    """

    def __init__(self, *, distributions: Sequence[SampledDistribution], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.distributions = list(distributions)
        sizes = sorted({distribution.n_sites for distribution in self.distributions})
        if len(sizes) != 1:
            raise ValueError(
                "Argument `distributions` must hold at least one, all of as many sites, but has"
                f" {sizes or 'none'}."
            )
        (self.n_sites,) = sizes
        self.built = True

    @property
    def n_distributions(self) -> int:
        """Number of members."""
        return len(self.distributions)

    @property
    def n_evaluations(self) -> int:
        """Evaluations of a network for one row of outcomes: those of all members."""
        return sum(distribution.n_evaluations for distribution in self.distributions)

    @property
    def n_uniforms(self) -> int:
        """Random numbers that one sample takes."""
        return 1 + max(distribution.n_uniforms for distribution in self.distributions)

    @property
    def evaluation_bytes(self) -> int:
        """Memory that the evaluation of one more row of outcomes takes, roughly.

        Compiled graphs may evaluate the members beside one another.
        """
        return sum(distribution.evaluation_bytes for distribution in self.distributions)

    def call(self, outcomes: Tensor) -> Tensor:
        """Returns the logarithms of the probabilities of given outcomes."""
        logs = ops.stack([distribution(outcomes) for distribution in self.distributions])
        return ops.logsumexp(logs, axis=0) - math.log(self.n_distributions)

    def sample(self, uniforms: Tensor) -> Tensor:
        """Draws outcomes at the cost of a sample of every member; the last row chooses members."""
        uniforms = checked_uniforms(uniforms, self.n_uniforms)
        drawn = ops.stack(
            [member.sample(uniforms[: member.n_uniforms]) for member in self.distributions]
        )
        chosen = ops.cast(self.n_distributions * uniforms[self.n_uniforms - 1], "int32")
        # Rounding may make a number 1.
        chosen = ops.minimum(chosen, self.n_distributions - 1)
        return ops.take_along_axis(drawn, chosen[None, :, None], axis=0)[0]

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this distribution again."""
        members = [keras.saving.serialize_keras_object(member) for member in self.distributions]
        return {**super().get_config(), "distributions": members}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Any = None
    ) -> "AveragedDistribution":
        """Makes the distribution that `get_config` described."""
        members = [
            keras.saving.deserialize_keras_object(member, custom_objects)
            for member in config["distributions"]
        ]
        return cls(**{**config, "distributions": members})
