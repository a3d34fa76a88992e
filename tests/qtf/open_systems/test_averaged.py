import itertools
import json

import keras
import numpy as np
import pytest
import scipy.stats

from qtf.autoregressive import GRUNetwork, Transformer
from qtf.open_systems.averaged import AveragedDistribution
from qtf.open_systems.outcome_distribution import OutcomeDistribution

FOUR = {"local_dimension": 4, "heads": (4,), "dtype": "float64"}
EVERY = np.array(list(itertools.product(range(4), repeat=3)), "int32")


@pytest.fixture
def members(randomized):
    """Three different ones; one of them has strings, and needs one number more."""
    gru = randomized(GRUNetwork(n_positions=3, units=4, **FOUR), scale=1.0)
    networks = [
        randomized(Transformer(n_positions=3, units=8, **FOUR), seed=seed) for seed in (5, 6)
    ]
    strings = {"strings": ((0, 1, 2), (2, 0, 1))}
    given = [(gru, {}), (networks[0], strings), (networks[1], {})]
    return [OutcomeDistribution(network=n, dtype="float64", **kwargs) for n, kwargs in given]


@pytest.fixture
def mean(members):
    return AveragedDistribution(distributions=members, dtype="float64")


def test_probabilities_are_the_means_of_the_members(mean, members):
    each = np.exp([member(EVERY) for member in members])
    assert each.std(axis=0).max() > 0.01
    found = np.exp(mean(EVERY))
    np.testing.assert_allclose(found, each.mean(axis=0), rtol=1e-12)
    assert found.sum() == pytest.approx(1.0, abs=1e-12)


def test_samples_follow_the_probabilities(mean):
    assert mean.n_uniforms == 5
    n_samples = 30_000
    uniforms = np.random.default_rng(5).random((mean.n_uniforms, n_samples))
    outcomes = np.asarray(mean.sample(uniforms))
    assert outcomes.dtype == np.int32
    counts = np.bincount(outcomes @ [16, 4, 1], minlength=64)
    expected = n_samples * np.exp(mean(EVERY))
    # Rare outcomes together, as the test asks for at least five of each.
    rare = expected < 5
    observed = np.append(counts[~rare], counts[rare].sum())
    wanted = np.append(expected[~rare], expected[rare].sum())
    kept = wanted > 0
    assert scipy.stats.chisquare(observed[kept], wanted[kept]).pvalue > 1e-4


def test_each_sample_is_the_one_of_the_member_that_the_last_number_chooses(mean, members):
    uniforms = np.random.default_rng(1).random((5, 60))
    uniforms[-1, :2] = 0.0, 1.0
    found = np.asarray(mean.sample(uniforms))
    drawn = [np.asarray(member.sample(uniforms[: member.n_uniforms])) for member in members]
    for row, number in enumerate(uniforms[-1]):
        np.testing.assert_array_equal(found[row], drawn[min(2, int(3 * number))][row])


def test_mean_is_made_again_from_its_configuration(mean):
    described = json.loads(json.dumps(keras.saving.serialize_keras_object(mean)))
    again = keras.saving.deserialize_keras_object(described)
    again.set_weights(mean.get_weights())
    np.testing.assert_array_equal(again(EVERY), mean(EVERY))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [((), "at least one, .* but has none"), ((2, 3), r"all of as many sites, but has \[2, 3\]")],
)
def test_mistakes_are_named(sizes, message):
    networks = [GRUNetwork(n_positions=n, units=2, **FOUR) for n in sizes]
    with pytest.raises(ValueError, match=message):
        AveragedDistribution(distributions=[OutcomeDistribution(network=n) for n in networks])
