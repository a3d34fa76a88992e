"""Metropolis chains of spins, to be compared with exact samples.

Needs TensorFlow Probability, hence Keras on TensorFlow.
"""

import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from qtf.checks import COUNT, OneOf, check_arguments
from qtf.ground_states.bits import checked_bits
from qtf.ground_states.local_energy import log_psi_in_pieces
from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.training.compilation import compiled
from qtf.typing import Array, Index, LogPsi, Tensor

SINGLE_FLIP = "single_flip"
EXCHANGE = "exchange"
# R-hat of both halves of each chain needs a variance within each half.
MIN_KEPT = 4


def sample_chain(
    psi: LogPsi,
    start: Array,
    n_steps: int,
    *,
    proposal: str = SINGLE_FLIP,
    keep_every: int = 1,
    seed: int = 0,
    xla: bool = True,
) -> tuple[Array, float]:
    """Runs Metropolis chains whose stationary distribution is |psi|^2.

    A step proposes one change of each chain and accepts it with probability

        min(1, |psi(s')|^2 / |psi(s)|^2);

    a sweep is n_sites steps. Both proposals are symmetric: "single_flip" turns one spin, chosen
    among all sites; "exchange" swaps an up and a down spin, each chosen among all of its kind.

    Args:
        psi: The wave function; need not be normalised.
        start: Spins from which each chain starts, int32 (n_chains, n_sites); not returned.
        n_steps: Steps of each chain, of which n_steps // keep_every are kept.
        proposal: "single_flip" or "exchange".
        keep_every: Steps before each kept configuration.
        seed: The same seed gives the same chains.
        xla: Whether XLA compiles the chains.

    Returns:
        Bits, int32 (n_kept, n_chains, n_sites), and the share of accepted proposals among
        the last ones before each kept configuration.

    Raises:
        ValueError: The proposal is unknown, a number is not positive, `n_steps` is less than
            `keep_every`, `start` has another shape or bits other than 0 and 1, or Keras does
            not run on TensorFlow.

    Example:
        >>> from qtf.autoregressive import GRUNetwork
        >>> from qtf.ground_states.wave_function import WaveFunction
        >>> psi = WaveFunction(network=GRUNetwork(n_positions=4, units=8))
        >>> start = np.zeros((3, 4), "int32")
        >>> bits, acceptance = sample_chain(psi, start, 100, keep_every=10)
        >>> bits.shape
        (10, 3, 4)

    Source: Metropolis et al., J. Chem. Phys. 21, 1087 (1953).
    """
    first = _checked_start(start, n_steps, keep_every)

    def run(bits: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        return chain_steps(
            psi, bits, key, n_kept=n_steps // keep_every, keep_every=keep_every, proposal=proposal
        )

    variables = psi.variables if isinstance(psi, keras.Model) else ()
    bits, acceptance = compiled(run, variables=variables, xla=xla)(
        ops.convert_to_tensor(first), ops.convert_to_tensor(chain_key(seed))
    )
    return np.asarray(bits), float(acceptance)


def chain_steps(
    psi: LogPsi, bits: Tensor, key: Tensor, *, n_kept: int, keep_every: Index, proposal: str
) -> tuple[Tensor, Tensor]:
    """Continues chains within a function that the caller compiles, see `sample_chain`.

    Args:
        psi: The wave function.
        bits: Spins before the first step, int32 (n_chains, n_sites).
        key: Of `chain_key`, int32 (2,).
        n_kept: Configurations kept of each chain.
        keep_every: Steps from one to the next; may be an int32 tensor.
        proposal: "single_flip" or "exchange".

    Returns:
        Bits, int32 (n_kept, n_chains, n_sites), and the share of accepted proposals.

    Raises:
        ValueError: The proposal is unknown, or Keras does not run on TensorFlow.
    """
    check_arguments(OneOf(PROPOSALS), proposal=proposal)
    bits = checked_bits(bits)
    tfp = _tensorflow_probability()
    choose = tfp.distributions.Uniform(np.float64(0.0), np.float64(1.0))

    def propose(parts: list[Tensor], key: Tensor) -> list[Tensor]:
        uniforms = choose.sample(parts[0].shape, seed=key)
        return [PROPOSALS[proposal](parts[0], uniforms)]

    kernel = tfp.mcmc.RandomWalkMetropolis(lambda bits: 2.0 * _log_modulus(psi, bits), propose)
    kept, accepted = tfp.mcmc.sample_chain(
        n_kept,
        bits,
        kernel=kernel,
        num_burnin_steps=keep_every - 1,
        num_steps_between_results=keep_every - 1,
        trace_fn=lambda _, results: results.is_accepted,
        seed=key,
    )
    return kept, ops.mean(ops.cast(accepted, "float32"))


def chain_key(*seeds: int) -> Array:
    """Returns the key of a stretch of chains, int32 (2,): the same numbers, the same key.

    Example:
        >>> chain_key(0, 17).shape
        (2,)
    """
    return np.random.SeedSequence(seeds).generate_state(2).view(np.int32)


def effective_sample_size(values: Array) -> float:
    """Returns how many independent samples would give the mean the same error.

    Counts all chains together: the variance between their means enters the autocorrelation,
    so that chains stuck in K different places count as about K. Chains that are all stuck in
    one place cannot be told from independent ones. Not a number if nothing ever changes.

    Args:
        values: An observable along the chains, (n_kept, n_chains).

    Raises:
        ValueError: There are fewer than two chains, or four values of each.

    Example:
        >>> values = np.random.default_rng(0).standard_normal((500, 4))
        >>> 1500 < effective_sample_size(values) < 2500
        True

    Source: Vehtari et al., Bayesian Anal. 16, 667 (2021), with Geyer's positive pairs.
    """
    size = _tensorflow_probability().mcmc.effective_sample_size(
        _checked_chains(values), filter_beyond_positive_pairs=True, cross_chain_dims=1
    )
    return float(size)


def potential_scale_reduction(values: Array) -> float:
    """Returns R-hat, which is about 1 if all chains sample the same distribution.

    The root of the ratio of the variance of all values to that within chains, each chain cut
    into two halves. Chains that are all stuck in one place have an R-hat of 1, too: start
    them in different places. Not a number if nothing ever changes.

    Args:
        values: An observable along the chains, (n_kept, n_chains).

    Raises:
        ValueError: There are fewer than two chains, or four values of each.

    Example:
        >>> values = np.random.default_rng(0).standard_normal((500, 4))
        >>> round(potential_scale_reduction(values), 1)
        1.0

    Source: Brooks and Gelman, J. Comput. Graph. Stat. 7, 434 (1998).
    """
    chains = _checked_chains(values)
    squared = _tensorflow_probability().mcmc.potential_scale_reduction(chains, split_chains=True)
    return float(np.sqrt(squared))


def _log_modulus(psi: LogPsi, bits: Tensor) -> Tensor:
    """Returns log |psi|; of any function that is no wave function, of all chains at once."""
    if isinstance(psi, SampledWaveFunction):
        return log_psi_in_pieces(psi, bits)[0]
    return psi(bits)[0]


def _flip(bits: Tensor, uniforms: Tensor) -> Tensor:
    """Returns bits with one turned, at the largest of the uniform numbers of each chain."""
    return (bits + _largest(uniforms, bits)) % 2


def _exchange(bits: Tensor, uniforms: Tensor) -> Tensor:
    """Returns bits with an up and a down spin swapped, or as they are if all agree."""
    up = _largest(ops.where(bits == 0, uniforms, -1.0), bits)
    down = _largest(ops.where(bits == 1, uniforms, -1.0), bits)
    # The difference of the two spins is 0 where a kind is missing.
    difference = ops.sum((down - up) * bits, axis=1, keepdims=True)
    return bits + difference * (up - down)


PROPOSALS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {SINGLE_FLIP: _flip, EXCHANGE: _exchange}


def _largest(values: Tensor, bits: Tensor) -> Tensor:
    return ops.one_hot(ops.argmax(values, axis=1), bits.shape[1], dtype=bits.dtype)


def _checked_start(start: Array, n_steps: int, keep_every: int) -> Array:
    bits = checked_bits(start, name="start")
    check_arguments(COUNT, keep_every=keep_every, n_steps=n_steps)
    if n_steps < keep_every:
        raise ValueError(
            f"Argument `n_steps` must be at least `keep_every` = {keep_every}, but is {n_steps}."
        )
    return bits


def _checked_chains(values: Array) -> Array:
    array = np.asarray(values, np.float64)
    if array.ndim != 2 or array.shape[0] < MIN_KEPT or array.shape[1] < 2:
        raise ValueError(
            f"Argument `values` must be (n_kept, n_chains), at least ({MIN_KEPT}, 2), but is"
            f" {array.shape}."
        )
    return array


def _tensorflow_probability() -> Any:
    """Imports the library, which takes seconds, where it is needed."""
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise ValueError(
            f'The Keras backend must be "tensorflow" for Markov chains, but is "{backend}".'
        )
    with warnings.catch_warnings():
        # It compares versions in an old way.
        warnings.simplefilter("ignore", DeprecationWarning)
        import tensorflow_probability as tfp

        # Modules are loaded at their first use.
        _ = tfp.mcmc, tfp.distributions
    return tfp
