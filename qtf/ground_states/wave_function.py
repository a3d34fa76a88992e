"""A wave function whose probabilities an autoregressive network gives exactly."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from qtf.autoregressive.inputs import checked_uniforms
from qtf.autoregressive.network import AutoregressiveNetwork
from qtf.autoregressive.sampling import draw_outcomes
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

    With `zero_magnetization`, P_p is zero for a bit of which n_sites / 2 have been drawn; the
    other one is then certain. Likewise for any other `magnetization`. With `sign_sites`, psi(s)
    gets the factor (-1)^k, where k is the number of down spins on these sites: for the sites of one
    sublattice, Marshall's sign rule.

    Args:
        network: With two outcomes and outputs (2, 2) for phases, (2, 4) for sines and cosines,
            or (2,) for a positive psi, at each site.
        sites: Site at each position; by default in the order of their numbers.
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
        self.n_sites = network.n_positions
        self.sites = tuple(range(self.n_sites)) if sites is None else tuple(sites)
        self.zero_magnetization = zero_magnetization
        self.magnetization = 0 if zero_magnetization and magnetization is None else magnetization
        self.sign_sites = tuple(sign_sites)
        self._check()
        self.n_down = find_n_down(self.n_sites, self.magnetization)
        positions = sorted(range(self.n_sites), key=self.sites.__getitem__)
        self._positions = tuple(positions)
        self.built = True

    def call(self, bits: Tensor) -> tuple[Tensor, Tensor]:
        """Returns log |psi| and the phase of given spins."""
        log_modulus, phase = self.without_sign(bits)
        return log_modulus, phase + self.sign_phase(bits, phase.dtype)

    def without_sign(self, bits: Tensor) -> tuple[Tensor, Tensor]:
        """Returns log |psi| and the phase as if there were no `sign_sites`."""
        outcomes = ops.take(checked_bits(bits, self.n_sites), self.sites, axis=1)
        positions = ops.arange(self.n_sites)
        return self._sum(self.network(outcomes), outcomes, 0, positions, axis=1)

    def derivatives(self, bits: Tensor) -> list[Tensor]:
        """Returns the gradients of log |psi| and of the phase of each sample."""
        outcomes = ops.take(checked_bits(bits, self.n_sites), self.sites, axis=1)
        positions = ops.arange(self.n_sites)

        def parts(outputs: Tensor) -> Sequence[Tensor]:
            both = self._sum(outputs, outcomes, 0, positions, axis=1)
            return both[:1] if self.positive else both

        outputs, pull_back = self.network.linearize(outcomes)
        return [_join(pull_back(upstream)) for upstream in gradients_in(parts, outputs)]

    @property
    def n_uniforms(self) -> int:
        """Random numbers that one sample takes."""
        return self.n_sites

    @property
    def positive(self) -> bool:
        """Whether psi has no phase but that of the sign rule."""
        return self.network.heads == (2,)

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
        bits = checked_bits(bits, self.n_sites)
        outcomes = ops.transpose(ops.take(bits, self.sites, axis=1))
        batch_size = ops.shape(bits)[0]
        nothing = ops.zeros((batch_size,), self.variable_dtype)
        downs = ops.zeros((batch_size,), "int32")
        prefix = (self.network.initial_cache(batch_size), nothing, nothing, downs)
        prefixes, at = [], 0
        for start in starts:
            prefix = self._evaluate(outcomes, at, start, prefix)
            prefixes.append(prefix)
            at = start
        return prefixes

    def evaluate_from(self, bits: Tensor, start: int, prefix: Prefix) -> tuple[Tensor, Tensor]:
        """Returns log |psi| and the phase of spins that share what comes before a position.

        Args:
            bits: int32 (n_variants * batch, n_sites), by site; variant by variant. Each
                agrees with the spins of the prefix at all positions before `start`.
            start: The position.
            prefix: Of `prefixes`, for (batch, n_sites) spins.
        """
        bits = checked_bits(bits, self.n_sites)
        n_variants = bits.shape[0] // prefix[1].shape[0]
        prefix = keras.tree.map_structure(lambda x: _repeat(x, n_variants), prefix)
        outcomes = ops.transpose(ops.take(bits, self.sites, axis=1))
        _, log_modulus, phase, _ = self._evaluate(outcomes, start, self.n_sites, prefix)
        return log_modulus, phase + self.sign_phase(bits, phase.dtype)

    def sample(self, uniforms: Tensor) -> Tensor:
        """Draws independent spins from |psi|^2, see `SampledWaveFunction`."""

        def logits(outputs: Tensor, position: Index, downs: Tensor) -> Tensor:
            both = outputs[:, :2]
            return both if self.n_down is None else self._mask(both, downs, position, self.n_down)

        uniforms = checked_uniforms(uniforms, self.n_uniforms)
        outcomes = draw_outcomes(self.network, uniforms, logits)
        return ops.take(ops.transpose(outcomes), self._positions, axis=1)

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

    def _evaluate(self, outcomes: Tensor, start: int, stop: int, prefix: Prefix) -> Prefix:
        """Evaluates positions start .. stop - 1 of (n_sites, batch) outcomes."""
        if start == stop:
            return prefix
        cache, log_modulus, phase, downs = prefix
        outputs, cache = self.network.evaluate_positions(outcomes, start, stop, cache)
        part, positions = outcomes[start:stop], ops.arange(start, stop)[:, None]
        added = self._sum(outputs, part, downs, positions, axis=0)
        downs = downs + ops.sum(part, axis=0)
        return cache, log_modulus + added[0], phase + added[1], downs

    def _sum(
        self, outputs: Tensor, outcomes: Tensor, downs: Index, positions: Tensor, *, axis: int
    ) -> tuple[Tensor, Tensor]:
        """Sums log |psi| and phases of the outcomes over the positions, which are along `axis`.

        `downs` were drawn before the first of them.
        """
        logits, phases = self._split(outputs)
        if self.n_down is not None:
            before = downs + ops.cumsum(outcomes, axis=axis) - outcomes
            logits = self._mask(logits, before, positions, self.n_down)
        chosen = self.network.encode(outcomes)
        log_probs = ops.sum(chosen * ops.log_softmax(logits, axis=-1), axis=(axis, 2))
        return 0.5 * log_probs, ops.sum(chosen * phases, axis=(axis, 2))

    def _split(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Returns logarithms of probabilities and phases, both (..., 2)."""
        if self.positive:
            return outputs, ops.zeros_like(outputs)
        logits, phases = outputs[..., :2], outputs[..., 2:]
        if self.network.heads == (2, 4):
            phases = _angle(phases[..., :2], phases[..., 2:])
        return logits, phases

    def _mask(self, logits: Tensor, downs: Tensor, position: Index, n_down: int) -> Tensor:
        """Makes impossible what would leave too many spins of one kind."""
        ups = position - downs
        full = ops.stack([ups >= self.n_sites - n_down, downs >= n_down], axis=-1)
        return ops.where(full, ops.cast(IMPOSSIBLE, logits.dtype), logits)

    def _check(self) -> None:
        network, n_sites = self.network, self.n_sites
        if network.local_dimension != 2 or network.heads not in ((2, 2), (2, 4), (2,)):
            raise ValueError(
                "Argument `network` must have two outcomes and outputs (2, 2), (2, 4) or (2,), but"
                f" has {network.local_dimension} and {network.heads}."
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


def _join(gradients: Sequence[Tensor]) -> Tensor:
    """Returns the gradients of each sample in all weights beside one another."""
    flat = [ops.reshape(part, (ops.shape(part)[0], -1)) for part in gradients]
    return ops.concatenate(flat, axis=1)


def _angle(sine: Tensor, cosine: Tensor) -> Tensor:
    """Returns atan2; both are zero in some untrained networks, where it has no gradient."""
    neither = ops.logical_and(sine == 0.0, cosine == 0.0)
    return ops.arctan2(sine, ops.where(neither, ops.ones_like(cosine), cosine))


def _repeat(x: Tensor, count: int) -> Tensor:
    """Returns (batch, ...) `count` times, one whole batch after another."""
    return ops.tile(x, (count,) + (1,) * (len(x.shape) - 1))
