import numpy as np
import pytest

from qtf.autoregressive import GRUNetwork
from qtf.open_systems.full_sums import log_table
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.plan import Plan, PlannedEquation
from qtf.open_systems.povm_liouvillian import PovmLiouvillian
from qtf.open_systems.task import AllOutcomes, GaussNewtonStep
from qtf.open_systems.task.gauss_newton import PseudoTime
from qtf.physics import Chain

FOUR = {"local_dimension": 4, "heads": (4,), "dtype": "float64"}


@pytest.fixture
def model(heisenberg):
    return heisenberg(3, Chain(3).bonds())


@pytest.fixture
def step(model, randomized):
    network = randomized(GRUNetwork(n_positions=3, units=2, **FOUR), seed=1)
    distribution = OutcomeDistribution(network=network, dtype="float64")
    generator = PovmLiouvillian(model.bonds, model.matrices(), n_sites=3)
    equation = PlannedEquation(generator, Plan(tau=0.05, n_epochs=1, n_steady=1))
    outcomes = AllOutcomes(distribution, equation, n_samples=64, xla=False)
    return GaussNewtonStep(distribution, outcomes, outcomes.start, damping=1e-4, xla=False)


def test_matrix_is_that_of_finite_differences(step, model):
    distribution, dense, rate = step.model, model.dense(), 0.7

    def residual():
        p = np.exp(np.asarray(log_table(distribution)))
        return dense @ p - rate * scale * (p - start)

    start = np.exp(np.asarray(log_table(distribution)))
    scale = np.abs(np.linalg.eigvals(model.matrices())).max()
    linear = step.outcomes.linearize(step._differentiate())
    np.testing.assert_allclose(np.asarray(linear.residual), residual(), atol=1e-12)
    assert linear.size == pytest.approx(np.linalg.norm(residual()))
    assert linear.relative_size == pytest.approx(linear.size / (scale * np.linalg.norm(start)))
    rng = np.random.default_rng(2)
    directions = [rng.normal(size=v.shape) for v in distribution.trainable_variables]
    weights = distribution.get_weights()
    values = []
    for size in (1e-6, -1e-6):
        moved = [w + size * d for w, d in zip(weights, directions, strict=True)]
        distribution.set_weights(moved)
        values.append(residual())
    joined = np.concatenate([np.ravel(d) for d in directions])
    found = np.asarray(linear.held_back(rate)) @ joined
    np.testing.assert_allclose(found, (values[0] - values[1]) / 2e-6, atol=1e-7)


def test_search_of_a_symmetric_state_ends_with_all_digits(heisenberg, randomized):
    ring = Chain(3, periodic=True)
    model = heisenberg(3, ring.bonds())
    network = randomized(GRUNetwork(n_positions=3, units=4, activation="silu", **FOUR), seed=1)
    distribution = OutcomeDistribution(network=network, strings=ring.strings(6), dtype="float64")
    generator = PovmLiouvillian(model.bonds, model.matrices(), n_sites=3)
    equation = PlannedEquation(generator, Plan(tau=0.05, n_epochs=1, n_steady=1))
    outcomes = AllOutcomes(distribution, equation, n_samples=64, xla=False)
    step = GaussNewtonStep(distribution, outcomes, outcomes.start, damping=1e-4, xla=False)
    assert len(outcomes.orbits.first) == 20
    losses = [step.take() for _ in range(60)]
    assert losses[-1] < 1e-20 < 1e-3 < losses[0]
    p = np.exp(np.asarray(log_table(distribution)))
    np.testing.assert_allclose(model.dense() @ p, 0.0, atol=1e-9)


def test_a_step_that_is_tried_again_is_that_of_the_weights_before(step):
    weights, found = step.model.get_weights(), []
    move = step._move
    step._move = lambda before, linear: (move(before, linear), found.append(linear.size))
    step.outcomes.residual_size, sizes = (lambda: sizes.pop()), [0.0, np.inf, np.inf]
    rate = 10.0**2 * step._pseudo_time.rate
    linear = step.outcomes.linearize(step._differentiate())
    step.take()
    taken, after = step.model.get_weights(), float(step._pseudo_time.factor.value)
    assert found == [linear.size] * 3
    step.model.set_weights(weights)
    step._pseudo_time.factor.assign(rate * 1e6)
    move(list(weights), linear)
    for one, other in zip(taken, step.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    assert after < rate * 1e6


def test_steps_that_change_too_much_are_taken_back(step):
    weights, rate = step.model.get_weights(), step._pseudo_time.rate
    step.outcomes.residual_size = lambda: np.inf
    step.take()
    for found, before in zip(step.model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(found, before)
    # No rate has helped.
    assert step._pseudo_time.rate == pytest.approx(1e-6) != rate


def test_pseudo_time_goes_as_the_residual_falls():
    time = PseudoTime()
    start = float(time.factor.value)
    time.ratio = 1.5
    time.ease()
    assert float(time.factor.value) == pytest.approx(start / 1.8)
    time.ratio = 100.0
    time.ease()
    assert float(time.factor.value) == pytest.approx(start / 3.6)
    time.ratio = 0.5
    time.ease()
    assert float(time.factor.value) == pytest.approx(start / 3.6 / 1.2)
    time.harden()
    assert float(time.factor.value) == pytest.approx(start / 0.36 / 1.2)
    for _ in range(100):
        time.ratio = 100.0
        time.ease()
    assert time.rate == pytest.approx(1e-6)
