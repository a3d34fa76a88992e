import numpy as np
import pytest

from qtf.dynamics import baselines
from qtf.dynamics.evaluation import evaluate
from qtf.dynamics.metrics import METRICS, Summary, all_metrics, relative_entropy
from qtf.physics import Chain, Eigenbasis, ising, sample_initial_states

DT = 0.002


def exact_trajectories(n_sites, n_sequences, n_steps, seed=0):
    psi0 = sample_initial_states("paper", n_sites, n_sequences, seed=seed)
    basis = Eigenbasis.from_hamiltonian(ising(Chain(n_sites)))
    return basis.evolve(psi0, DT * np.arange(n_steps + 1))


def test_relative_entropy_of_two_distributions_by_hand():
    exact, predicted = np.array([0.6, 0.8j]), np.array([2.0, 2.0])
    p = np.array([0.6, 0.8]) / 1.4
    assert relative_entropy(exact, predicted) == pytest.approx(sum(p * np.log(p / 0.5)))


def test_relative_entropy_ignores_phases_and_norm():
    psi = sample_initial_states("haar", 3, 5, seed=1)
    phases = np.exp(1j * np.arange(8))
    np.testing.assert_allclose(relative_entropy(psi, 3.0 * phases * psi), 0.0, atol=1e-15)


# Measured with 200 `paper` states and quoted in the design of the evaluation.
@pytest.mark.parametrize(
    ("n_sites", "persistence", "line"),
    [(2, 0.044, 0.0010), (3, 0.073, 0.0047), (5, 0.139, 0.020), (7, 0.208, 0.041)],
)
def test_trivial_predictors_reach_their_known_errors(n_sites, persistence, line):
    exact = exact_trajectories(n_sites, 200, 100)
    for predict, known in ((baselines.persistence, persistence), (baselines.straight_line, line)):
        found = relative_entropy(exact[:, 100], predict(exact)[:, 100]).mean()
        assert found == pytest.approx(known, rel=0.15)


def test_least_squares_is_exact_once_it_has_enough_states():
    training, test = exact_trajectories(3, 2, 30), exact_trajectories(3, 4, 50, seed=1)
    propagator = baselines.least_squares_propagator(training)
    predicted = baselines.linear_rollout(propagator, test[:, 0], 50)
    np.testing.assert_allclose(predicted, test, atol=1e-7)


def test_least_squares_with_one_state_only_is_not_exact():
    training, test = exact_trajectories(3, 1, 1), exact_trajectories(3, 4, 50, seed=1)
    propagator = baselines.least_squares_propagator(training)
    assert np.abs(baselines.linear_rollout(propagator, test[:, 0], 50) - test).max() > 0.1


def test_all_metrics_of_a_scaled_state_differ_in_norm_only():
    exact = exact_trajectories(3, 4, 10)
    values = all_metrics(exact, 1.1 * exact, ising(Chain(3)))
    assert set(values) == set(METRICS)
    np.testing.assert_allclose(values["norm_error"], 0.1, atol=1e-12)
    np.testing.assert_allclose(values["fidelity"], 1.0, atol=1e-12)
    for name in ("mean_relative_entropy", "energy_drift", "magnetization_error"):
        np.testing.assert_allclose(values[name], 0.0, atol=1e-12)


def test_all_metrics_see_a_flipped_spin():
    exact = exact_trajectories(2, 4, 3)
    flipped = exact[..., [2, 3, 0, 1]]
    values = all_metrics(exact, flipped, ising(Chain(2)))
    for name in ("mean_relative_entropy", "energy_drift", "magnetization_error"):
        assert values[name].mean() > 1e-2
    assert values["fidelity"].mean() < 0.99


def test_squared_and_amplitude_error_of_a_state_by_hand():
    exact = np.array([[[0.6, 0.8j]]])
    predicted = np.array([[[0.6 + 0.3j, 0.4j]]])
    values = all_metrics(exact, predicted, ising(Chain(1)))
    assert values["mean_squared_error"] == pytest.approx((0.09 + 0.16) / 4)
    assert values["amplitude_error"] == pytest.approx(0.4)


def test_summary_covers_the_true_mean_in_95_percent():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(500):
        summary = Summary.of(rng.normal(1.0, 2.0, size=(100, 1)))
        covered += summary.low[0] <= 1.0 <= summary.high[0]
    assert 0.92 < covered / 500 < 0.975


def test_summary_of_one_sequence_has_no_interval():
    summary = Summary.of(np.ones((1, 3)))
    assert np.isnan(summary.low).all()
    np.testing.assert_array_equal(summary.mean, 1.0)


def test_summary_of_an_infinite_error_has_no_interval():
    summary = Summary.of(np.array([[np.inf, 1.0], [1.0, 2.0]]))
    np.testing.assert_array_equal(summary.mean, [np.inf, 1.5])
    assert np.isnan(summary.low[0])
    assert np.isfinite(summary.low[1])


