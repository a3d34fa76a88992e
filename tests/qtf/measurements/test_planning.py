"""Expected error bars, and plans against closed forms, brute force and fits."""

import numpy as np
import pytest
from scipy.optimize import minimize

from qtf.measurements import (
    Setting,
    ShotModel,
    expected_errors,
    expected_information,
    fit_shots,
    plan_shots,
    random_settings,
    simulate_shots,
)

ONE = ShotModel.of_words(1, terms=["Z"])
TWO = ShotModel.of_words(2, terms=["X", "ZZ", "Y@1"])
GUESS = [0.5, 0.8, -0.3]


def test_the_information_of_a_turning_spin_is_4_t_squared():
    settings = [Setting("+x", time, "Y", 1) for time in (0.5, 1.0, 1.5)]
    information = expected_information(ONE, [0.3], settings)[:, 0, 0]
    np.testing.assert_allclose(information, [1.0, 4.0, 9.0], rtol=1e-9)


def test_expected_errors_are_the_error_bars_of_a_fit():
    settings = random_settings(2, [0.3, 0.8], 20, shots=5000, seed=3)
    shots = simulate_shots(TWO, GUESS, settings, seed=0)
    fit = fit_shots(TWO, shots, candidates=())
    np.testing.assert_allclose(expected_errors(TWO, GUESS, settings), fit.errors, rtol=0.05)


def test_information_of_several_guesses_is_their_mean():
    settings = random_settings(2, [0.5], 4, seed=1)
    both = expected_information(TWO, [GUESS, [0.1, 0.2, 0.3]], settings)
    each = [expected_information(TWO, one, settings) for one in (GUESS, [0.1, 0.2, 0.3])]
    np.testing.assert_allclose(both, np.mean(each, 0), atol=1e-12)


def test_what_no_setting_tells_has_no_error_bar():
    assert expected_errors(ONE, [0.3], [Setting("+z", 1.0, "Z", 100)]) == [np.inf]


def test_shots_are_shared_out_as_well_as_by_a_general_optimiser():
    candidates = random_settings(2, [0.3, 0.6, 1.2], 3, seed=2)
    information = expected_information(TWO, GUESS, candidates)

    def mean_square(logits):
        weights = np.exp(logits - logits.max())
        total = np.tensordot(weights / weights.sum(), information, 1)
        return np.trace(np.linalg.inv(total)) / 3

    rng = np.random.default_rng(0)
    found = [minimize(mean_square, rng.normal(size=9), method="BFGS").fun for _ in range(3)]
    plan = plan_shots(TWO, GUESS, candidates, shots=10**6)
    assert plan.error**2 * 10**6 == pytest.approx(min(found), rel=0.02)
    assert plan.shots == 10**6


def test_a_target_is_reached_by_the_fewest_shots():
    candidates = random_settings(2, [0.3, 0.6, 1.2], 30, seed=2)
    plan = plan_shots(TWO, GUESS, candidates, target=0.01)
    assert plan.error == pytest.approx(0.01, rel=0.01)
    assert plan.error <= 0.01
    np.testing.assert_allclose(expected_errors(TWO, GUESS, plan.settings), plan.errors, rtol=1e-6)
    assert np.sqrt(np.mean(plan.errors**2)) == pytest.approx(plan.error)
    uniform = [
        Setting(one.preparation, one.time, one.basis, round(plan.random_shots / 90))
        for one in candidates
    ]
    errors = expected_errors(TWO, GUESS, uniform)
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(plan.error, rel=0.02)
    assert plan.share < 0.5
    assert "the plan takes 0." in plan.lines()[-1]


def test_only_what_is_wanted_counts():
    candidates = random_settings(2, [0.3, 0.6, 1.2], 10, seed=4)
    everything = plan_shots(TWO, GUESS, candidates, shots=10_000)
    wanted = plan_shots(TWO, GUESS, candidates, shots=10_000, wanted=["Y@1"])
    assert wanted.error == wanted.errors[2] < everything.errors[2]


def test_what_was_measured_counts_and_changes_what_comes_next():
    candidates = random_settings(2, [0.4, 1.0], 20, seed=5)
    measured = [Setting("+z", 1.0, "YY", 3_000), Setting("+x", 0.4, "ZY", 100)]
    plan = plan_shots(TWO, GUESS, candidates, target=0.01, measured=measured)
    alone = plan_shots(TWO, GUESS, candidates, target=0.01)
    assert plan.error == pytest.approx(0.01, rel=0.01)
    assert plan.shots < 0.9 * alone.shots
    errors = expected_errors(TWO, GUESS, [*measured, *plan.settings])
    np.testing.assert_allclose(errors, plan.errors, rtol=1e-6)
    enough = [Setting(s.preparation, s.time, s.basis, 100 * s.shots) for s in plan.settings]
    with pytest.raises(ValueError, match="`target` must be below the error of what was measured"):
        plan_shots(TWO, GUESS, candidates, target=0.01, measured=enough)


def test_a_plan_at_a_guess_pays_in_fits():
    candidates = random_settings(2, [0.3, 0.6, 1.2], 30, seed=2)
    plan = plan_shots(TWO, np.array(GUESS) + 0.1, candidates, shots=9000)
    uniform = [Setting(one.preparation, one.time, one.basis, 100) for one in candidates]
    squares = []
    for settings in (plan.settings, uniform):
        fits = [
            fit_shots(TWO, simulate_shots(TWO, GUESS, settings, seed=seed), candidates=())
            for seed in range(8)
        ]
        squares.append(np.mean([(fit.parameters - GUESS) ** 2 for fit in fits]))
    assert squares[0] < 0.7 * squares[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "One of the arguments `target` and `shots` must be given"),
        ({"target": 0.1, "shots": 5}, "One of the arguments `target` and `shots` must be given"),
        ({"target": 0.0}, "Argument `target` must be positive"),
        ({"shots": 0}, "Argument `shots` must be positive"),
        ({"shots": 5, "wanted": ["Q"]}, "`wanted` must name parameters of the model, Z, but names"),
        ({"shots": 5}, "`candidates` must tell every parameter that is wanted, but not `Z`"),
    ],
)
def test_arguments_that_are_not_allowed(arguments, message):
    with pytest.raises(ValueError, match=message):
        plan_shots(ONE, [0.3], [Setting("+z", 1.0, "Z", 1)], **arguments)


def test_settings_must_be_some():
    with pytest.raises(ValueError, match="Argument `n_settings` must be positive"):
        random_settings(2, [0.5], 0)
