import numpy as np
import pytest
from scipy.stats import kstest

from qtf.dynamics.generator_fit import fit_generator
from qtf.dynamics.lag_test import LagResiduals, lag_p_value

from .noisy_chains import noisy_chains


def residuals(squares, count=100, gain=0.0):
    return LagResiduals(np.asarray(squares), np.full(len(squares), count), gain)


def test_p_values_of_noise_are_uniform_although_lags_share_noise():
    rng = np.random.default_rng(0)
    p_values = []
    for _ in range(400):
        shared, first, last = rng.chisquare(40, size=(3, 12))
        p_values.append(lag_p_value(residuals(shared + first), residuals(shared + last), 1e-7))
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_p_values_are_not_smaller_where_trajectories_scatter_by_different_amounts():
    rng = np.random.default_rng(1)
    strengths = np.array([1.0] * 8 + [20.0] * 2)
    p_values = np.array(
        [
            lag_p_value(*(residuals(strengths * rng.chisquare(40, 10)) for _ in range(2)), 0.0)
            for _ in range(1000)
        ]
    )
    assert (p_values < 0.05).mean() < 0.065
    assert (p_values < 0.001).mean() < 0.004


def test_what_the_fit_takes_away_is_given_back():
    """Growth that the fit of the last lag hides counts, and that of the first does not."""
    first, last = np.full(6, 50.0), np.full(6, 50.0) + np.arange(6)
    hidden = lag_p_value(residuals(first), residuals(last - 5, gain=30.0), 0.0)
    assert hidden == pytest.approx(lag_p_value(residuals(first), residuals(last), 0.0))


def test_growth_within_rounding_is_none():
    first = residuals(np.full(4, 1e-30))
    last = residuals(1e-14 * np.array([1.0, 1.1, 0.9, 1.0]))
    assert lag_p_value(first, last, 0.0) < 1e-3
    assert lag_p_value(first, last, 1e-7) > 0.999


def test_residuals_that_are_all_equal_do_or_do_not_grow():
    same, more = residuals(np.ones(4), 128), residuals(2 * np.ones(4), 128)
    assert lag_p_value(same, same, 0.0) == 1.0
    assert lag_p_value(same, more, 0.0) == 0.0


@pytest.mark.parametrize("n_samples", [3, 8])
def test_complete_models_are_not_accused(n_samples):
    """Few of many fits of a complete model have a small p value, and none a tiny one."""
    p_values = []
    for seed in range(12):
        chains = noisy_chains((2, 3), n_samples=n_samples, n_steps=24, dt=0.01, seed=seed)
        p_values.append(fit_generator(chains, 0.01).p_value)
    assert min(p_values) > 1e-3
    assert 0.3 < np.mean(p_values) < 0.7