def test_evaluate_gives_the_exact_model_no_error():
    basis = Eigenbasis.from_hamiltonian(ising(Chain(3)))
    times = DT * np.arange(21)
    psi0 = sample_initial_states("paper", 3, 6, seed=3)
    result = evaluate(
        lambda psi: basis.evolve(psi, times),
        psi0,
        ising(Chain(3)),
        dt=DT,
        n_steps=20,
        training=exact_trajectories(3, 3, 20),
    )
    assert result.n_sequences == 6
    assert set(result.summaries["fidelity"]) == {
        "model",
        "persistence",
        "straight line",
        "least squares",
    }
    errors = {name: s.mean[20] for name, s in result.summaries["mean_relative_entropy"].items()}
    assert errors["model"] < 1e-12
    assert errors["least squares"] < 1e-9
    assert errors["straight line"] < errors["persistence"]
    assert result.exact.shape == result.predicted.shape == (21, 8)


def test_evaluate_names_a_prediction_that_is_not_finite():
    psi0 = sample_initial_states("paper", 2, 3, seed=3)

    def diverging(psi):
        trajectory = np.repeat(psi[:, None], 6, axis=1)
        trajectory[:, 4:] = np.nan
        return trajectory

    with pytest.raises(ValueError, match="prediction for n = 2 is not finite from step 4 on"):
        evaluate(diverging, psi0, ising(Chain(2)), dt=DT, n_steps=5)


def test_metrics_of_normalised_states_do_not_see_the_norm_of_either():
    exact = exact_trajectories(3, 2, 5)
    predicted = exact[:, ::-1]
    hamiltonian = ising(Chain(3))
    usual = all_metrics(exact, predicted, hamiltonian)
    scaled = all_metrics(2.0 * exact, 1e-3 * predicted, hamiltonian)
    for name in ("mean_relative_entropy", "fidelity", "energy_drift", "magnetization_error"):
        np.testing.assert_allclose(scaled[name], usual[name], atol=1e-12)
    twice = all_metrics(2.0 * exact, 2.0 * predicted, hamiltonian)
    np.testing.assert_allclose(twice["amplitude_error"], 2 * usual["amplitude_error"], rtol=1e-12)


STATES = np.ones((2, 3, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: relative_entropy(STATES, STATES[:1]),
            r"shape of `exact`, \(2, 3, 4\), .*\(1, 3, 4\)",
        ),
        (
            lambda: relative_entropy(STATES, 0 * STATES),
            "`predicted` must hold states, none of which",
        ),
        (lambda: relative_entropy(STATES[..., :3], STATES), r"axis of `exact` must be 2\*\*n"),
        (lambda: relative_entropy(STATES, np.nan * STATES), "`predicted` must be finite"),
        (lambda: all_metrics(STATES[0], STATES[0], ising(Chain(2))), r"`exact` .* shape \(3, 4\)"),
        (lambda: all_metrics(STATES, STATES, ising(Chain(3))), "8 amplitudes"),
        (lambda: Summary.of(np.ones((0, 3))), r"at least one sequence, but has shape \(0, 3\)"),
        (lambda: Summary.of(np.ones(3)), r"\(n_sequences, n_times\) .* shape \(3,\)"),
        (lambda: baselines.persistence(STATES[0]), "at least one time, but have shape"),
        (lambda: baselines.straight_line(STATES[:, :1]), "at least two times, but have shape"),
        (lambda: baselines.least_squares_propagator(STATES[:0]), "at least one trajectory"),
        (lambda: baselines.least_squares_propagator(STATES[:, :1]), "at least two times"),
        (lambda: baselines.linear_rollout(np.eye(4), STATES, 2), r"\(4, 4\) and \(2, 3, 4\)"),
        (lambda: baselines.linear_rollout(np.eye(2), STATES[0], 2), r"\(2, 2\) and \(3, 4\)"),
        (lambda: baselines.linear_rollout(np.nan * np.eye(4), STATES[0], 2), "must be finite"),
        (lambda: baselines.linear_rollout(np.eye(4), STATES[0], 1.5), "`n_steps` must be an int"),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"psi0": np.ones(4)}, r"with at least one state, but has shape \(4,\)"),
        ({"psi0": np.ones((0, 4))}, r"with at least one state, but has shape \(0, 4\)"),
        ({"psi0": np.zeros((1, 4))}, "`psi0` must hold states, none of which is 0"),
        ({"n_steps": 0}, "`n_steps` must be positive, but is 0"),
        ({"dt": -1.0}, "`dt` must be positive, but is -1.0"),
        ({"n_steps": 3}, r"n = 2 must have the shape \(1, 4, 4\), but has \(1, 3, 4\)"),
    ],
)
def test_evaluate_names_mistakes(changes, message):
    arguments = {"psi0": np.ones((1, 4)), "dt": DT, "n_steps": 2, **changes}

    def standing(psi0):
        return np.repeat(psi0[:, None], 3, axis=1)

    with pytest.raises(ValueError, match=message):
        evaluate(standing, arguments.pop("psi0"), ising(Chain(2)), **arguments)
