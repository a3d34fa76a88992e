import numpy as np
import pytest

from qtf.measurements import Experiments, Setting, ShotModel, fit_shots, simulate_shots
from tests.qtf.measurements.conftest import random_settings


def test_a_fit_recovers_couplings_from_no_guess(pure):
    model, truth, shots = pure
    fit = fit_shots(model, shots)
    assert fit.explains_the_data
    assert fit.converged
    assert fit.n_starts == 1
    assert fit.determined.all()
    off = fit.parameters - truth
    # Chi squared of 4 degrees of freedom, of which 18.5 is exceeded once in a thousand.
    assert off @ np.linalg.solve(fit.covariance, off) < 18.5
    assert fit.errors.max() < 0.02
    np.testing.assert_allclose(fit.sandwich_errors, fit.errors, rtol=0.2)
    assert fit.hamiltonian.coefficients[((1, "Z"),)] == fit["Z@2"]


def test_a_fit_recovers_rates_and_readout_errors(noisy):
    model, truth, shots = noisy
    fit = fit_shots(model, shots)
    assert fit.explains_the_data
    off = fit.parameters - truth
    assert off @ np.linalg.solve(fit.covariance, off) < 24.3
    assert fit.missing == ()


def test_errors_are_those_of_many_draws():
    model = ShotModel.of_words(1, terms=["X", "Z"])
    settings = random_settings(np.random.default_rng(3), 1, 20, shots=50)
    truth = np.array([0.6, -0.3])
    fits = [
        fit_shots(model, simulate_shots(model, truth, settings, seed=seed), candidates=())
        for seed in range(60)
    ]
    z = np.array([(fit.parameters - truth) / fit.errors for fit in fits])
    assert 0.8 < z.std() < 1.2
    # Whether a model is right is said as often as p values say.
    assert np.mean([fit.goodness.p_value for fit in fits]) == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        (
            "ZZ",
            {
                "terms": ["X"],
                "jumps": ["decay", "pump", "dephasing@2"],
                "readout": ["e01", "e10@1"],
            },
        ),
        (
            "pump",
            {"terms": ["X", "ZZ"], "jumps": ["decay", "dephasing@2"], "readout": ["e01", "e10@1"]},
        ),
        (
            "e01",
            {"terms": ["X", "ZZ"], "jumps": ["decay", "pump", "dephasing@2"], "readout": ["e10@1"]},
        ),
    ],
)
def test_what_is_left_out_is_noticed_and_named(noisy, left_out, words):
    fit = fit_shots(ShotModel.of_words(2, **words), noisy[2], n_starts=1)
    assert fit.goodness.p_value < 1e-3
    assert not fit.explains_the_data
    assert left_out in [one.name for one in fit.missing[:2]]
    assert "does not explain the data" in "\n".join(fit.lines())
    assert left_out in fit.lines()[-1]


def test_jumps_are_named_where_none_were_expected():
    settings = random_settings(np.random.default_rng(8), 2, 40, shots=2000)
    truth = ShotModel.of_words(2, terms=["XX"], jumps=["dephasing"])
    shots = simulate_shots(truth, [0.5, 0.1], settings, seed=0)
    fit = fit_shots(ShotModel.of_words(2, terms=["XX"]), shots, n_starts=1)
    assert fit.missing[0].name == "dephasing"


def test_given_values_stay_and_priors_pull():
    settings = random_settings(np.random.default_rng(4), 2, 30)
    model = ShotModel.of_words(2, terms=["X", "ZZ"])
    shots = simulate_shots(model, [0.5, 0.8], settings, seed=2)
    free = fit_shots(model, shots)
    given = fit_shots(model, shots, fixed={"ZZ": 0.8})
    assert given["ZZ"] == 0.8
    assert given.errors[1] == 0.0
    assert given.errors[0] <= free.errors[0]
    assert "(given)" in given.lines()[2]
    narrow = fit_shots(model, shots, priors={"ZZ": (0.9, 1e-4)})
    assert narrow["ZZ"] == pytest.approx(0.9, abs=1e-3)
    weak = fit_shots(model, shots, priors={"ZZ": (0.9, 1e3)})
    assert weak["ZZ"] == pytest.approx(free["ZZ"], abs=1e-4)


def test_what_the_data_do_not_tell_has_no_error_bar():
    # Spins that are up and measured in Z do not turn about Z.
    model = ShotModel.of_words(1, terms=["X", "Z"])
    shots = simulate_shots(model, [0.0, 0.3], [Setting("+x", 0.5, "X", 500)], seed=0)
    fit = fit_shots(ShotModel.of_words(1, terms=["X", "Z"]), shots, candidates=())
    assert fit.determined.tolist() == [False, True] or not fit.determined.all()
    assert np.isinf(fit.errors[0])
    assert fit.to_dict()["parameters"][0]["error"] is None


