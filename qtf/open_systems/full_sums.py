"""Probabilities of all outcomes, for systems that are small enough."""

from collections.abc import Sequence

import numpy as np
from keras import ops

from qtf.autoregressive.prefix_tree import conditionals_of_all_prefixes
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.typing import Array, Tensor

# 4**10 probabilities and their gradient take some GiB.
MAX_LISTED_SITES = 10


def log_table(distribution: OutcomeDistribution) -> Tensor:
    """Returns log p of all outcomes; may be differentiated.

    Outcomes that begin alike share the evaluations of what they have in common, so that all of
    n sites take (4**n - 1) / 3 evaluations of one position instead of n 4**n, with a network
    that `extends`. Strings see the same numbers with the axes in another order.

    Args:
        distribution: Of at most `MAX_LISTED_SITES` sites.

    Returns:
        (4**n_sites,), the first site most significant.

    Raises:
        ValueError: There are more sites.

    Example:
        >>> from qtf.autoregressive import GRUNetwork
        >>> network = GRUNetwork(n_positions=2, units=4, local_dimension=4, heads=(4,))
        >>> tuple(log_table(OutcomeDistribution(network=network)).shape)
        (16,)
    """
    n_sites = distribution.n_sites
    if n_sites > MAX_LISTED_SITES:
        raise ValueError(
            f"All outcomes are listed up to {MAX_LISTED_SITES} sites, but there are {n_sites}."
        )
    of_strings = [
        ops.reshape(ops.transpose(ops.reshape(table, (4,) * n_sites), positions), (-1,))
        for table, positions in zip(
            _tables_of_strings(distribution), distribution.positions, strict=True
        )
    ]
    return distribution.mix(ops.stack(of_strings))


def log_probs_at(distribution: OutcomeDistribution, outcomes: Array) -> Tensor:
    """Returns log p of some outcomes, as cheap as `log_table` or cheaper, (n,).

    Args:
        distribution: Of at most `MAX_LISTED_SITES` sites.
        outcomes: int32 (n, n_sites).
    """
    weights = 4 ** np.arange(distribution.n_sites, dtype=np.int32)[::-1]
    return distribution.mix(
        ops.stack(
            [
                ops.take(table, outcomes[:, list(string)] @ weights)
                for table, string in zip(
                    _tables_of_strings(distribution), distribution.strings, strict=True
                )
            ]
        )
    )


def all_outcomes(n_sites: int) -> Tensor:
    """Returns all strings of outcomes in the order of `log_table`, int32 (4**n_sites, n_sites).

    Args:
        n_sites: Number of sites.
    """
    return outcomes_of_numbers(ops.arange(4**n_sites, dtype="int32"), n_sites)


def outcomes_of_numbers(numbers: Tensor, n_sites: int) -> Tensor:
    """Returns the strings of outcomes at places of `log_table`, int32 (..., n_sites).

    Args:
        numbers: Places, int32 (...).
        n_sites: Number of sites.
    """
    return ops.stack([numbers // 4 ** (n_sites - 1 - i) % 4 for i in range(n_sites)], axis=-1)


def systematic_sample(log_probs: Tensor, n_samples: int, uniform: Tensor) -> Tensor:
    """Draws numbers of outcomes at equal distances in the sum of their probabilities.

    Each is drawn with its probability, and their counts vary less than those of independent
    samples: what is expected m times is drawn at least floor(m) times.

    Args:
        log_probs: log p of each, (n_outcomes,).
        n_samples: Number of samples.
        uniform: One random number of [0, 1), (); it shifts all.

    Returns:
        int32 (n_samples,), in ascending order.

    Example:
        >>> import numpy as np
        >>> systematic_sample(np.log([0.5, 0.25, 0.25]), 4, 0.5).numpy().tolist()
        [0, 0, 1, 2]
    """
    sums = ops.cumsum(ops.exp(ops.cast(log_probs, "float64")))
    marks = (ops.arange(n_samples, dtype="float64") + ops.cast(uniform, "float64")) / n_samples
    drawn = ops.searchsorted(sums, marks * sums[-1], side="right")
    return ops.minimum(ops.cast(drawn, "int32"), sums.shape[0] - 1)


def _tables_of_strings(distribution: OutcomeDistribution) -> list[Tensor]:
    """Returns log p of all outcomes by position, (4**n_sites,) for each string."""
    levels = conditionals_of_all_prefixes(distribution.network)
    offsets = distribution.offsets_of_strings()
    dtype = distribution.network.variable_dtype
    if offsets is None:
        # All strings are the one with its axes in another order.
        return [_join(levels, None, dtype)] * distribution.n_strings
    return [_join(levels, of_string, dtype) for of_string in offsets]


def _join(levels: Sequence[Tensor], offsets: Array | None, dtype: str) -> Tensor:
    """Returns log p of all outcomes by position from their conditionals, (4**n_positions,)."""
    log_probs = ops.zeros((1,), dtype)
    for position, outputs in enumerate(levels):
        # A mixed-precision network computes in less than it keeps.
        logits = ops.cast(outputs, dtype)
        if offsets is not None:
            logits = logits + ops.cast(offsets[position], dtype)
        log_probs = ops.reshape(log_probs[:, None] + ops.log_softmax(logits, axis=-1), (-1,))
    return log_probs
