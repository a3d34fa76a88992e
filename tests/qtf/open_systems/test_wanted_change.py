import numpy as np
import pytest

from qtf.open_systems.wanted_change import WantedChange


def change(p, wanted):
    p, wanted = np.array(p), np.array(wanted)
    return WantedChange.of((p - wanted) / p, p)


def test_impossible_outcomes_ask_for_the_logarithm_of_what_they_shall_become():
    found = change([1e-9, 1.0 - 1e-9], [0.01, 0.99])
    falls = np.asarray(found.falls)
    assert falls[0] == pytest.approx(-np.log(0.01 / 1e-9))
    assert falls[1] == pytest.approx(0.01, rel=1e-6)
    np.testing.assert_allclose(np.asarray(found.shares), [0.01 / 1.01, 1.0 / 1.01], rtol=1e-6)
    assert float(found.size) == pytest.approx(0.01 * falls[0] ** 2 + falls[1] ** 2)


def test_small_residuals_have_the_size_of_chi_squared():
    p = np.array([0.2, 0.3, 0.5])
    wanted = p + 1e-5 * np.array([1.0, -2.0, 1.0])
    found = change(p, wanted)
    assert float(found.size) == pytest.approx(np.sum((p - wanted) ** 2 / p), rel=1e-4)
    np.testing.assert_allclose(np.asarray(found.falls), (p - wanted) / p, rtol=1e-3)


def test_what_should_be_negative_falls_by_a_unit():
    found = change([1e-6, 1.0], [-0.5, 1.0])
    assert np.asarray(found.falls)[0] == 1.0
