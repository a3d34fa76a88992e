"""A wave function whose probabilities an autoregressive network gives exactly."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from qtf.autoregressive.inputs import checked_uniforms
from qtf.autoregressive.network import AutoregressiveNetwork
from qtf.autoregressive.sampling import draw_outcomes
from qtf.autoregressive.weight_gradients import join_weights
from qtf.checks import ARGUMENT
from qtf.ground_states.bits import checked_bits
from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.ground_states.sector import Sector, find_n_down
from qtf.ground_states.settings import check_magnetization
from qtf.training.gradients import gradients_in
from qtf.typing import Index, Tensor

# A cache of the network, log |psi|, the phase and the number of down spins so far.
Prefix = tuple[Any, Tensor, Tensor, Tensor]
# exp() of it is zero in every precision, and no sum of such numbers overflows.
IMPOSSIBLE = -1e4


@keras.saving.register_keras_serializable("qtf")
class WaveFunction(SampledWaveFunction):
    """Normalised wave function of spins, sampled exactly.

        psi(s) = prod_p sqrt(P_p(s_p | s_0 .. s_{p-1})) exp(i theta_p(s_p | s_0 .. s_{p-1}))

    The network's outputs at a position are the logarithms of P_p, up to a constant, for bits 0
    and 1, then, if it has a second head, the two phases, or their sines and then their cosines
    up to a factor, theta_p = atan2(sine, cosine). Otherwise all phases are zero, as is right for
    ground states without a sign problem.

    A position may hold a patch of k sites instead of one, if the network has 2**k outcomes: s_p is
    then the binary number of their bits, the first of them most significant.

    With `zero_magnetization`, P_p is zero for every s_p with which more than n_sites / 2 spins
    would be of one kind, so that the others can always be completed. Likewise for any other
    `magnetization`. With `sign_sites`, psi(s)
    gets the factor (-1)^k, where k is the number of down spins on these sites: for the sites of one
    sublattice, Marshall's sign rule.

    Args:
        network: With d = 2**k outcomes and outputs (d, d) for phases, (d, 2 d) for sines and
            cosines, or (d,) for a positive psi, at each position.
        sites: Sites in the order of the positions, k for each; by default in the order of their
            numbers.
        zero_magnetization: Whether as many spins point up as down.
        magnetization: Number of up spins minus that of down spins, twice S_z, instead of
            `zero_magnetization`; None: any, or zero.
        sign_sites: Sites whose down spins change the sign.
        **kwargs: Of `keras.Model`.

    Call arguments:
        bits: Integers (batch, n_sites), by site; 0 is spin up (Z = +1), 1 is spin down.

    Returns:
        Real and imaginary part of log psi, (batch,) each.

    Raises:
        ValueError: The network has other outputs; `sites` is no permutation; no spins have the
            magnetisation; a site does not exist; a bit is neither 0 nor 1.

    Example:
        >>> import numpy as np
        >>> from qtf.autoregressive import GRUNetwork
        >>> psi = WaveFunction(network=GRUNetwork(n_positions=4, units=8))
        >>> log_modulus, phase = psi(np.zeros((3, 4), "int32"))
        >>> tuple(log_modulus.shape)
        (3,)

    Source: sharir2020, equations 1 to 5; roth2020, section II.
    """

    def __init__(
        self,
        *,
        network: AutoregressiveNetwork,
        sites: Sequence[int] | None = None,
        zero_magnetization: bool = False,
        magnetization: int | None = None,
        sign_sites: Sequence[int] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.network = network
        self.sites_per_position = network.local_dimension.bit_length() - 1
        self.n_sites = self.sites_per_position * network.n_positions
        self.sites = tuple(range(self.n_sites)) if sites is None else tuple(sites)
        self.zero_magnetization = zero_magnetization
        self.magnetization = 0 if zero_magnetization and magnetization is None else magnetization
        self.sign_sites = tuple(sign_sites)
        self._check()
        self.n_down = find_n_down(self.n_sites, self.magnetization)
        positions = sorted(range(self.n_sites), key=self.sites.__getitem__)
        self._positions = tuple(positions)
        # Of each outcome, the number of its down spins.
        self._downs = tuple(outcome.bit_count() for outcome in range(network.local_dimension))
        self.built = True

    def call(self, bits: Tensor) -> tuple[Tensor, Tensor]:
        """Returns log |psi| and the phase of given spins."""
        log_modulus, phase = self.without_sign(bits)
        return log_modulus, phase + self.sign_phase(bits, phase.dtype)

    def without_sign(self, bits: Tensor) -> tuple[Tensor, Tensor]:
        """Returns log |psi| and the phase as if there were no `sign_sites`."""
        outcomes = self._outcomes(bits)
        positions = ops.arange(self.network.n_positions)
        return self._sum(self.network(outcomes), outcomes, 0, positions, axis=1)

    def derivatives(self, bits: Tensor) -> list[Tensor]:
        """Returns the gradients of log |psi| and of the phase of each sample."""
        outcomes = self._outcomes(checked_bits(bits, self.n_sites))
        positions = ops.arange(self.network.n_positions)

        def parts(outputs: Tensor) -> Sequence[Tensor]:
            both = self._sum(outputs, outcomes, 0, positions, axis=1)
            return both[:1] if self.positive else both

        outputs, pull_back = self.network.linearize(outcomes)
        return [join_weights(pull_back(upstream)) for upstream in gradients_in(parts, outputs)]

    @property
    def n_uniforms(self) -> int:
        """Random numbers that one sample takes."""
        return self.network.n_positions

    @property
    def positive(self) -> bool:
        """Whether psi has no phase but that of the sign rule."""
        return len(self.network.heads) == 1

    @property
    def recurrent(self) -> bool:
        """Whether the parallel evaluation has a loop over positions."""
        return self.network.recurrent

    @property
    def linearizes(self) -> bool:
        """Whether `derivatives` are written by hand, as the network's are."""
        return self.network.linearizes

    @property
    def evaluation_bytes(self) -> int:
        """Memory that the evaluation of one more configuration takes, roughly."""
        return self.network.evaluation_bytes

    def prefixes(self, bits: Tensor, starts: Sequence[int]) -> list[Prefix]:
        """Evaluates given spins position by position and keeps what is known at some of them.

        Args:
            bits: int32 (batch, n_sites), by site.
            starts: Positions, ascending.

        Returns:
            For each of them what `evaluate_from` needs: everything before that position.
        """
        outcomes = ops.transpose(self._outcomes(bits))
        batch_size = ops.shape(outcomes)[1]
        nothing = ops.zeros((batch_size,), self.variable_dtype)
        downs = ops.zeros((batch_size,), "int32")
        prefix = (self.network.initial_cache(batch_size), nothing, nothing, downs)
        prefixes, at = [], 0
        for start in starts:
            prefix = self._evaluate(outcomes, at, start, prefix)
            prefixes.append(prefix)
            at = start
        return prefixes

    def evaluate_from(
        self, bits: Tensor, rows: Tensor | None, *, start: int, prefix: Prefix
    ) -> tuple[Tensor, Tensor]:
        """Returns log |psi| and the phase of spins that share what comes before a position.

        Args:
            bits: int32 (batch, n_sites), by site.
            rows: int32 (batch,), the spins of the prefix with which each of them agrees at all
                positions before `start`; None: one after another.
            start: The position.
            prefix: Of `prefixes`.
        """
        bits = checked_bits(bits, self.n_sites)
        if rows is not None:
            prefix = keras.tree.map_structure(lambda x: ops.take(x, rows, axis=0), prefix)
        outcomes = ops.transpose(self._outcomes(bits))
        stop = self.network.n_positions
        _, log_modulus, phase, _ = self._evaluate(outcomes, start, stop, prefix)
        return log_modulus, phase + self.sign_phase(bits, phase.dtype)

    def sample(self, uniforms: Tensor) -> Tensor:
        """Draws independent spins from |psi|^2, see `SampledWaveFunction`."""

        def logits(outputs: Tensor, position: Index, downs: Tensor) -> Tensor:
            all_of_them = outputs[:, : self.network.local_dimension]
            if self.n_down is None:
                return all_of_them
            return self._mask(all_of_them, downs, position, self.n_down)

        uniforms = checked_uniforms(uniforms, self.n_uniforms)
        outcomes = draw_outcomes(self.network, uniforms, logits, numbers=self._downs)
        return ops.take(self._bits(ops.transpose(outcomes)), self._positions, axis=1)

    def sector(self) -> Sector:
        """Returns where psi may be other than zero."""
        return Sector(self.n_sites, magnetization=self.magnetization)

    def sign_rule(self) -> tuple[int, ...]:
        """Returns the sites whose down spins change the sign."""
        return self.sign_sites

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this wave function again."""
        arguments = {
            "network": keras.saving.serialize_keras_object(self.network),
            "sites": self.sites,
            "zero_magnetization": self.zero_magnetization,
            "magnetization": self.magnetization,
            "sign_sites": self.sign_sites,
        }
        return {**super().get_config(), **arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "WaveFunction":
        """Makes the wave function that `get_config` described."""
        network = keras.saving.deserialize_keras_object(config["network"], custom_objects)
        return cls(**{**config, "network": network})

    def _outcomes(self, bits: Tensor) -> Tensor:
        """Returns the outcomes at all positions, (batch, n_positions), of bits by site."""
        bits = ops.take(checked_bits(bits, self.n_sites), self.sites, axis=1)
        width = self.sites_per_position
        if width == 1:
            return bits
        patches = ops.reshape(bits, (-1, self.network.n_positions, width))
        places = [1 << i for i in reversed(range(width))]
        return ops.sum(patches * ops.convert_to_tensor(places, "int32"), axis=2)

    def _bits(self, outcomes: Tensor) -> Tensor:
        """Returns the bits of outcomes, (batch, n_positions), in the order of `sites`."""
        width = self.sites_per_position
        if width == 1:
            return outcomes
        bits = [outcomes // (1 << i) % 2 for i in reversed(range(width))]
        return ops.reshape(ops.stack(bits, axis=2), (-1, self.n_sites))

    def _evaluate(self, outcomes: Tensor, start: int, stop: int, prefix: Prefix) -> Prefix:
        """Evaluates positions start .. stop - 1 of (n_positions, batch) outcomes."""
        if start == stop:
            return prefix
        cache, log_modulus, phase, downs = prefix
        outputs, cache = self.network.evaluate_positions(outcomes, start, stop, cache)
        part, positions = outcomes[start:stop], ops.arange(start, stop)[:, None]
        added = self._sum(outputs, part, downs, positions, axis=0)
        downs = downs + ops.sum(self._count_downs(part), axis=0)
        return cache, log_modulus + added[0], phase + added[1], downs

    def _sum(
        self, outputs: Tensor, outcomes: Tensor, downs: Index, positions: Tensor, *, axis: int
    ) -> tuple[Tensor, Tensor]:
        """Sums log |psi| and phases of the outcomes over the positions, which are along `axis`.

        `downs` were drawn before the first of them.
        """
        logits, phases = self._split(outputs)
        if self.n_down is not None:
            counts = self._count_downs(outcomes)
            before = downs + ops.cumsum(counts, axis=axis) - counts
            logits = self._mask(logits, before, positions, self.n_down)
        chosen = self.network.encode(outcomes)
        log_probs = ops.sum(chosen * ops.log_softmax(logits, axis=-1), axis=(axis, 2))
        return 0.5 * log_probs, ops.sum(chosen * phases, axis=(axis, 2))

    def _split(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Returns logarithms of probabilities and phases, both (..., local_dimension)."""
        if self.positive:
            return outputs, ops.zeros_like(outputs)
        d = self.network.local_dimension
        logits, phases = outputs[..., :d], outputs[..., d:]
        if self.network.heads == (d, 2 * d):
            phases = _angle(phases[..., :d], phases[..., d:])
        return logits, phases

    def _mask(self, logits: Tensor, downs: Tensor, position: Index, n_down: int) -> Tensor:
        """Makes impossible what would add to spins of one kind where there are too many then."""
        width, counts = self.sites_per_position, ops.convert_to_tensor(self._downs, "int32")
        downs_after = downs[..., None] + counts
        ups_after = (width * position - downs + width)[..., None] - counts
        too_many_downs = ops.logical_and(counts > 0, downs_after > n_down)
        too_many_ups = ops.logical_and(counts < width, ups_after > self.n_sites - n_down)
        wrong = ops.logical_or(too_many_downs, too_many_ups)
        return ops.where(wrong, ops.cast(IMPOSSIBLE, logits.dtype), logits)

    def _count_downs(self, outcomes: Tensor) -> Tensor:
        if self.sites_per_position == 1:
            return outcomes
        return ops.take(ops.convert_to_tensor(self._downs, "int32"), outcomes, axis=0)

    def _check(self) -> None:
        network, n_sites = self.network, self.n_sites
        d = network.local_dimension
        if d != 1 << self.sites_per_position or d < 2:
            raise ValueError(
                f"Argument `network` must have 2**k outcomes for patches of k sites, but has {d}."
            )
        if network.heads not in ((d, d), (d, 2 * d), (d,)):
            raise ValueError(
                f"Argument `network` must have outputs {(d, d)}, {(d, 2 * d)} or {(d,)} for its"
                f" {d} outcomes, but has {network.heads}."
            )
        if sorted(self.sites) != list(range(n_sites)):
            raise ValueError(
                f"Argument `sites` must hold each of 0 .. {n_sites - 1} once, but is {self.sites}."
            )
        if self.zero_magnetization and n_sites % 2 and self.magnetization == 0:
            raise ValueError(
                "Argument `zero_magnetization` needs an even number of sites, but there are"
                f" {n_sites}."
            )
        if self.magnetization is not None:
            check_magnetization("magnetization", self.magnetization, n_sites, kind=ARGUMENT)
        if not set(self.sign_sites) <= set(range(n_sites)):
            raise ValueError(
                f"Argument `sign_sites` must hold sites below {n_sites}, but is {self.sign_sites}."
            )


def _angle(sine: Tensor, cosine: Tensor) -> Tensor:
    """Returns atan2; both are zero in some untrained networks, where it has no gradient."""
    neither = ops.logical_and(sine == 0.0, cosine == 0.0)
    return ops.arctan2(sine, ops.where(neither, ops.ones_like(cosine), cosine))
