"""Evolution by projected steps: what a step is, how long it is, and what it says of its error."""

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
from qtf.open_systems.task import AllOutcomes, ProjectedEvolution
from qtf.physics import Chain, tetrahedral

FOUR = {"local_dimension": 4, "heads": (4,), "activation": "silu", "dtype": "float64"}
INTERVAL = 0.1


LEFT = [np.sqrt(0.5), -1j * np.sqrt(0.5)]


class Product:
    """Spins along -y, unless they are given."""

    def __init__(self, spins=(LEFT, LEFT)):
        self.spins = spins

    def table(self):
        return tetrahedral().product_probabilities(self.spins)


@pytest.fixture
def model(heisenberg):
    return heisenberg(2, Chain(2).bonds())


@pytest.fixture
def make(model):
    def evolution(*, units=8, tolerance=1e-5, interval=INTERVAL, n_strings=0, start=None):
        keras.utils.set_random_seed(0)
        network = GRUNetwork(n_positions=2, units=units, **FOUR)
        strings = Chain(2).strings(n_strings)
        distribution = OutcomeDistribution(network=network, strings=strings, dtype="float64")
        distribution.start_from_product(tetrahedral().site_probabilities([LEFT])[0])
        spread_weights(distribution, 0)
        generator = PovmLiouvillian(model.bonds, model.matrices(), n_sites=2)
        equation = PlannedEquation(generator, Plan(tau=interval / 2, n_epochs=2))
        outcomes = AllOutcomes(distribution, equation, n_samples=16, xla=False)
        return ProjectedEvolution(
            distribution,
            outcomes,
            (),
            start=start or Product(),
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
        np.testing.assert_allclose(evolution.error, found - exact, atol=1e-12)


def test_orders_that_are_averaged_need_one_outcome_of_each_orbit(make, model):
    evolution = make(n_strings=2)
    evolution.take()
    exact = expm(INTERVAL * model.dense()) @ Product().table()
    np.testing.assert_allclose(probabilities(evolution), exact, atol=3e-5)
    assert evolution._matrix(evolution._derivatives(), np.ones(10)).shape[0] == 10
    assert evolution.bytes() < make().bytes()


def test_a_start_without_the_symmetry_needs_all_outcomes(make):
    evolution = make(n_strings=2, start=Product((LEFT, [1.0, 0.0])))
    assert evolution._matrix(evolution._derivatives(), np.ones(16)).shape[0] == 16


def test_tables_are_carried_on_exactly(make, model):
    table = np.random.default_rng(0).normal(size=16)
    expected = expm(3.0 * model.dense()) @ table
    np.testing.assert_allclose(make()._carry(table, 3.0), expected, atol=1e-12)


def test_steps_grow_where_they_are_easy(make):
    evolution = make()
    evolution.take()
    assert float(np.asarray(evolution._step)) == pytest.approx(INTERVAL)


def test_a_step_that_the_network_cannot_follow_is_taken_back(make):
    evolution = make(units=1, tolerance=1e-6, interval=1.0)
    before = evolution.model.get_weights()
    assert evolution._try_step(probabilities(evolution), 0.5) > 1e-6
    for one, other in zip(before, evolution.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_shortest_step_is_taken_whatever_it_leaves(make):
    evolution = make(units=1, tolerance=1e-6, interval=1.0)
    before = probabilities(evolution)
    size = evolution._try_step(before, evolution.shortest)
    assert size > 1e-6
    assert np.abs(probabilities(evolution) - before).max() > 1e-3
