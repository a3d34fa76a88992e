import itertools

import keras
import numpy as np
import pytest
import scipy.linalg
from keras import ops

from qtf.autoregressive import GRUNetwork, Transformer
from qtf.open_systems.full_sums import all_outcomes, log_table
from qtf.open_systems.objectives import (
    Objective,
    advance_ratios,
    advance_table,
    forward_backward,
    steady_state,
)
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.povm_liouvillian import PovmLiouvillian
from qtf.open_systems.rules import RULES
from qtf.physics import Chain
from qtf.training.compilation import compiled
from qtf.training.gradients import accumulated_gradients

FOUR = {"local_dimension": 4, "heads": (4,), "dtype": "float64"}
TAU = 0.05
NORMS = ["l1", "chi2"]


@pytest.fixture
def model(heisenberg):
    return heisenberg(3, Chain(3).bonds())


@pytest.fixture
def generator(model):
    return PovmLiouvillian(model.bonds, model.matrices(), n_sites=3, chunk=4)


@pytest.fixture
def make(randomized):
    def distribution(seed, network=None):
        made = network or GRUNetwork(n_positions=3, units=3, **FOUR)
        strings = ((0, 1, 2), (2, 0, 1))
        return OutcomeDistribution(network=randomized(made, seed=seed), strings=strings)

    return distribution


def objectives(generator, old):
    """Both objectives with known(a) of all outcomes."""
    return {
        "step": (
            forward_backward,
            (generator, TAU),
            advance_table(generator, log_table(old), TAU),
        ),
        "steady": (steady_state, (generator,), 0.0),
    }


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", ["step", "steady"])
def test_gradient_of_the_full_sum_equals_finite_differences(generator, make, gradients, norm, name):
    old, new = make(1), make(2)
    function, arguments, known = objectives(generator, old)[name]
    objective = function(*arguments, norm)
    frozen = np.exp(np.asarray(log_table(new)))

    def value():
        if norm == "l1":
            return float(objective.of_table(log_table(new), known))
        table = np.exp(np.asarray(log_table(new)))
        applied = np.asarray(generator.apply(ops.convert_to_tensor(table)))
        share, factor = objective.factors
        r = share * table + factor * applied - np.asarray(known)
        return float(np.sum(r**2 / frozen))

    _, found = gradients(lambda: objective.of_table(log_table(new), known), [], new)
    rng = np.random.default_rng(0)
    directions = [rng.standard_normal(variable.shape) for variable in new.variables]
    starts = [np.asarray(variable) for variable in new.variables]
    values = []
    for step in (1e-5, -1e-5):
        for variable, start, direction in zip(new.variables, starts, directions, strict=True):
            variable.assign(start + step * direction)
        values.append(value())
    expected = (values[0] - values[1]) / 2e-5
    slope = sum(np.sum(g * d) for g, d in zip(found, directions, strict=True))
    assert slope == pytest.approx(expected, rel=1e-6)


def test_signs_of_samples_count_from_their_mean(generator, make):
    # Their mean changes nothing in the mean, but would be noise in the gradient.
    distribution = make(2)
    uniforms = np.random.default_rng(0).random((distribution.n_uniforms, 60))
    outcomes = distribution.sample(ops.convert_to_tensor(uniforms))
    diagonal, _ = generator.terms(distribution, outcomes)
    _, of_samples, _ = steady_state(generator, "l1").of_samples(distribution, outcomes)
    signs = np.asarray(of_samples) / np.asarray(diagonal)
    assert signs.sum() == pytest.approx(0, abs=1e-12)
    assert signs.std() > 1e-3


@pytest.mark.long
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="accumulates by TensorFlow")
# All four pairs are compared with NumPy above.
@pytest.mark.parametrize(("name", "norm"), [("step", "l1"), ("steady", "chi2")])
def test_samples_give_value_and_gradient_of_the_full_sum(generator, make, gradients, norm, name):
    old, new = make(1), make(2)
    function, arguments, known = objectives(generator, old)[name]
    objective = function(*arguments, norm)
    # As often as they are likely, up to rounding: then means over samples are sums.
    table = np.exp(np.asarray(log_table(new)))
    every = np.array(list(itertools.product(range(4), repeat=3)), "int32")
    outcomes = ops.convert_to_tensor(np.repeat(every, np.round(40_000 * table).astype(int), axis=0))

    def sampled(outcomes):
        ratios = advance_ratios(generator, old, new, outcomes, TAU) if name == "step" else 0.0
        value, *weights = objective.of_samples(new, outcomes, ratios)
        pieces = accumulated_gradients(
            lambda piece: objective.surrogate(new, outcomes, weights, piece),
            objective.n_pieces,
            new.trainable_variables,
        )
        return value, pieces

    run = compiled(sampled, variables=[*old.variables, *new.variables], xla=False)
    value, found = run(outcomes)
    expected, exact = gradients(lambda: objective.of_table(log_table(new), known), [], new)
    assert float(value) == pytest.approx(expected, rel=2e-3)
    found, exact = (np.concatenate([np.ravel(g) for g in parts]) for parts in (found, exact))
    assert np.linalg.norm(found - exact) < 5e-3 * np.linalg.norm(exact)


