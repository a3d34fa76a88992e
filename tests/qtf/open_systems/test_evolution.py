"""Evolution by implicit steps: what a step is, how long it is, and what it says of its error."""

import keras
import numpy as np
import pytest
from scipy.linalg import expm

from qtf.autoregressive import GRUNetwork
from qtf.open_systems.fit import spread_weights
from qtf.open_systems.full_sums import log_table
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.plan import Plan, PlannedEquation
from qtf.open_systems.povm_liouvillian import PovmLiouvillian
from qtf.open_systems.rules import RULES
from qtf.open_systems.task import AllOutcomes, ImplicitEvolution
from qtf.open_systems.task.evolution import FIRST_STEP, SHORTEST_STEP
from qtf.physics import Chain, tetrahedral

FOUR = {"local_dimension": 4, "heads": (4,), "activation": "silu", "dtype": "float64"}
INTERVAL = 0.1


LEFT = [np.sqrt(0.5), -1j * np.sqrt(0.5)]


class Product:
    """Spins along -y."""

    def table(self):
        return tetrahedral().product_probabilities([LEFT] * 2)


@pytest.fixture
def model(heisenberg):
    return heisenberg(2, Chain(2).bonds())


@pytest.fixture
def make(model):
    def evolution(*, units=8, tolerance=1e-5, rule="pade", interval=INTERVAL):
        keras.utils.set_random_seed(0)
        network = GRUNetwork(n_positions=2, units=units, **FOUR)
        distribution = OutcomeDistribution(network=network, dtype="float64")
        distribution.start_from_product(tetrahedral().site_probabilities([LEFT])[0])
        spread_weights(distribution, 0)
        generator = PovmLiouvillian(model.bonds, model.matrices(), n_sites=2)
        equation = PlannedEquation(generator, Plan(tau=interval / 2, n_epochs=2, rule=rule))
        outcomes = AllOutcomes(distribution, equation, n_samples=16, xla=False)
        return ImplicitEvolution(
            distribution,
            outcomes,
            (),
            start=Product(),
            damping=1e-6,
            tolerance=tolerance,
            xla=False,
        )

    return evolution


def probabilities(evolution):
    return np.exp(np.asarray(log_table(evolution.model)))


def test_probabilities_are_exact_to_the_tolerance(make, model):
    evolution, dense = make(), model.dense()
    for n_intervals in (1, 2):
        largest = evolution.take()
        evolution.equation.end_epoch()
        exact = expm(n_intervals * INTERVAL * dense) @ Product().table()
        found = probabilities(evolution)
        assert np.abs(found - exact).max() < 3e-5
        assert 0.0 < largest < 1e-5
        assert evolution.largest_residual == largest
        estimated = evolution.estimated_errors.sum(axis=0)
        # The estimate leaves out what is of higher order.
        assert np.linalg.norm(estimated - (found - exact)) < 0.3 * np.linalg.norm(found - exact)


@pytest.mark.parametrize("rule", ["trapezoid", "pade"])
def test_error_of_a_rule_is_that_of_one_step(make, model, rule):
    evolution, dense = make(rule=rule, tolerance=1.0), model.dense()
    table, step = Product().table(), 0.02
    factors = RULES[rule].coefficients
    backward, forward = (
        sum(c * np.linalg.matrix_power(sign * step / 2 * dense, k) for k, c in enumerate(factors))
        for sign in (-1.0, 1.0)
    )
    missing = expm(step * dense) @ table - np.linalg.solve(backward, forward @ table)
    found = evolution._left_out(table, step / 2)
    # What is of higher order is left out of it.
    assert np.linalg.norm(found - missing) < 0.12 * np.linalg.norm(missing)


def test_errors_are_carried_on_exactly(make, model):
    error = np.random.default_rng(0).normal(size=(16, 2))
    expected = expm(3.0 * model.dense()) @ error
    np.testing.assert_allclose(make()._carry(error, 3.0), expected, atol=1e-12)


def test_steps_grow_where_they_are_easy_and_fall_where_the_rule_is_wrong(make):
    evolution = make(rule="trapezoid", tolerance=1e-4)
    evolution.take()
    assert FIRST_STEP * INTERVAL < float(np.asarray(evolution._step)) < INTERVAL
    short = make(rule="trapezoid", tolerance=1e-6)
    short.take()
    assert float(np.asarray(short._step)) < 0.5 * float(np.asarray(evolution._step))


def test_a_network_that_cannot_follow_says_so(make, model):
    evolution = make(units=1, tolerance=1e-6, interval=1.0)
    evolution._step.assign(1.5 * SHORTEST_STEP)
    # Two steps: one is taken back, and then as short as they get.
    size, _, taken = evolution._try_step(1.5 * SHORTEST_STEP)
    assert not taken
    assert size > 1e-6
    before = probabilities(evolution)
    size, _, taken = evolution._try_step(SHORTEST_STEP)
    assert taken
    assert size > 1e-6
    assert np.abs(probabilities(evolution) - before).max() > 0.0