def test_a_second_start_finds_what_the_first_misses():
    # A single late time: from 0 the fit ends in a valley beside the truth.
    model = ShotModel.of_words(2, terms=["X", "Y", "Z", "ZZ"])
    truth = np.array([1.7, -1.2, 0.9, 1.4])
    settings = [
        Setting(one.preparation, 1.0, one.basis, one.shots)
        for one in random_settings(np.random.default_rng(5), 2, 60)
    ]
    shots = simulate_shots(model, truth, settings, seed=1)
    alone = fit_shots(model, shots, n_starts=1)
    assert not alone.explains_the_data
    fit = fit_shots(model, shots, n_starts=60)
    assert fit.explains_the_data
    assert 1 < fit.n_starts <= 60
    assert fit.log_likelihood > alone.log_likelihood


def test_a_fit_goes_on_from_a_guess(pure):
    model, truth, shots = pure
    first = fit_shots(model, shots, candidates=())
    near = dict(zip(model.names, truth + 0.1, strict=True))
    again = fit_shots(model, shots, candidates=(), start=near)
    np.testing.assert_allclose(again.parameters, first.parameters, atol=0.02 * first.errors.max())


def test_what_the_shortest_time_hardly_tells_does_not_wander():
    # One preparation and few bases at the shortest time, where X@2 turns no spin that is seen.
    model = ShotModel.of_words(2, terms=["X@each", "Y@each", "Z@each"])
    short = [Setting("+z +x", 0.1, "XX", 200), Setting("+z +x", 0.1, "YX", 200)]
    late = random_settings(np.random.default_rng(3), 2, 40, longest=2.0)
    shots = simulate_shots(model, [0.5, 0.9, 0.2, 0.1, -0.3, 0.4], [*short, *late], seed=1)
    fit = fit_shots(model, shots, candidates=(), n_starts=1)
    assert fit.explains_the_data
    assert np.abs(fit.parameters).max() < 1.2


def test_rates_stay_at_0_where_there_are_none():
    model = ShotModel.of_words(1, terms=["X"], jumps=["decay"], readout=["e01"])
    settings = random_settings(np.random.default_rng(9), 1, 30)
    shots = simulate_shots(model, [0.7, 0.0, 0.0], settings, seed=5)
    fit = fit_shots(model, shots)
    assert fit["decay"] >= 0.0
    assert fit["e01"] >= 0.0
    assert fit.explains_the_data


def test_residuals_show_where_a_model_fails():
    settings = [Setting("+z", 0.3 * k, "YY", 5000) for k in (1, 2, 3)]
    truth = ShotModel.of_words(2, terms=["X@1", "X@2"])
    shots = simulate_shots(truth, [0.2, 0.9], settings, seed=0)
    fit = fit_shots(ShotModel.of_words(2, terms=["X@1"]), shots, n_starts=1, candidates=())
    assert list(fit.goodness.residuals) == pytest.approx([0.3, 0.6, 0.9])
    first, second = np.array(list(fit.goodness.residuals.values())).T
    assert first.max() < 10
    assert second.min() > 100


def test_progress_is_told(pure):
    lines = []
    fit_shots(pure[0], pure[2], report=lines.append)
    assert lines[0].startswith("start 1: log L = ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fixed": {"Q": 1.0}}, "`fixed` must name parameters of the model, X, but names 'Q'"),
        ({"start": {"Q": 1.0}}, "`start` must name parameters of the model"),
        ({"start": {"X": np.inf}}, "Argument `start` must be finite"),
        ({"priors": {"Q": (1.0, 1.0)}}, "`priors` must name parameters of the model"),
        ({"fixed": {"X": np.nan}}, "Argument `fixed` must be finite"),
        ({"priors": {"X": (0.0, 0.0)}}, "Argument `priors` must be positive"),
        ({"fixed": {"X": 1.0}}, "must leave a parameter to fit, but fixes all"),
        ({"n_starts": 0}, "Argument `n_starts` must be positive"),
    ],
)
def test_arguments_that_are_not_allowed(arguments, message):
    shots = Experiments([Setting("+z", 1.0, "Y", 4)], [{"0": 4}])
    with pytest.raises(ValueError, match=message):
        fit_shots(ShotModel.of_words(1, terms=["X"]), shots, **arguments)


def test_model_and_data_have_the_same_sites(few):
    with pytest.raises(ValueError, match="must have 2 sites as the experiments have, but has 1"):
        fit_shots(ShotModel.of_words(1, terms=["X"]), few)


def test_a_parameter_that_there_is_not(pure):
    with pytest.raises(ValueError, match="`name` must be one of X, Z@2, ZZ, XY, but is 'Y'"):
        fit_shots(pure[0], pure[2], candidates=())["Y"]
