import itertools

import numpy as np
import pytest
import scipy.stats

from qtf.autoregressive import LSTM2D, GatedRNN2D, GRUNetwork, PixelCNN, RowScan, Transformer
from qtf.open_systems.full_sums import log_table
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.physics import Square

FOUR = {"local_dimension": 4, "heads": (4,)}
PAPER = {
    "units": 8,
    "n_attention_heads": 1,
    "feed_forward_units": 6,
    "norm_last": True,
    "sinusoidal": True,
}
NETWORKS = {
    "one layer": lambda **kw: Transformer(n_positions=4, n_layers=1, **PAPER, **kw),
    "two layers": lambda **kw: Transformer(n_positions=4, n_layers=2, **PAPER, **kw),
    "three layers": lambda **kw: Transformer(n_positions=4, n_layers=3, **PAPER, **kw),
    "norm first": lambda **kw: Transformer(n_positions=4, units=8, n_layers=2, **kw),
    "gru": lambda **kw: GRUNetwork(n_positions=4, units=6, **kw),
    "pixelcnn": lambda **kw: PixelCNN(shape=(2, 2), width=6, depth=3, **kw),
    "lstm_2d": lambda **kw: LSTM2D(shape=(2, 2), units=6, **kw),
    "gated_2d": lambda **kw: GatedRNN2D(shape=(2, 2), units=6, **kw),
    "row_scan": lambda **kw: RowScan(shape=(2, 2), units=6, **kw),
}
OFFSETS = np.random.default_rng(7).normal(size=(4, 4))
EVERY = np.array(list(itertools.product(range(4), repeat=4)), "int32")
# Strings are the same lines of code for all networks, and so are vectors.
STRINGS = [0, 1, 3]
WITH_STRINGS = [
    *((name, STRINGS[k % 3]) for k, name in enumerate(NETWORKS)),
    *(("gru", n_strings) for n_strings in (0, 3, 8)),
]


@pytest.fixture(params=NETWORKS)
def make(request, randomized):
    def distribution(n_strings=0, dtype="float64"):
        network = randomized(NETWORKS[request.param](dtype=dtype, **FOUR))
        strings = Square(2, 2).strings(n_strings)
        offsets = OFFSETS if n_strings in (1, 3) else None
        return OutcomeDistribution(network=network, strings=strings, offsets=offsets, dtype=dtype)

    return distribution


@pytest.mark.parametrize(("make", "n_strings"), WITH_STRINGS, indirect=["make"])
def test_samples_follow_the_probabilities(make, n_strings):
    distribution = make(n_strings)
    n_samples = 30_000
    uniforms = np.random.default_rng(5).random((distribution.n_uniforms, n_samples))
    outcomes = np.asarray(distribution.sample(uniforms))
    counts = np.bincount(outcomes @ 4 ** np.arange(3, -1, -1), minlength=256)
    expected = n_samples * np.exp(distribution(EVERY))
    # Rare outcomes together, as the test asks for at least five of each.
    rare = expected < 5
    observed = np.append(counts[~rare], counts[rare].sum())
    wanted = np.append(expected[~rare], expected[rare].sum())
    kept = wanted > 0
    assert scipy.stats.chisquare(observed[kept], wanted[kept]).pvalue > 1e-4


@pytest.mark.parametrize("n_strings", STRINGS)
def test_probabilities_of_sites_are_those_of_the_tables_of_their_strings(n_strings, randomized):
    network = randomized(GRUNetwork(n_positions=4, units=6, dtype="float64", **FOUR))
    strings = Square(2, 2).strings(n_strings)
    whole = OutcomeDistribution(network=network, strings=strings, offsets=OFFSETS, dtype="float64")
    uniforms = np.random.default_rng(5).random((whole.n_uniforms, 20))
    outcomes, found = map(np.asarray, whole.sample_with_probabilities(uniforms))
    np.testing.assert_array_equal(outcomes, whole.sample(uniforms))
    number = (len(strings) * uniforms[4]).astype(int) if len(strings) > 1 else np.zeros(20, int)
    for row, probabilities, k in zip(outcomes, found, number, strict=True):
        part = {"network": network, "strings": strings[k : k + 1], "offsets": OFFSETS}
        table = np.exp(log_table(OutcomeDistribution(dtype="float64", **part))).reshape((4,) * 4)
        expected = np.zeros(4)
        for position, site in enumerate(strings[k]):
            before = {s: row[s] for s in strings[k][:position]}
            given = table[tuple(before.get(s, slice(None)) for s in range(4))]
            kept = [s for s in range(4) if s not in before]
            marginal = given.sum(axis=tuple(i for i, s in enumerate(kept) if s != site))
            expected += marginal / marginal.sum() / 4
        np.testing.assert_allclose(probabilities, expected, atol=1e-12)


