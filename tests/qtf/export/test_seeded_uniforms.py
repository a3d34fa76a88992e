import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from qtf.export.seeded_uniforms import STEP, mix, seeded_uniforms

MASK = 2**64 - 1


def mixed_by_hand(number):
    """The same on Python's integers."""
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    number = (number ^ (number >> 27)) * 0x94D049BB133111EB & MASK
    return number ^ (number >> 31)


def test_mixing_gives_the_published_numbers_of_splitmix64():
    counters = [(1234567 + k * STEP) & MASK for k in (1, 2, 3)]
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert mix(tf.constant(counters, tf.uint64)).numpy().tolist() == expected


@pytest.mark.parametrize(("dtype", "digits"), [(tf.float32, 24), (tf.float64, 53)])
def test_numbers_are_those_of_integer_arithmetic(dtype, digits):
    seeds = [0, 1, -1, 2**62, -(2**63)]
    found = seeded_uniforms(tf.constant(seeds, tf.int64), 5, dtype).numpy()
    expected = [
        [
            (mixed_by_hand((mixed_by_hand(seed & MASK) + k * STEP) & MASK) >> (64 - digits))
            / 2**digits
            for seed in seeds
        ]
        for k in range(1, 6)
    ]
    np.testing.assert_array_equal(found, expected)


def test_numbers_of_successive_seeds_are_uniform_and_independent():
    found = seeded_uniforms(tf.range(40_000, dtype=tf.int64), 8).numpy()
    assert found.min() >= 0.0
    assert found.max() < 1.0
    assert scipy.stats.kstest(found.ravel(), "uniform").pvalue > 1e-3
    correlations = np.corrcoef(np.concatenate([found[:, :-1], found[:, 1:]])) - np.eye(16)
    # The error of a correlation of independent numbers is 1 / sqrt(40000).
    assert np.abs(correlations).max() < 5 / 200
