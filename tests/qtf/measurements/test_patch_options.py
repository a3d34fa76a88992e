"""Fits by patches in which something is known, and selections by patches."""

import numpy as np
import pytest

import qtf
from qtf.measurements import (
    Experiments,
    PatchFitting,
    Setting,
    ShotModel,
    find_plateau,
    fit_chain,
    fit_shots,
    select_words,
    simulate_shots,
)
from qtf.measurements.chain_objective import ChainObjective, equation_of_patch, likelihood_of_patch
from qtf.measurements.likelihood import Likelihood
from qtf.measurements.patches import ChainModel, ChainShots, PatchSizes, make_patches
from qtf.measurements.scoring import WithPriors

WORDS = ["ZZ", "XX@each", "X@each"]
SPARSE = ("ZZ@2", "ZZ@4", "X@1", "X@3", "X@4")


def settings_of(random, n_sites, n_settings, shots):
    """Settings at three times, no two of them equal: equal ones are joined in windows."""
    numbers = random.choice(3**n_sites, n_settings, replace=False)
    bases = ["".join("XYZ"[n // 3**site % 3] for site in range(n_sites)) for n in numbers]
    return [Setting("+z", 0.25 * (1 + k % 3), basis, shots) for k, basis in enumerate(bases)]


@pytest.fixture(scope="module")
def short():
    """A chain that is one window, and what is known of it."""
    random = np.random.default_rng(1)
    model = ShotModel.of_words(4, terms=WORDS, readout=["e01"])
    truth = np.array([0.7, 0.4, -0.5, 0.6, 0.3, 0.8, -0.4, 0.5, 0.04])
    shots = simulate_shots(model, truth, settings_of(random, 4, 30, 100), seed=2)
    # One shared and one of a site each, given and with a prior.
    known = {
        "fixed": {"e01": 0.04, "X@2": 0.8},
        "priors": {"ZZ": (0.65, 0.05), "XX@1": (0.45, 0.02)},
    }
    return model, truth, shots, known


@pytest.fixture
def small_patches(monkeypatch):
    monkeypatch.setattr("qtf.measurements.chain_fit.PURE_SITES", (2, 4, 6))
    monkeypatch.setattr("qtf.measurements.chain_fit.OPEN_SITES", (2, 4, 4))
    monkeypatch.setattr("qtf.measurements.chain_fit.LARGEST_WINDOW", 2)


@pytest.mark.parametrize("chosen", [(), ("fixed",), ("priors",), ("fixed", "priors")])
def test_a_window_as_large_as_the_chain_is_the_whole_fit(short, chosen):
    model, _, shots, known = short
    some = {kind: known[kind] for kind in chosen}
    whole = fit_shots(model, shots, candidates=(), **some)
    fit = fit_chain(shots, terms=WORDS, readout=["e01"], candidates=(), **some)
    np.testing.assert_array_equal(fit.free, whole.free)
    # Both end where a step would gain 1e-4 / 2: within 1 % of an error bar.
    off = fit.parameters - whole.parameters
    assert np.abs(off / np.maximum(whole.errors, 1e-300)).max() < 0.02
    assert fit.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-3)
    np.testing.assert_allclose(fit.errors, whole.sandwich_errors, rtol=1e-3)
    np.testing.assert_allclose(fit.errors, whole.errors, rtol=0.1)
    assert fit.goodness.p_value == pytest.approx(whole.goodness.p_value, abs=1e-3)


def test_scores_of_a_chain_with_priors_are_differences_and_count_them_once(short):
    """Two windows and a prior on what both share: derivatives of the sum of all."""
    _, truth, shots, _ = short
    model = ChainModel.of_words(4, terms=WORDS, readout=["e01"])
    free = [0, 1, 3, 4, 6, 8]
    patches = make_patches(model, ChainShots(shots), PatchSizes(2, 1, 1), free)
    assert len(patches) == 3
    chain = ChainObjective(patches, likelihood_of_patch, map)
    near, step = truth + 0.05, 1e-4
    for priors in ({}, {0: (0.5, 0.01), 4: (0.2, 0.02)}):
        objective = WithPriors(chain, priors)
        slope = objective(near, free)
        for place, k in enumerate(free):
            sides = []
            for factor in (1, 2):
                move = np.zeros(len(near))
                move[k] = factor * step
                up, down = (objective(near + sign * move, free).value for sign in (1, -1))
                sides.append((up - down) / (2 * factor * step))
            # Differences of fourth order.
            expected = (4 * sides[0] - sides[1]) / 3
            assert slope.score[place] == pytest.approx(expected, rel=1e-7, abs=1e-6)
    plain = chain(near, free)
    assert slope.value - plain.value == pytest.approx(
        -(((near[0] - 0.5) / 0.01) ** 2) / 2 - ((near[4] - 0.2) / 0.02) ** 2 / 2
    )
    np.testing.assert_allclose(
        np.diag(slope.information - plain.information), [1e4, 0, 0, 2500, 0, 0], rtol=1e-6
    )


def test_what_is_given_takes_no_derivatives(short):
    _, truth, shots, _ = short
    model, arrays = ChainModel.of_words(4, terms=WORDS, readout=["e01"]), ChainShots(shots)
    some, everything = [0, 5, 7], range(model.size)
    for of_patch, wide in ((likelihood_of_patch, 1), (equation_of_patch, 2)):
        sizes = PatchSizes(2, 1, wide)
        few, all_of_them = (
            ChainObjective(make_patches(model, arrays, sizes, free), of_patch, map)(truth, free)
            for free in (some, everything)
        )
        assert few.value == pytest.approx(all_of_them.value, rel=1e-12)
        np.testing.assert_allclose(few.score, all_of_them.score[some], rtol=1e-10, atol=1e-9)
        np.testing.assert_allclose(
            few.information, all_of_them.information[np.ix_(some, some)], rtol=1e-10, atol=1e-9
        )


def test_several_windows_keep_what_is_known(short, small_patches):
    _, truth, shots, known = short
    fit = fit_chain(shots, terms=WORDS, readout=["e01"], candidates=(), **known)
    assert (fit["e01"], fit["X@2"]) == (0.04, 0.8)
    assert "(given)" in "\n".join(fit.lines())
    assert np.abs((fit.parameters - truth) / np.maximum(fit.errors, 1e-300))[fit.free].max() < 4
    free = fit_chain(shots, terms=WORDS, readout=["e01"], candidates=())
    # As much as the prior tells beside the shots, once.
    place = fit.model.names.index("XX@1")
    both = (0.02**-2 + free.errors[place] ** -2) ** -0.5
    assert fit.errors[place] == pytest.approx(both, rel=0.2)


def test_noise_by_patches_takes_values_and_priors(small_patches):
    random = np.random.default_rng(6)
    words = {"terms": ["XX", "Z"], "jumps": ["decay"], "readout": ["e01"]}
    model = ShotModel.of_words(3, **words)
    truth = np.array([0.6, 0.4, 0.3, 0.04])
    settings = [
        Setting("+x", 0.4 * (1 + k % 2), "".join(random.choice(list("XYZ"), 3)), 1000)
        for k in range(12)
    ]
    shots = simulate_shots(model, truth, settings, seed=0)
    fit = fit_chain(shots, **words, fixed={"e01": 0.04}, priors={"decay": (0.3, 0.01)})
    assert fit["e01"] == 0.04
    assert fit["decay"] == pytest.approx(0.3, abs=0.03)
    assert 0.003 < fit.errors[2] < 0.01


def test_a_chain_names_what_is_missing(small_patches):
    random = np.random.default_rng(3)
    model = ShotModel.of_words(5, terms=["ZZ", "X", "Y@3"])
    settings = settings_of(random, 5, 30, 300)
    shots = simulate_shots(model, [0.6, 0.5, 0.5], settings, seed=1)
    fit = fit_chain(shots, terms=["ZZ", "X"], candidates=["Y@each", "Z@each", "e01"])
    assert fit.missing[0].name == "Y@3"
    fit = fit_chain(shots, terms=["ZZ", "X", "Y@3"], candidates=["Y@1", "Z@each", "XX", "e01"])
    assert fit.missing == ()


def test_score_tests_of_windows_that_overlap_are_standard_normal(small_patches):
    """Squares of deviations where nothing is missing; windows share bits of the same shots."""
    random = np.random.default_rng(4)
    model = ChainModel.of_words(4, terms=["ZZ", "X"])
    settings = settings_of(random, 4, 9, 60)
    squares = []
    for seed in range(12):
        shots = simulate_shots(
            ShotModel.of_words(4, terms=["ZZ", "X"]), [0.8, 0.6], settings, seed=seed
        )
        fit = PatchFitting().fit(model, shots, candidates=())
        words = [f"{letter}@{site}" for letter in "YZ" for site in (1, 2, 3, 4)]
        told = PatchFitting().find_missing(fit, shots, words, least=0.0)
        squares += [one.z**2 for one in told]
    # 96 values of mean 1: one standard deviation is at least 0.14.
    assert np.mean(squares) == pytest.approx(1.0, abs=0.45)


@pytest.fixture
def sparse(small_patches):
    random = np.random.default_rng(5)
    model = ShotModel.of_words(5, terms=SPARSE)
    settings = settings_of(random, 5, 24, 500)
    return simulate_shots(model, [0.8, -0.6, 0.7, 0.5, 0.6], settings, seed=1)


def test_terms_of_a_chain_are_selected(sparse):
    lines, terms = [], ["ZZ@each", "X@each", "Y@3"]
    fitting = PatchFitting(report=lines.append)
    selection = select_words(
        sparse,
        terms=terms,
        fitting=fitting,
        keep=["Y@3"],
        fixed={"X@1": 0.7},
        priors={"ZZ@2": (0.8, 0.1), "X@5": (0.0, 0.1)},
    )
    assert selection.kept == (*SPARSE, "Y@3")
    assert selection.fit["X@1"] == 0.7
    assert selection.criterion < selection.criterion_of_all
    assert selection.held_out_gain > -3
    assert not selection.plateau.is_reached
    assert isinstance(selection.fit.model, ChainModel)
    assert lines[0] == "to time 0.25"
    text = "\n".join(selection.lines())
    assert "Kept 6 of 10 words" in text


def test_a_chain_of_one_window_is_selected_as_the_whole(sparse, monkeypatch):
    monkeypatch.setattr("qtf.measurements.chain_fit.PURE_SITES", (8, 12, 16))
    terms = [*SPARSE, "Y@3", "XX@1"]
    whole, patches = (
        select_words(sparse, terms=terms, fitting=fitting) for fitting in (None, PatchFitting())
    )
    assert patches.kept == whole.kept == SPARSE
    assert patches.criterion == pytest.approx(whole.criterion, abs=1e-2)
    assert patches.criterion_of_all == pytest.approx(whole.criterion_of_all, abs=1e-2)
    assert patches.held_out_gain == pytest.approx(whole.held_out_gain, abs=0.05)
    assert patches.plateau.p_value == pytest.approx(whole.plateau.p_value, abs=0.2)


def test_held_out_likelihoods_are_those_of_the_chain(sparse):
    model = ShotModel.of_words(5, terms=SPARSE)
    fit = PatchFitting().fit(ChainModel.of_words(5, terms=model.names), sparse, candidates=())
    exact = Likelihood(model, sparse)(fit.parameters, []).value
    # Windows of two bits tell little less than all bits.
    assert PatchFitting().log_likelihood(fit, sparse) == pytest.approx(exact, rel=0.02)


def test_a_plateau_of_a_chain_is_found(sparse):
    fit = PatchFitting().fit(ChainModel.of_words(5, terms=["ZZ", "X"]), sparse, candidates=())
    assert find_plateau(fit, sparse, fitting=PatchFitting()).is_reached


def test_sites_without_a_parameter_may_be_in_a_chain(small_patches):
    settings = settings_of(np.random.default_rng(0), 6, 8, 100)
    shots = simulate_shots(ShotModel.of_words(6, terms=["X@2"]), [0.6], settings, seed=0)
    fit = fit_chain(shots, terms=["X@2"])
    assert abs(fit["X@2"] - 0.6) < 4 * fit.errors[0] < 0.4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fixed": {"Q": 1.0}}, "Argument `fixed` must name parameters of the model, ZZ, XX@1"),
        ({"priors": {"Q": (0.0, 1.0)}}, "Argument `priors` must name parameters of the model"),
        ({"priors": {"ZZ": (0.0, 0.0)}}, "Argument `priors` must be positive"),
        ({"fixed": {"ZZ": np.inf}}, "Argument `fixed` must be finite"),
        ({"terms": ["ZZ"], "readout": [], "fixed": {"ZZ": 1.0}}, "must leave a parameter to fit"),
    ],
)
def test_arguments_that_are_not_allowed(short, arguments, message):
    with pytest.raises(ValueError, match=message):
        fit_chain(short[2], **{"terms": WORDS, "readout": ["e01"], **arguments})


def test_the_front_door_learns_by_patches(short):
    _, _, shots, known = short
    words = {"terms": WORDS, "readout": ["e01"], **known}
    fit = qtf.learn_from_shots(shots, patches=True, **words)
    whole = qtf.learn_from_shots(shots, **words)
    assert isinstance(fit.model, ChainModel)
    np.testing.assert_allclose(fit.parameters, whole.parameters, atol=1e-3)
    assert fit.to_dict()["patches"] == {"window": 8, "margin": 1, "wide": 1}
    assert "patches" not in whole.to_dict()
    settings = [Setting("+z", 0.1 * k, "Y" * 17, 30) for k in (1, 2)]
    blind = [{"0" * 17: 15, "1" * 17: 15}] * 2
    with pytest.raises(ValueError, match="must leave a parameter to fit"):
        qtf.learn_from_shots(Experiments(settings, blind), terms=["X"], fixed={"X": 0.0})