def test_all_outcomes_count_to_the_base_four(make):
    every = np.asarray(all_outcomes(3))
    np.testing.assert_array_equal(every, list(itertools.product(range(4), repeat=3)))
    distribution = make(1)
    np.testing.assert_allclose(
        np.asarray(distribution(ops.convert_to_tensor(every))),
        np.asarray(log_table(distribution)),
        atol=1e-12,
    )


@pytest.mark.parametrize("name", ["step", "steady"])
def test_ratios_have_the_size_of_the_residual(generator, model, make, name):
    old, new = make(1), make(2)
    function, arguments, known = objectives(generator, old)[name]
    objective = function(*arguments, "chi2")
    logs = log_table(new)
    ratios = np.asarray(objective.ratios_of_table(logs, known))
    p = np.exp(np.asarray(logs))
    matrix = np.eye(64) - TAU * model.dense() if name == "step" else model.dense()
    np.testing.assert_allclose(ratios, (matrix @ p - np.asarray(known)) / p, atol=1e-9)
    assert np.sum(p * ratios**2) == pytest.approx(float(objective.of_table(logs, known)))
    absolute = function(*arguments, "l1")
    assert np.sum(p * np.abs(ratios)) == pytest.approx(float(absolute.of_table(logs, known)))
    every = all_outcomes(3)
    known_ratios = advance_ratios(generator, old, new, every, TAU) if name == "step" else 0.0
    sampled = np.asarray(objective.ratios_of_samples(new, every, known_ratios))
    np.testing.assert_allclose(sampled, ratios, atol=1e-9)
    # Every outcome once.
    value, *_ = objective.of_samples(new, every, known_ratios)
    assert float(value) == pytest.approx(np.mean(sampled**2))


@pytest.mark.parametrize("rule", RULES)
def test_one_solve_advances_two_tau_with_the_error_of_its_rule(generator, model, rule):
    dense, order = model.dense(), RULES[rule].order
    # A density matrix's, that is one which time takes nowhere impossible.
    p = scipy.linalg.expm(0.3 * dense) @ np.full(64, 1 / 64)
    errors = []
    for tau in (0.012, 0.006, 0.003):
        logs = ops.log(ops.convert_to_tensor(p))
        known = np.asarray(advance_table(generator, logs, tau, rule=rule))
        factors = RULES[rule].backward(tau)
        powers = [np.linalg.matrix_power(dense, k) for k in range(len(factors))]
        solved = np.linalg.solve(np.tensordot(factors, powers, 1), known)
        size = forward_backward(generator, tau, rule=rule).of_table(
            ops.log(ops.convert_to_tensor(solved)), known
        )
        assert float(size) < 1e-12
        errors.append(np.abs(solved - scipy.linalg.expm(2 * tau * dense) @ p).sum())
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    np.testing.assert_allclose(orders, order + 1.0, atol=0.1)


@pytest.mark.parametrize("norm", NORMS)
def test_objective_of_a_steady_state_is_zero_there_only(generator, model, norm):
    steady = np.abs(scipy.linalg.null_space(model.dense(), rcond=1e-10)[:, 0])
    steady /= steady.sum()
    objective = steady_state(generator, norm)
    assert float(objective.of_table(np.log(steady))) < 1e-10
    assert float(objective.of_table(np.log(np.full(64, 1 / 64)))) > 0.1


def test_gradient_is_finite_with_the_network_of_the_paper(generator, randomized, gradients):
    network = Transformer(n_positions=3, units=4, n_layers=1, n_attention_heads=1, **FOUR)
    distribution = OutcomeDistribution(network=randomized(network))
    objective = steady_state(generator)
    run = compiled(
        lambda: objective.of_table(log_table(distribution)), variables=distribution.variables
    )
    _, found = gradients(lambda: run(), [], distribution)
    assert all(np.abs(part).max() > 0 and np.isfinite(part).all() for part in found)


@pytest.mark.parametrize(
    ("make_wrong", "message"),
    [
        (lambda generator: Objective(generator, (1.0, 1.0), "l2"), 'l1, chi2, but is "l2"'),
        (lambda generator: Objective(generator, (1.0, float("nan"))), r"numbers, .* \(1.0, nan\)"),
        (lambda generator: Objective(generator, (1.0,)), r"at least two .* \(1.0,\)"),
        (lambda generator: forward_backward(generator, 0.0), "positive, but is 0.0"),
        (
            lambda generator: forward_backward(generator, 0.1, rule="euler"),
            'one of trapezoid, pade, but is "euler"',
        ),
        (
            lambda generator: forward_backward(generator, 0.1, rule="pade").ratios_of_samples(
                None, np.zeros((1, 3), "int32")
            ),
            "two factors, .* there are 3",
        ),
    ],
)
def test_mistakes_are_named(generator, make_wrong, message):
    with pytest.raises(ValueError, match=message):
        make_wrong(generator)
