import numpy as np
import pytest

from qtf.data.mixing import Mixture, mixed_seed


def test_lengths_do_not_depend_on_how_steps_are_asked_for():
    mixture = Mixture((2, 5, 7), weights=(1, 2, 3), seed=4)
    together = mixture.n_sites_at(np.arange(1000))
    assert together.tolist() == [int(mixture.n_sites_at(np.array(k))) for k in range(1000)]


def test_frequencies_follow_the_weights():
    mixture = Mixture((2, 5, 7), weights=(1, 2, 5), seed=1)
    frequencies = mixture.counts_before(40_000) / 40_000
    # Five standard deviations of a frequency near 1/2.
    assert np.allclose(frequencies, [1 / 8, 1 / 4, 5 / 8], atol=5 * 0.5 / 200)


def test_following_steps_are_independent():
    draws = Mixture((0, 1), seed=3).n_sites_at(np.arange(40_000)) - 0.5
    assert abs(np.mean(draws[1:] * draws[:-1])) < 5 * 0.25 / 200


@pytest.mark.parametrize("step", [0, 1, 777, (1 << 20) + 5])
def test_counts_are_those_of_the_steps(step):
    mixture = Mixture((2, 3), weights=(1, 3), seed=9)
    chosen = mixture.indices_at(np.arange(step))
    assert mixture.counts_before(step).tolist() == np.bincount(chosen, minlength=2).tolist()


def test_seeds_give_different_streams():
    first, second = (Mixture((2, 3), seed=s).n_sites_at(np.arange(64)) for s in (0, 1))
    assert not np.array_equal(first, second)


def test_near_seeds_do_not_give_shifted_streams():
    streams = [Mixture((2, 3), seed=s).n_sites_at(np.arange(256)).tolist() for s in (0, 1)]
    assert streams[0][1:] != streams[1][:-1]


def test_mixed_seed_depends_on_every_number():
    seeds = {mixed_seed(a, b, c) for a in range(5) for b in range(5) for c in range(5)}
    assert len(seeds) == 125
    assert all(0 <= seed < 2**63 for seed in seeds)


@pytest.mark.parametrize("n_sites", [(), (2, 2)])
def test_mixture_fails_on_wrong_lengths(n_sites):
    with pytest.raises(ValueError, match="Argument `n_sites` must hold different chain lengths"):
        Mixture(n_sites)


@pytest.mark.parametrize("weights", [(1,), (1, 0), (1, -2), (1, float("nan"))])
def test_mixture_fails_on_wrong_weights(weights):
    with pytest.raises(ValueError, match="Argument `weights` must be 2 positive numbers"):
        Mixture((2, 3), weights=weights)


def test_mixture_fails_on_a_negative_seed():
    with pytest.raises(ValueError, match="Argument `seed` must not be negative, but is -1"):
        Mixture((2, 3), seed=-1)
