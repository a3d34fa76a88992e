import numpy as np
import pytest

from qtf.measurements.likelihood import Slope
from qtf.measurements.scoring import climb, invert
from qtf.measurements.words import expand, local_words, operator_of


def test_the_sum_of_a_word_is_that_of_its_places():
    whole = operator_of("XIY", 5)
    parts = [operator_of(word, 5) for word in expand(["XIY@each"], 5)]
    assert len(parts) == 3
    assert sum(parts[1:], parts[0]) == whole


def test_local_words_are_all_of_a_range():
    assert len(local_words(3)) == 3 + 3 * 9
    assert len(set(local_words(3))) == 30


@pytest.mark.parametrize("word", ["", "I", "XI", "IX", "X@", "X@0", "X@a", "x", "X Z"])
def test_words_that_are_none(word):
    with pytest.raises(ValueError, match="must hold letters X, Y, Z with I between"):
        operator_of(word, 3)


def test_a_climb_ends_at_a_bound():
    def objective(parameters, free):
        off = parameters[list(free)] - np.array([-1.0, 2.0])
        return Slope(-float(off @ off), -2 * off, 2 * np.eye(2), np.eye(2))

    bounds = np.array([0.0, 0.0]), np.array([5.0, 5.0])
    reached = climb(objective, np.ones(2), [0, 1], bounds, gain=1e-12)
    assert reached.converged
    np.testing.assert_allclose(reached.parameters, [0.0, 2.0], atol=1e-6)


def test_what_is_not_determined_has_no_variance():
    information = np.array([[2.0, 2.0, 0.0], [2.0, 2.0, 0.0], [0.0, 0.0, 1.0]])
    covariance, determined = invert(information)
    assert determined.tolist() == [False, False, True]
    assert covariance[2, 2] == pytest.approx(1.0)
