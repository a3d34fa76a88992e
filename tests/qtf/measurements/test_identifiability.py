"""Depolarised preparation: error bars at the bound, and what is said where it is not told."""

import numpy as np
import pytest

from qtf.measurements import (
    Setting,
    ShotModel,
    expected_errors,
    find_plateau,
    fit_chain,
    fit_shots,
    simulate_shots,
)
from tests.qtf.measurements.conftest import random_settings

DEPOLARISED = ["depolarised"]


def fit_draw(model, truth, settings, seed, **options):
    shots = simulate_shots(model, truth, settings, seed=seed)
    return fit_shots(model, shots, candidates=(), n_starts=1, **options)


@pytest.mark.parametrize("shares", [DEPOLARISED, ["depolarised@each"]])
def test_errors_are_those_of_the_bound(shares):
    words = {"terms": ["ZZ", "X"], "jumps": ["decay"], "readout": ["e01", "e10"]}
    model = ShotModel.of_words(2, **words, preparation_errors=shares)
    truth = np.array([1.0, 0.6, 0.2, *[0.1, 0.2][: len(model.preparation_errors)], 0.03, 0.05])
    settings = random_settings(np.random.default_rng(8), 2, 100, shots=1000)
    bound = expected_errors(model, truth, settings)
    fits = [fit_draw(model, truth, settings, seed) for seed in range(12)]
    assert all(fit.explains_the_data and fit.converged for fit in fits)
    deviations = np.array([(fit.parameters - truth) / bound for fit in fits])
    # Of 72 or 84 squares whose mean is 1 with a standard deviation of 0.17 at most.
    assert 0.5 < np.mean(deviations**2) < 1.5
    assert np.abs(deviations).max() < 4.0
    for fit in fits:
        np.testing.assert_allclose(fit.errors, bound, rtol=0.15)


def test_a_share_that_is_known_is_not_fitted():
    model = ShotModel.of_words(2, terms=["ZZ", "X"], preparation_errors=DEPOLARISED)
    truth = np.array([1.0, 0.6, 0.1])
    settings = random_settings(np.random.default_rng(8), 2, 40)
    fit = fit_draw(model, truth, settings, 1, fixed={"depolarised": 0.1})
    assert fit["depolarised"] == 0.1
    assert fit.explains_the_data
    wrong = fit_draw(model, truth, settings, 1, fixed={"depolarised": 0.0})
    assert not wrong.explains_the_data


def test_a_share_that_the_model_lacks_is_noticed_and_named():
    model = ShotModel.of_words(2, terms=["ZZ", "X"], preparation_errors=DEPOLARISED)
    settings = random_settings(np.random.default_rng(9), 2, 60, shots=3000)
    shots = simulate_shots(model, [1.0, 0.6, 0.08], settings, seed=2)
    fit = fit_shots(ShotModel.of_words(2, terms=["ZZ", "X"]), shots, n_starts=1)
    assert not fit.explains_the_data
    assert "depolarised" in [one.name for one in fit.missing[:3]]
    assert find_plateau(fit, shots).p_value <= 1.0


def test_it_is_said_where_errors_are_not_told_apart():
    errors = {"preparation_errors": DEPOLARISED, "readout": ["e01", "e10"]}
    alone = ShotModel.of_words(2, terms=["X", "Z"], **errors)
    settings = random_settings(np.random.default_rng(8), 2, 60)
    fit = fit_draw(alone, np.array([0.5, 0.8, 0.1, 0.03, 0.05]), settings, 3)
    assert np.isinf(fit.errors[2:]).all()
    assert np.isfinite(fit.errors[:2]).all()
    (line,) = [line for line in fit.lines() if line.startswith("Errors of preparation")]
    assert "(depolarised, e01, e10) are not told apart: spins that do not interact tell" in line
    weak = ShotModel.of_words(2, terms=["X", "Z", "XX"], **errors)
    fit = fit_draw(weak, np.array([0.5, 0.8, 0.1, 0.1, 0.03, 0.05]), settings, 3)
    assert np.isfinite(fit.errors).all()
    assert any("are hardly told apart" in line for line in fit.lines())
    strong = ShotModel.of_words(2, terms=["X", "Z", "XX"], **errors)
    fit = fit_draw(strong, np.array([0.5, 0.8, 1.5, 0.1, 0.03, 0.05]), settings, 3)
    assert not any("told apart" in line for line in fit.lines())
    fit = fit_draw(alone, np.array([0.5, 0.8, 0.1, 0.03, 0.05]), settings, 3, fixed={"e01": 0.03})
    assert not any("told apart" in line for line in fit.lines())


def test_a_chain_is_learned_by_patches():
    words = {"terms": ["ZZ", "X"], "preparation_errors": DEPOLARISED}
    model = ShotModel.of_words(6, **words)
    bases = ("YZYZYZ", "ZYZYZY", "XYZXYZ")
    settings = [Setting("+z", 0.15 * k, basis, 400) for k in range(1, 6) for basis in bases]
    shots = simulate_shots(model, [1.0, 0.5, 0.1], settings, seed=1)
    fit = fit_chain(shots, **words)
    assert fit.model.names == model.names
    assert np.abs((fit.parameters - [1.0, 0.5, 0.1]) / fit.errors).max() < 4
