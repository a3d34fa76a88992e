import keras
import numpy as np
import pytest
import scipy.stats
from keras import ops

from qtf.autoregressive import GRUNetwork
from qtf.ground_states.markov_chain import (
    PROPOSALS,
    chain_key,
    effective_sample_size,
    potential_scale_reduction,
    sample_chain,
)
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import all_bits

N_SITES = 4
EVERY = all_bits(N_SITES).astype("int32")
POWERS = 1 << np.arange(N_SITES - 1, -1, -1)
HALF_UP = EVERY.sum(axis=1) == N_SITES // 2


def weights(proposal):
    """|psi|^2 of a table of amplitudes, not normalised."""
    values = np.random.default_rng(1).uniform(0.2, 2.0, len(EVERY)) ** 2
    return values * HALF_UP if proposal == "exchange" else values


def looked_up(probabilities):
    table = 0.5 * np.log(probabilities + 1e-300)

    def psi(bits):
        index = ops.sum(bits * POWERS.astype("int32"), axis=1)
        return ops.take(ops.convert_to_tensor(table), index), ops.zeros_like(index)

    return psi


def proposed(proposal):
    """Probabilities of s -> s', written as loops over what the documentation says."""
    matrix = np.zeros((len(EVERY), len(EVERY)))
    for row, bits in enumerate(EVERY):
        if proposal == "single_flip":
            pairs = [(site,) for site in range(N_SITES)]
        else:
            pairs = [(i, j) for i in np.flatnonzero(bits == 0) for j in np.flatnonzero(bits == 1)]
        for sites in pairs:
            other = bits.copy()
            other[list(sites)] = 1 - other[list(sites)]
            matrix[row, other @ POWERS] += 1 / len(pairs)
        if not pairs:
            matrix[row, row] = 1.0
    return matrix


def chi_square(observed, expected):
    assert observed[expected == 0].sum() == 0
    kept = expected > 0
    return scipy.stats.chisquare(observed[kept], expected[kept]).pvalue


@pytest.mark.parametrize("proposal", PROPOSALS)
def test_transitions_are_those_of_metropolis_and_balanced_in_detail(proposal):
    shares = weights(proposal)
    shares /= shares.sum()
    # The rule of acceptance, independently; then what stays.
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.nan_to_num(np.minimum(1.0, shares[None, :] / shares[:, None]))
    rule = proposed(proposal) * ratios
    np.fill_diagonal(rule, 0.0)
    np.fill_diagonal(rule, 1.0 - rule.sum(axis=1))
    flows = shares[:, None] * rule
    np.testing.assert_allclose(flows, flows.T, atol=1e-15)

    n_chains = 60_000
    first = np.random.default_rng(2).choice(len(EVERY), n_chains, p=shares)
    bits, acceptance = sample_chain(
        looked_up(shares), EVERY[first], 1, proposal=proposal, seed=3, xla=False
    )
    counts = np.zeros_like(flows)
    np.add.at(counts, (first, bits[0] @ POWERS), 1)
    departures = np.bincount(first, minlength=len(EVERY))
    assert chi_square(counts, departures[:, None] * rule * counts.sum() / n_chains) > 1e-3
    moved = (bits[0] != EVERY[first]).any(axis=1)
    assert acceptance == pytest.approx(moved.mean(), abs=1e-6)


@pytest.mark.parametrize(
    ("proposal", "xla"), [("single_flip", True), ("single_flip", False), ("exchange", True)]
)
def test_chains_follow_a_wave_function(proposal, xla):
    keras.utils.set_random_seed(0)
    network = GRUNetwork(n_positions=N_SITES, units=4)
    rng = np.random.default_rng(4)
    for variable in network.variables:
        variable.assign(variable + 0.5 * rng.standard_normal(variable.shape))
    psi = WaveFunction(network=network, zero_magnetization=proposal == "exchange")
    exact = np.exp(2.0 * np.asarray(psi(EVERY)[0], np.float64))

    start = np.tile(np.array([0, 1, 0, 1], "int32"), (1000, 1))
    bits, _ = sample_chain(psi, start, 220, proposal=proposal, keep_every=20, seed=5, xla=xla)
    # The first kept one still remembers the start.
    counts = np.bincount((bits[1:] @ POWERS).ravel(), minlength=len(EVERY))
    assert chi_square(counts, exact / exact.sum() * counts.sum()) > 1e-3


