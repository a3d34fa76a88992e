"""Probabilities of measurement outcomes that an autoregressive network gives exactly."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from qtf.autoregressive.inputs import checked_uniforms
from qtf.autoregressive.network import AutoregressiveNetwork
from qtf.autoregressive.sampling import Logits, draw_outcomes
from qtf.autoregressive.weight_gradients import join_weights
from qtf.open_systems.sampled_distribution import N_OUTCOMES, SampledDistribution
from qtf.training.gradients import gradients_in
from qtf.typing import Array, Index, Tensor

# What an impossible outcome gets instead of zero, so that training can change it.
FLOOR = 1e-9


@keras.saving.register_keras_serializable("qtf")
class OutcomeDistribution(SampledDistribution):
    """Normalised distribution of one of four outcomes at every site, sampled exactly.

        p(a) = (1/K) sum_k prod_p P_p(a[s_k(p)] | a[s_k(0)], .., a[s_k(p - 1)])

    s_k(p) is the site at position p of the k-th string, an order of the sites; all strings
    share one network. Several of them that a symmetry of the lattice relates restore part of
    that symmetry.

    Args:
        network: With four outcomes and outputs (4,), the logarithms of the conditional
            probabilities up to a constant.
        strings: Orders of the sites, (K, n_sites); by default the one of their numbers.
        offsets: What is added to the outputs of the network at each site, (n_sites, 4), so that
            products whose sites differ are exact; by default nothing.
        **kwargs: Of `keras.Model`.

    Call arguments:
        outcomes: Integers (batch, n_sites), by site, from 0 to 3.

    Returns:
        log p, (batch,).

    Raises:
        ValueError: The network has other outputs, a string is no permutation of the sites, the
            offsets are not finite (n_sites, 4), or an outcome is not from 0 to 3.

    Example:
        >>> import numpy as np
        >>> from qtf.autoregressive import Transformer
        >>> network = Transformer(n_positions=3, units=8, local_dimension=4, heads=(4,))
        >>> distribution = OutcomeDistribution(network=network, strings=((0, 1, 2), (2, 1, 0)))
        >>> tuple(distribution(np.zeros((5, 3), "int32")).shape)
        (5,)
        >>> tuple(distribution.sample(np.full((distribution.n_uniforms, 7), 0.5)).shape)
        (7, 3)

    Source: Luo et al., Phys. Rev. Lett. 128, 090501 (2022), "Autoregressive models and string
    states".
    """

    def __init__(
        self,
        *,
        network: AutoregressiveNetwork,
        strings: Sequence[Sequence[int]] | None = None,
        offsets: npt.ArrayLike | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.network = network
        self.n_sites = network.n_positions
        given = (range(self.n_sites),) if strings is None else strings
        self.strings = tuple(tuple(int(site) for site in string) for string in given)
        self.offsets = None if offsets is None else np.array(offsets, np.float64).tolist()
        self._check()
        # positions[k][s]: where site s stands in string k.
        self.positions = tuple(tuple(np.argsort(string).tolist()) for string in self.strings)
        self.built = True

    @property
    def n_strings(self) -> int:
        """Number of orders of the sites."""
        return len(self.strings)

    @property
    def n_evaluations(self) -> int:
        """Evaluations of the network for one row of outcomes: one for each string."""
        return self.n_strings

    @property
    def n_uniforms(self) -> int:
        """Random numbers that one sample takes."""
        return self.n_sites + (self.n_strings > 1)

    @property
    def evaluation_bytes(self) -> int:
        """Memory that the evaluation of one more row of outcomes takes, roughly: of all strings."""
        return self.n_strings * self.network.evaluation_bytes

    def call(self, outcomes: Tensor) -> Tensor:
        """Returns the logarithms of the probabilities of given outcomes."""
        ordered = self._ordered(outcomes)
        return self._log_probs(self.network(ordered), ordered)

    def derivatives(self, outcomes: Tensor) -> list[Tensor]:
        """Returns those of log p of each row in the weights, one tensor (batch, n_weights).

        Only with a network that `linearizes`.
        """
        ordered = self._ordered(outcomes)
        outputs, pull_back = self.network.linearize(ordered)
        (upstream,) = gradients_in(lambda outputs: [self._log_probs(outputs, ordered)], outputs)
        return [join_weights(pull_back(upstream, self.n_strings))]

    def mix(self, log_probs: Tensor) -> Tensor:
        """Returns the logarithm of the mean over strings, which are along the first axis."""
        if self.n_strings == 1:
            return log_probs[0]
        return ops.logsumexp(log_probs, axis=0) - math.log(self.n_strings)

    def sample(self, uniforms: Tensor) -> Tensor:
        """Draws independent outcomes; the last row of numbers chooses the strings."""
        return self._by_site(*self._draw(uniforms))

    def sample_with_probabilities(self, uniforms: Tensor) -> tuple[Tensor, Tensor]:
        """Draws outcomes, and tells how probable the four outcomes of each site were.

        The mean of these probabilities over samples is that of the outcomes, with a smaller error.

        Args:
            uniforms: As of `sample`.

        Returns:
            Outcomes, int32 (batch, n_sites), and the probabilities of the outcomes of each site
            given those before it on the string of the sample, averaged over sites, (batch, 4).
        """
        drawn, string = self._draw(uniforms)
        outputs = self.network(drawn)
        offsets = self.offsets_of_strings()
        if offsets is not None:
            outputs = outputs + ops.take(ops.cast(offsets, outputs.dtype), string, axis=0)
        return self._by_site(drawn, string), ops.mean(ops.softmax(outputs, axis=-1), axis=1)

    def offsets_of_strings(self) -> Array | None:
        """Returns the offsets by position, float64 (n_strings, n_sites, 4), if there are any."""
        return None if self.offsets is None else np.array(self.offsets)[np.array(self.strings)]

    def start_from_product(self, probabilities: npt.ArrayLike, *, floor: float = FLOOR) -> None:
        """Makes the outcomes of all sites independent.

        Only the last weights of the network change: kernels become zero, biases log
        probabilities. Where these are not the same for all sites, they become the offsets.

        Args:
            probabilities: Of the four outcomes, for a state psi of one spin <psi|M_a|psi>, (4,) or
                for each site (n_sites, 4).
            floor: What an impossible outcome gets instead of zero, so that training can
                change it.

        Raises:
            ValueError: There are not four, one is negative, or they do not add up to 1.
        """
        given = np.asarray(probabilities, np.float64)
        shapes = (N_OUTCOMES,), (self.n_sites, N_OUTCOMES)
        sums = given.sum(axis=-1)
        if given.shape not in shapes or given.min() < -1e-9 or np.abs(sums - 1).max() > 1e-6:
            raise ValueError(
                "Argument `probabilities` must hold four, not negative and of sum 1, for all or"
                f" for each of {self.n_sites} sites, but is {given.tolist()}."
            )
        logs = np.log(np.maximum(given, floor))
        self.offsets = logs.tolist() if given.ndim == 2 else None
        biases = np.zeros(N_OUTCOMES) if given.ndim == 2 else logs
        self.network.make_constant(biases.tolist())

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this distribution again."""
        network = keras.saving.serialize_keras_object(self.network)
        config = {**super().get_config(), "network": network, "strings": self.strings}
        return config if self.offsets is None else {**config, "offsets": self.offsets}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Any = None
    ) -> "OutcomeDistribution":
        """Makes the distribution that `get_config` described."""
        network = keras.saving.deserialize_keras_object(config["network"], custom_objects)
        return cls(**{**config, "network": network})

    def _check(self) -> None:
        network = self.network
        if network.local_dimension != N_OUTCOMES or network.heads != (N_OUTCOMES,):
            raise ValueError(
                "Argument `network` must have four outcomes and outputs (4,), but has"
                f" {network.local_dimension} and {network.heads}."
            )
        wrong = [s for s in self.strings if sorted(s) != list(range(self.n_sites))]
        if wrong or not self.strings:
            raise ValueError(
                f"Argument `strings` must hold orders of 0 .. {self.n_sites - 1}, at least one,"
                f" but has {wrong[0] if wrong else 'none'}."
            )
        offsets = np.array([] if self.offsets is None else self.offsets)
        if self.offsets is not None and (
            offsets.shape != (self.n_sites, N_OUTCOMES) or not np.isfinite(offsets).all()
        ):
            raise ValueError(
                f"Argument `offsets` must be finite, of shape {(self.n_sites, N_OUTCOMES)}, but is"
                f" {self.offsets}."
            )

    def _ordered(self, outcomes: Tensor) -> Tensor:
        """Returns the outcomes along each string, (n_strings * batch, n_sites)."""
        return ops.concatenate([ops.take(outcomes, string, axis=1) for string in self.strings])

    def _log_probs(self, outputs: Tensor, ordered: Tensor) -> Tensor:
        log_conditionals = ops.log_softmax(self._shift(outputs), axis=-1)
        of_strings = ops.sum(self.network.encode(ordered) * log_conditionals, axis=(1, 2))
        return self.mix(ops.reshape(of_strings, (self.n_strings, -1)))

    def _shift(self, outputs: Tensor) -> Tensor:
        """Adds the offsets to outputs (n_strings * batch, n_sites, 4), string by string."""
        offsets = self.offsets_of_strings()
        if offsets is None:
            return outputs
        shape = (self.n_strings, -1, self.n_sites, N_OUTCOMES)
        shifted = ops.reshape(outputs, shape) + ops.cast(offsets, outputs.dtype)[:, None]
        return ops.reshape(shifted, (-1, self.n_sites, N_OUTCOMES))

    def _draw(self, uniforms: Tensor) -> tuple[Tensor, Tensor]:
        """Returns outcomes along strings, (batch, n_sites), and the string of each sample."""
        uniforms = checked_uniforms(uniforms, self.n_uniforms)
        string = self._string_of_samples(uniforms)
        drawn = draw_outcomes(self.network, uniforms, self._logits_of(string))
        return ops.transpose(drawn), string

    def _by_site(self, drawn: Tensor, string: Tensor) -> Tensor:
        """Returns what is drawn along strings site by site, (batch, n_sites)."""
        if self.n_strings == 1:
            return ops.take(drawn, self.positions[0], axis=1)
        positions = ops.take(ops.convert_to_tensor(self.positions, "int32"), string, axis=0)
        return ops.take_along_axis(drawn, positions, axis=1)

    def _string_of_samples(self, uniforms: Tensor) -> Tensor:
        """Returns the number of the string of each sample, from the last row of numbers."""
        if self.n_strings == 1:
            return ops.zeros_like(uniforms[0], dtype="int32")
        string = ops.cast(self.n_strings * uniforms[self.n_sites], "int32")
        # Rounding may make a number 1.
        return ops.minimum(string, self.n_strings - 1)

    def _logits_of(self, string: Tensor) -> Logits:
        """Returns the logits of samples along their strings."""
        offsets = self.offsets_of_strings()
        if offsets is None:
            return lambda outputs, position, total: outputs

        def shift(outputs: Tensor, position: Index, total: Tensor) -> Tensor:
            of_strings = ops.take(ops.cast(offsets, outputs.dtype), position, axis=1)
            return outputs + ops.take(of_strings, string, axis=0)

        return shift
