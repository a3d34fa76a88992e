import re

import numpy as np
import pytest

from qtf.physics import _checks


@pytest.mark.parametrize("value", [0, -1, True, 2.0, "2", None])
def test_integer_of_wrong_kind_or_size_is_refused(value):
    with pytest.raises(ValueError, match=r"`n` must be an integer of at least 1, but is"):
        _checks.checked_integer("n", value, minimum=1)


def test_integer_beyond_maximum_is_refused():
    with pytest.raises(ValueError, match=r"`n` must be an integer from 1 to 12, but is 13\."):
        _checks.checked_integer("n", 13, minimum=1, maximum=12)


def test_integer_of_numpy_becomes_python_int():
    assert type(_checks.checked_integer("n", np.int32(3), minimum=1)) is int


@pytest.mark.parametrize("value", ["c", None, 1, ["a"]])
def test_choice_outside_list_is_refused(value):
    with pytest.raises(ValueError, match=r"`law` must be one of a, b, but is"):
        _checks.checked_choice("law", value, ("a", "b"))


def test_flag_that_is_no_bool_is_refused():
    with pytest.raises(ValueError, match=r"`periodic` must be True or False, but is 'no'\."):
        _checks.checked_flag("periodic", "no")


@pytest.mark.parametrize("value", [np.nan, np.inf, [1.0, 2.0]])
def test_number_that_is_not_one_finite_number_is_refused(value):
    with pytest.raises(ValueError, match=r"`dt` must be one finite real number, but is"):
        _checks.checked_number("dt", value)


@pytest.mark.parametrize("value", [1j, "1", None, True])
def test_number_that_is_not_real_is_refused(value):
    with pytest.raises(ValueError, match=r"`dt` must be real, but is"):
        _checks.checked_number("dt", value)


@pytest.mark.parametrize("value", [0.0, -0.1])
def test_positive_number_that_is_not_positive_is_refused(value):
    with pytest.raises(ValueError, match=rf"`dt` must be positive, but is {value}\."):
        _checks.checked_positive("dt", value)


def test_coefficients_of_wrong_length_are_refused():
    message = r"`g` must be one number or 4 numbers, one for each site, but has shape \(3,\)\."
    with pytest.raises(ValueError, match=message):
        _checks.checked_coefficients("g", [1.0, 2.0, 3.0], 4, "site")


def test_coefficients_not_finite_are_refused():
    with pytest.raises(ValueError, match=r"`g` must be finite, but is \[1.0, nan\]\."):
        _checks.checked_coefficients("g", [1.0, np.nan], 2, "site")


@pytest.mark.parametrize(("times", "shape"), [([[0.0, 1.0]], "(1, 2)"), (0.5, "()"), ([], "(0,)")])
def test_times_of_wrong_shape_are_refused(times, shape):
    message = (
        f"`times` must be a one-dimensional array of at least one time, but has shape {shape}."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        _checks.checked_times(times)


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_times_not_finite_are_refused(value):
    with pytest.raises(ValueError, match=rf"`times` must be finite, but contains {value}\."):
        _checks.checked_times([0.0, float(value)])


def test_times_complex_are_refused():
    with pytest.raises(ValueError, match=r"`times` must be real, but is"):
        _checks.checked_times([1j])


def test_states_of_wrong_dimension_are_refused():
    message = r"`psi` must have 4 amplitudes on its last axis, but has shape \(4, 3\)\."
    with pytest.raises(ValueError, match=message):
        _checks.checked_states("psi", np.ones((4, 3)), 4)


@pytest.mark.parametrize("value", [np.nan, np.inf, complex(0, np.nan)])
def test_states_not_finite_are_refused(value):
    with pytest.raises(ValueError, match=r"`psi` must be finite, but contains .*(nan|inf)"):
        _checks.checked_states("psi", [1.0, value], 2)


def test_states_of_text_are_refused():
    with pytest.raises(ValueError, match=r"`psi` must hold numbers, but has dtype <U1\."):
        _checks.checked_states("psi", ["0", "1"], 2)
