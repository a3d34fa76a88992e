"""Selections from dictionaries: what is there is kept, what is not is dropped."""

import numpy as np
import pytest

from qtf.measurements import (
    Experiments,
    Setting,
    ShotModel,
    dictionary_words,
    find_plateau,
    fit_shots,
    select_words,
    simulate_shots,
)
from qtf.measurements.missing import narrow
from qtf.measurements.selection import _bound
from tests.qtf.measurements.conftest import random_settings


@pytest.fixture(scope="module")
def shots():
    model = ShotModel.of_words(3, terms=["X@2", "ZZ@1", "XY@2", "Z@3"], readout=["e01"])
    settings = random_settings(np.random.default_rng(6), 3, 60, shots=1500)
    return simulate_shots(model, [0.5, 0.8, -0.3, 0.2, 0.03], settings, seed=2)


@pytest.fixture(scope="module")
def selection(shots):
    return select_words(shots, jumps=[], readout=["e01", "e10"])


def test_the_words_that_are_there_are_kept_and_no_others(selection):
    assert selection.kept == ("X@2", "Z@3", "XY@2", "ZZ@1", "e01")
    assert len(selection.dropped) == 9 + 18 + 2 - 5
    assert selection.fit.explains_the_data
    assert selection.fit["ZZ@1"] == pytest.approx(0.8, abs=0.05)


def test_a_selection_is_better_than_all_words(selection):
    assert selection.criterion < selection.criterion_of_all
    # Half a unit for each word that is not there, in the mean.
    assert selection.held_out_gain > -3
    assert not selection.plateau.is_reached
    lines = "\n".join(selection.lines())
    assert "Kept 5 of 29 words, those beyond 3.6 error bars: X@2, Z@3, XY@2, ZZ@1, e01." in lines
    assert "better than" in lines
    assert "more shots still help" in lines
    assert selection.to_dict()["selection"]["dropped"] == list(selection.dropped)


def test_the_criterion_is_that_of_schwarz(shots, selection):
    fit = fit_shots(selection.fit.model, shots, candidates=())
    expected = -2 * fit.log_likelihood + 5 * np.log(90_000)
    assert selection.criterion == pytest.approx(expected, abs=1e-3)


def test_words_that_stay_stay(shots):
    lines = []
    terms = ["X@2", "Z@3", "XY@2", "ZZ@1", "Y"]
    selection = select_words(shots, terms=terms, readout=["e01"], keep=["Y"], report=lines.append)
    assert "Y" in selection.kept
    assert abs(selection.fit["Y"]) < 4 * selection.fit.errors[selection.kept.index("Y")]
    assert lines == [f"all 6 words: p = {selection.fit.goodness.p_value:.2g}"]


def test_of_words_that_say_the_same_those_that_are_asked_for_stay():
    settings = random_settings(np.random.default_rng(7), 2, 40)
    shots = simulate_shots(ShotModel.of_words(2, terms=["X", "ZZ"]), [0.6, 0.7], settings, seed=3)
    selection = select_words(shots, terms=["X@each", "X", "ZZ", "Y"])
    assert selection.kept in (("X", "ZZ"), ("ZZ", "X"))


def test_what_was_dropped_comes_back_where_tests_ask_for_it(monkeypatch, shots):
    # Everything that may be is dropped first.
    monkeypatch.setattr(
        "qtf.measurements.selection._untold", lambda fit: [n for n in fit.model.names if n != "X@2"]
    )
    lines = []
    terms = ["X@2", "Z@3", "XY@2", "ZZ@1", "Y@1"]
    selection = select_words(shots, terms=terms, readout=["e01"], report=lines.append)
    assert set(selection.kept) == {"X@2", "Z@3", "XY@2", "ZZ@1", "e01"}
    assert sum("comes back" in line for line in lines) >= 4


def test_one_word_is_left_where_nothing_is_there():
    settings = [Setting("+z", 0.3, "Z", 100), Setting("+x", 0.3, "X", 100)]
    shots = Experiments(settings, [{"0": 100}, {"0": 100}])
    selection = select_words(shots, terms=["X", "Y", "Z"])
    assert len(selection.kept) == 1
    assert selection.held_out_gain is None
    assert "held-out" not in "\n".join(selection.lines())


