"""The part of the variance that samples of a wave function cannot show.

Samples, and with them energy and variance, are of configurations at which psi does not vanish. A
wave function that is zero where the ground state is not looks exact to them.
"""

from collections.abc import Callable

import numpy as np

from qtf.autoregressive.estimates import Estimate
from qtf.ground_states.bits import checked_bits
from qtf.ground_states.estimates import v_score
from qtf.ground_states.local_energy import LocalEnergy
from qtf.typing import Array

# Share of psi's own among the probabilities by which a configuration is reached, below which
# thousands of samples would not hold it.
VANISHING = 1e-6
# What no V-score of interest is below.
LEAST_V_SCORE = 1e-6

# bits -> (log |psi|, phase), NumPy arrays
Evaluate = Callable[[Array], tuple[Array, Array]]


def unseen_variance(
    evaluate: Evaluate,
    local_energy: LocalEnergy,
    bits: Array,
    energy: float,
    rng: np.random.Generator,
) -> Estimate:
    """Estimates how much configurations at which psi vanishes add to <H^2> - <H>^2.

        sum_s |((H - E) psi)(s)|^2  over s with  |psi(s)|^2 < 1e-6 g(s)
        g(s) = |psi(s)|^2 / 2 + sum_m q_m |psi(s + m)|^2,   q_m in proportion to max |H_{s, s + m}|

    g is the probability of s after one random flip m of the Hamiltonian, or none, from a sample.
    As it is larger than a fixed share of |(H psi)(s)|^2, few samples tell: nothing is divided by
    psi(s), and what is connected to samples is found however small psi is there.

    Args:
        evaluate: The wave function.
        local_energy: Of the Hamiltonian.
        bits: Samples of psi, (n_samples, n_sites).
        energy: E.
        rng: Chooses the flips.

    Returns:
        In units of the energy squared.

    Raises:
        ValueError: There are fewer than two samples, or a bit is neither 0 nor 1.

    Example:
        >>> from qtf.physics import Chain, ising
        >>> field = LocalEnergy(ising(Chain(2), transverse_field=-2.0, longitudinal_field=0.0))
        >>> def only_up(bits):
        ...     return -50.0 * bits.sum(axis=1), np.zeros(len(bits))
        >>> found = unseen_variance(
        ...     only_up, field, np.zeros((500, 2), int), -1.0, np.random.default_rng(0)
        ... )
        >>> abs(found.mean - 8.0) < 4 * found.error
        True
    """
    bits = checked_bits(bits, local_energy.n_sites)
    chances = _chances(local_energy)
    moves = np.concatenate([np.zeros((1, local_energy.n_sites), np.int32), local_energy.flips])
    reached = (bits + moves[rng.choice(len(moves), len(bits), p=chances)]) % 2
    diagonal, elements, others = (np.asarray(part) for part in local_energy.connected(reached))
    every = np.concatenate([reached[None], others])
    log_modulus, phase = (
        part.reshape(every.shape[:2]) for part in evaluate(every.reshape(-1, every.shape[2]))
    )
    # Ratios of what may be far below the smallest number.
    moduli = np.exp(log_modulus - log_modulus.max(axis=0))
    rows = np.concatenate([(diagonal - energy)[None], elements])
    residuals = np.abs((rows * moduli * np.exp(1j * phase)).sum(axis=0)) ** 2
    probabilities = chances @ moduli**2
    vanishes = moduli[0] ** 2 < VANISHING * probabilities
    return Estimate.of(np.where(vanishes, residuals / probabilities, 0.0))


def is_blind(unseen: float, seen: float, energy: float, n_sites: int) -> bool:
    """Tells whether the variance of samples leaves out what matters.

    Args:
        unseen: Of `unseen_variance`.
        seen: Variance of samples.
        energy: E.
        n_sites: Number of spins.
    """
    return unseen > seen and v_score(unseen, energy, n_sites) > LEAST_V_SCORE


def lowest_configuration(local_energy: LocalEnergy, bits: Array, rng: np.random.Generator) -> float:
    """Returns the lowest energy <s|H|s> among single configurations from elsewhere.

    They are all spins up, all down, random ones, and samples with their spins exchanged at random.
    No ground energy is higher, whatever magnetisation and symmetry a wave function has.

    Args:
        local_energy: Of the Hamiltonian.
        bits: Samples, (n_samples, n_sites).
        rng: Chooses the random ones, as many as there are samples.

    Raises:
        ValueError: A bit is neither 0 nor 1.

    Example:
        >>> from qtf.physics import Chain, heisenberg
        >>> ferromagnet = LocalEnergy(heisenberg(Chain(4), coupling=-1.0))
        >>> lowest_configuration(ferromagnet, [[0, 1, 0, 1]], np.random.default_rng(0))
        -0.75
    """
    bits = checked_bits(bits, local_energy.n_sites)
    equal = np.repeat([[0], [1]], bits.shape[1], axis=1)
    uniform = rng.integers(0, 2, bits.shape)
    every = np.concatenate([equal, uniform, rng.permuted(bits, axis=1)])
    return float(np.min(np.asarray(local_energy.diagonal(every))))


def _chances(local_energy: LocalEnergy) -> Array:
    """Returns the probabilities of no flip and of each, (1 + n_flips,)."""
    sizes = local_energy.flip_sizes
    total = sizes.sum()
    if total == 0.0:
        return np.concatenate([[1.0], sizes])
    return np.concatenate([[0.5], 0.5 * sizes / total])
