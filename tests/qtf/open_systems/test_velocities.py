"""Evolution by velocities of the weights: their direction, the length of steps, and what fails."""

import math

import keras
import numpy as np
import pytest
from scipy.linalg import expm

from qtf.autoregressive import GRUNetwork
from qtf.data.random_source import RandomSource
from qtf.open_systems.full_sums import all_outcomes, log_table
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.plan import Plan, PlannedEquation
from qtf.open_systems.povm_liouvillian import PovmLiouvillian
from qtf.open_systems.task import AllOutcomes, Samples, VariationalEvolution
from qtf.physics import Chain, tetrahedral

FOUR = {"local_dimension": 4, "heads": (4,), "activation": "silu", "dtype": "float64"}
INTERVAL, N_SAMPLES = 0.1, 300


@pytest.fixture
def model(heisenberg):
    return heisenberg(2, Chain(2).bonds())


@pytest.fixture
def make(model):
    def distribution():
        keras.utils.set_random_seed(0)
        network = GRUNetwork(n_positions=2, units=8, **FOUR)
        return OutcomeDistribution(network=network, dtype="float64")

    def evolution(*, tolerance=1e-3, shift=1e-9, samples=False, momentum=0.0):
        network = distribution()
        network.start_from_product(tetrahedral().site_probabilities([[0.6, 0.8j]])[0])
        generator = PovmLiouvillian(model.bonds, model.matrices(), n_sites=2)
        equation = PlannedEquation(generator, Plan(tau=INTERVAL / 2, n_epochs=2))
        if samples:
            outcomes = Samples(
                network,
                equation,
                n_samples=N_SAMPLES,
                xla=False,
                make_distribution=distribution,
                source=RandomSource((2, N_SAMPLES), seed=0, dtype="float64"),
                n_validation=50,
                seed=0,
            )
        else:
            outcomes = AllOutcomes(network, equation, n_samples=16, xla=False)
        return VariationalEvolution(
            network,
            outcomes,
            outcomes.start,
            diag_shift=shift,
            momentum=momentum,
            tolerance=tolerance,
            xla=False,
        )

    return evolution


def probabilities(evolution):
    return np.exp(np.asarray(log_table(evolution.model)))


def test_velocity_makes_log_p_follow_its_rates(make, model):
    evolution = make()
    p = probabilities(evolution)
    _, _, missed, *velocity = evolution._velocity(evolution.outcomes.numbers(0))
    weights = [weight.copy() for weight in evolution.model.get_weights()]
    tables = []
    for step in (1e-6, -1e-6):
        evolution._move(weights, velocity, step)
        tables.append(np.asarray(log_table(evolution.model)))
    found, rates = (tables[0] - tables[1]) / 2e-6, model.dense() @ p / p
    np.testing.assert_allclose(found - p @ found, rates - p @ rates, atol=2e-3)
    assert float(missed) < 1e-3


def test_error_falls_as_the_tolerance(make, model):
    errors = []
    for tolerance in (1e-2, 1e-4):
        evolution = make(tolerance=tolerance)
        start = probabilities(evolution)
        assert 0.0 <= evolution.take() < 1e-2
        exact = expm(INTERVAL * model.dense()) @ start
        errors.append(np.abs(probabilities(evolution) - exact).max())
    assert errors[0] < 1e-3
    assert errors[1] < 0.05 * errors[0]


def test_rates_of_samples_are_those_of_all_outcomes(make):
    sampled, exact = make(samples=True).outcomes, make().outcomes
    rows, rates, shares = map(np.asarray, sampled.rates(sampled.numbers(0)))
    _, every, table = map(np.asarray, exact.rates(exact.numbers(0)))
    np.testing.assert_allclose(rates, every[rows @ [4, 1]], rtol=1e-9)
    assert shares.sum() == pytest.approx(1.0) == table.sum()
    assert rows.shape == (N_SAMPLES, 2)
    assert np.asarray(all_outcomes(2)).shape == (16, 2)


def test_samples_follow_time_within_their_noise(make, model):
    evolution = make(samples=True, tolerance=1e-2, shift=1e-4, momentum=0.5)
    start = probabilities(evolution)
    evolution.take()
    exact = expm(INTERVAL * model.dense()) @ start
    np.testing.assert_allclose(probabilities(evolution), exact, atol=1e-2)
    assert np.abs(start - exact).max() > 2e-2


def test_the_same_epoch_draws_the_same_samples_and_others_do_not(make):
    one, other = make(samples=True, shift=1e-4), make(samples=True, shift=1e-4)
    assert one.take() == other.take()
    np.testing.assert_array_equal(probabilities(one), probabilities(other))
    numbers = [np.asarray(one.outcomes.numbers(number)) for number in (0, 1)]
    one.outcomes.equation.end_epoch()
    numbers.append(np.asarray(one.outcomes.numbers(0)))
    assert len({values.tobytes() for values in numbers}) == 3


def test_a_step_that_is_too_long_is_taken_back(make):
    evolution = make(tolerance=1e-6)
    before, state = probabilities(evolution), np.asarray(evolution.natural_gradient.state[0])
    error, _ = evolution._try_step(INTERVAL, evolution.outcomes.numbers(0))
    assert error > 1e-6
    np.testing.assert_array_equal(probabilities(evolution), before)
    np.testing.assert_array_equal(np.asarray(evolution.natural_gradient.state[0]), state)


def test_what_is_not_finite_is_damped_and_at_last_told(make):
    evolution = make()
    before = probabilities(evolution)
    evolution._log_probs = lambda rows: np.full(16, np.nan)
    assert math.isnan(evolution.take())
    np.testing.assert_array_equal(np.isfinite(probabilities(evolution)), True)
    assert float(evolution.natural_gradient.damping.factor.value) >= 1e3
    assert before.shape == (16,)