def test_one_setting_has_no_plateau():
    shots = Experiments([Setting("+z", 0.3, "Y", 100)], [{"0": 70, "1": 30}])
    selection = select_words(shots, terms=["X"])
    assert selection.plateau is None
    assert selection.to_dict()["selection"]["plateau"] is None
    with pytest.raises(ValueError, match="`experiments` must have at least two settings"):
        find_plateau(selection.fit, shots)


def test_a_wrong_model_has_a_plateau_that_more_shots_do_not_lower():
    truth = ShotModel.of_words(2, terms=["X", "ZZ", "YY"])
    wrong = ShotModel.of_words(2, terms=["X", "ZZ"])
    plateaus = []
    for shots in (2_000, 32_000):
        settings = random_settings(np.random.default_rng(8), 2, 40, shots=shots)
        data = simulate_shots(truth, [0.6, 0.7, 0.2], settings, seed=4)
        plateaus.append(find_plateau(fit_shots(wrong, data, candidates=(), n_starts=1), data))
    few, many = plateaus
    assert few.is_reached
    assert many.is_reached
    assert many.error == pytest.approx(few.error, rel=0.3)
    assert many.error > 3 * many.error_bar
    assert many.shots == pytest.approx(few.shots, rel=0.6)
    assert many.shots < 32_000 * 40
    assert "the model is not right" in many.line


def test_halves_of_a_right_model_agree_as_often_as_p_values_say():
    model = ShotModel.of_words(1, terms=["X", "Y"])
    settings = random_settings(np.random.default_rng(9), 1, 16, shots=300)
    values = []
    for seed in range(40):
        data = simulate_shots(model, [0.6, 0.4], settings, seed=seed)
        values.append(find_plateau(fit_shots(model, data, candidates=()), data).p_value)
    assert np.mean(values) == pytest.approx(0.5, abs=0.18)
    assert min(values) > 1e-4


def test_given_values_do_not_disagree():
    model = ShotModel.of_words(1, terms=["X", "Y"])
    settings = random_settings(np.random.default_rng(9), 1, 8, shots=300)
    data = simulate_shots(model, [0.6, 0.4], settings, seed=0)
    fit = fit_shots(model, data, fixed={"Y": 0.4}, candidates=())
    assert not find_plateau(fit, data).is_reached
    blind = [Setting("+x", 0.3 * k, "X", 50) for k in (1, 2)]
    data = simulate_shots(ShotModel.of_words(1, terms=["X"]), [0.5], blind, seed=0)
    fit = fit_shots(ShotModel.of_words(1, terms=["X"]), data, candidates=())
    assert find_plateau(fit, data).p_value == 1.0


def test_dictionaries_by_range():
    assert len(ShotModel.of_words(6, terms=dictionary_words(6)).names) == 63
    assert len(ShotModel.of_words(4, terms=dictionary_words(4, 3)).names) == 66
    assert dictionary_words(1, 3, each=False) == ("X", "Y", "Z")


def test_the_bound_is_exceeded_by_chance_in_that_share_of_selections():
    largest = np.abs(np.random.default_rng(0).normal(size=(20_000, 30))).max(1)
    assert np.mean(largest > _bound(0.05, 30)) == pytest.approx(0.05, abs=0.006)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"wrong": 1.0}, "Argument `wrong` must be above 0 and below 1"),
        ({"keep": ["Q"]}, "Argument `keep` must name words of the dictionary, but names 'Q'"),
        ({"terms": ["Q"]}, "Argument `terms` must hold letters"),
    ],
)
def test_arguments_that_are_not_allowed(arguments, message):
    shots = Experiments([Setting("+z", 1.0, "Y", 4)], [{"0": 4}])
    with pytest.raises(ValueError, match=message):
        select_words(shots, **arguments)


def test_nothing_may_be_left_out_of_a_model_of_one_word():
    with pytest.raises(ValueError, match="must hold at least one term"):
        narrow(ShotModel.of_words(1, terms=["X"]), ["X"])
