import math

import numpy as np
import pytest

from qtf.measurements import Experiments, Setting


def test_one_word_prepares_all_sites():
    assert Setting("-x", 1.0, "XYZ", 5).preparation == ((math.pi / 2, math.pi),) * 3


def test_words_of_a_preparation_make_it_again():
    setting = Setting(["+z", (0.1, 0.2), "-y"], 1, "XYZ", 5)
    assert setting.words == "+z 0.1:0.2 -y"
    assert Setting(setting.words, 1, "XYZ", 5) == setting


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (("+z", -1.0, "Z", 1), "Argument `time` must not be negative, but is -1.0."),
        (("+z", math.nan, "Z", 1), "Argument `time` must be finite, but is nan."),
        (("+z", 1.0, "Z", 0), "Argument `shots` must be positive, but is 0."),
        (("+z", 1.0, "ZQ", 1), "Argument `basis` must be letters X, Y or Z, one for each site"),
        (("+z", 1.0, "Z" * 1001, 1), "Argument `basis` must have at most 1000 letters"),
        (
            ("+z +z", 1.0, "ZZZ", 1),
            "`preparation` must be for 3 sites as the basis is, but is for 2",
        ),
        (("+z up", 1.0, "ZZ", 1), "theta:phi for each site, but holds 'up'"),
        (([[0.0, math.inf]], 1.0, "Z", 1), "finite angles"),
        (([[0.0]], 1.0, "Z", 1), "finite angles"),
    ],
)
def test_a_setting_that_there_is_not(values, message):
    with pytest.raises(ValueError, match=message):
        Setting(*values)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([], "there are 1 settings and 0 counts"),
        ([{"0": 9}], "must add up to 10 shots, but adds up to 9"),
        ([{"0": 11, "1": -1}], "Argument `count` must be positive, but is -1"),
        ([{"0": 9.5, "1": 1}], "Argument `count` must be an integer, but is 9.5"),
        ([{"00": 10}], 'Argument `bits` must be 1 digits 0 or 1, but is "00"'),
        ([{"2": 10}], 'Argument `bits` must be 1 digits 0 or 1, but is "2"'),
    ],
)
def test_counts_that_there_are_not(counts, message):
    with pytest.raises(ValueError, match=message):
        Experiments([Setting("+z", 1.0, "Z", 10)], counts)


def test_settings_have_equally_many_sites():
    settings = [Setting("+z", 1.0, "Z", 1), Setting("+z", 1.0, "ZZ", 1)]
    with pytest.raises(ValueError, match='1 letters as the first setting has, but is "ZZ"'):
        Experiments(settings, [{"0": 1}, {"00": 1}])


def test_some_of_the_settings(few):
    assert few.select([1]).settings == few.settings[1:]
    assert few.select(np.array([1, 0])).counts == few.counts[::-1]
    assert few.shots == 14


def test_experiments_are_joined(few):
    assert Experiments.join([few.select([1]), few.select([0])]) == few.select([1, 0])