@pytest.mark.parametrize(("make", "n_strings"), WITH_STRINGS, indirect=["make"])
def test_tree_of_prefixes_gives_all_log_probabilities(make, n_strings):
    distribution = make(n_strings)
    found = np.asarray(log_table(distribution))
    np.testing.assert_allclose(found, distribution(EVERY), atol=1e-12)
    assert np.exp(found).sum() == pytest.approx(1.0, abs=1e-12)
    assert found.std() > 0.3


@pytest.mark.parametrize(
    ("make", "dtype"),
    [*((name, "float32") for name in NETWORKS), ("gru", "float64")],
    indirect=["make"],
)
def test_product_states_are_exact(make, product_probabilities, dtype):
    distribution = make(2, dtype)
    for vector in ((0, 0, 1), (0, 0, -1), (0, -1, 0), (0.6, 0, 0.8)):
        of_one_spin = product_probabilities(vector)
        distribution.start_from_product(of_one_spin)
        probabilities = np.exp(np.asarray(distribution(EVERY), np.float64))
        expected = of_one_spin[EVERY].prod(axis=1)
        np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "n_strings"),
    [*((name, 8 * (k % 2)) for k, name in enumerate(NETWORKS)), ("gru", 8)],
    indirect=["make"],
)
def test_products_whose_sites_differ_are_exact(make, product_probabilities, n_strings):
    vectors = [(0, 0, 1), (0.6, 0, 0.8), (0, -1, 0), (0, 0.6, -0.8)]
    sites = np.array([product_probabilities(vector) for vector in vectors])
    distribution = make(n_strings)
    distribution.start_from_product(sites)
    expected = sites[np.arange(4), EVERY].prod(axis=1)
    np.testing.assert_allclose(np.exp(distribution(EVERY)), expected, rtol=0, atol=1e-8)
    np.testing.assert_allclose(np.exp(log_table(distribution)), expected, rtol=0, atol=1e-8)
    again = OutcomeDistribution.from_config(distribution.get_config())
    again.set_weights(distribution.get_weights())
    np.testing.assert_array_equal(again(EVERY), distribution(EVERY))
    distribution.start_from_product(sites[1])
    assert distribution.offsets is None


def test_distribution_is_made_again_from_its_configuration(make):
    distribution = make(3)
    again = OutcomeDistribution.from_config(distribution.get_config())
    again.set_weights(distribution.get_weights())
    np.testing.assert_array_equal(again(EVERY), distribution(EVERY))
    uniforms = np.random.default_rng(0).random((5, 9))
    np.testing.assert_array_equal(again.sample(uniforms), distribution.sample(uniforms))


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda network: OutcomeDistribution(network=GRUNetwork(n_positions=2)), "2 and .2, 2"),
        (
            lambda network: OutcomeDistribution(network=network, strings=((0, 1), (1, 1))),
            r"orders of 0 .. 1.* \(1, 1\)",
        ),
        (lambda network: OutcomeDistribution(network=network, strings=()), "has none"),
        (
            lambda network: OutcomeDistribution(network=network).start_from_product([0.5, 0.5]),
            "four.* 0.5",
        ),
        (
            lambda network: OutcomeDistribution(network=network, offsets=[[0.0, np.nan, 0.0, 0.0]]),
            r"`offsets` must be finite, of shape \(2, 4\), but is \[\[0.0, nan",
        ),
        (lambda network: network.make_constant([1.0]), "4 numbers, but has 1"),
        (
            lambda network: log_table(
                OutcomeDistribution(network=GRUNetwork(n_positions=11, units=2, **FOUR))
            ),
            "up to 10 sites, but there are 11",
        ),
    ],
)
def test_mistakes_are_named(act, message):
    with pytest.raises(ValueError, match=message):
        act(GRUNetwork(n_positions=2, units=2, **FOUR))


def test_a_number_that_rounds_to_one_chooses_the_last_string(randomized):
    network = randomized(GRUNetwork(n_positions=4, units=6, dtype="float32", **FOUR))
    strings = ((0, 1, 2, 3), (1, 0, 2, 3), (3, 2, 1, 0))
    mean = OutcomeDistribution(network=network, strings=strings, dtype="float32")
    last = OutcomeDistribution(network=network, strings=strings[2:], dtype="float32")
    uniforms = np.random.default_rng(0).random((5, 6))
    uniforms[4] = np.nextafter(1.0, 0.0)
    uniforms = uniforms.astype("float32")
    assert uniforms[4].min() == 1.0
    np.testing.assert_array_equal(mean.sample(uniforms), last.sample(uniforms[:4]))