def test_exchange_keeps_the_magnetisation_of_each_chain():
    bits, acceptance = sample_chain(
        looked_up(np.ones(len(EVERY))), EVERY, 50, proposal="exchange", keep_every=5, xla=False
    )
    np.testing.assert_array_equal(bits.sum(axis=2), np.tile(EVERY.sum(axis=1), (10, 1)))
    assert acceptance == 1.0
    # All up and all down have nothing to swap, all else moves.
    moved = (bits != EVERY).any(axis=(0, 2))
    np.testing.assert_array_equal(moved, ~np.isin(EVERY.sum(axis=1), (0, N_SITES)))


def test_seeds_reproduce_chains():
    psi = looked_up(weights("single_flip"))
    one, same, other = (sample_chain(psi, EVERY, 30, seed=seed, xla=False)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).mean() > 0.1
    assert (chain_key(0, 1) != chain_key(0, 2)).any()


def test_kept_configurations_are_every_so_many_steps_of_one_chain():
    psi = looked_up(weights("single_flip"))
    every, _ = sample_chain(psi, EVERY, 9, seed=6, xla=False)
    # Never more than one flip from one step to the next.
    assert np.abs(np.diff(every, axis=0)).sum(axis=2).max() == 1
    third, _ = sample_chain(psi, EVERY, 10, keep_every=3, seed=6, xla=False)
    assert third.shape == (3, len(EVERY), N_SITES)
    np.testing.assert_array_equal(third, every[2::3])


def test_diagnostics_of_independent_samples():
    values = np.random.default_rng(0).standard_normal((1001, 8))
    assert potential_scale_reduction(values) == pytest.approx(1.0, abs=2e-3)
    assert effective_sample_size(values) == pytest.approx(8008, rel=0.2)


def test_diagnostics_of_correlated_and_of_stuck_chains():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((4000, 4))
    correlated = np.zeros_like(noise)
    for step in range(1, len(noise)):
        correlated[step] = 0.8 * correlated[step - 1] + noise[step]
    # Of an autoregression with factor a: n (1 - a) / (1 + a).
    assert effective_sample_size(correlated) == pytest.approx(16_000 / 9, rel=0.15)
    assert potential_scale_reduction(correlated) < 1.02
    stuck = 0.1 * noise + np.array([1.0, 1.0, -1.0, -1.0])
    # Between over within: 1 + 8/7 / 0.01 for the eight halves, squared.
    assert potential_scale_reduction(stuck) == pytest.approx(np.sqrt(1 + 9 / 8 * 800 / 7), rel=0.02)
    assert effective_sample_size(stuck) < 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"proposal": "cluster"}, 'single_flip, exchange, but is "cluster"'),
        ({"start": EVERY[0]}, r"n_sites\), but is \(4,\)"),
        ({"n_steps": 0}, "n_steps.* positive, but is 0"),
        ({"keep_every": -1}, "keep_every.* positive, but is -1"),
        ({"keep_every": 11}, "n_steps.* at least `keep_every` = 11, but is 10"),
    ],
)
def test_mistakes_are_named(arguments, message):
    usual = {"start": EVERY, "n_steps": 10, **arguments}
    with pytest.raises(ValueError, match=message):
        sample_chain(looked_up(np.ones(16)), **usual)


@pytest.mark.parametrize("diagnostic", [effective_sample_size, potential_scale_reduction])
@pytest.mark.parametrize("shape", [(100,), (100, 1), (3, 2)])
def test_too_few_values_are_named(diagnostic, shape):
    with pytest.raises(ValueError, match=r"at least \(4, 2\), but is \(" + str(shape[0])):
        diagnostic(np.zeros(shape))


def test_other_backends_are_named(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match='"tensorflow" for Markov chains, but is "jax"'):
        effective_sample_size(np.zeros((10, 2)))
