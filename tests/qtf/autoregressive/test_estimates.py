import numpy as np
import pytest

from qtf.autoregressive.estimates import Estimate, Estimates, show_with_error
from qtf.ground_states.estimates import EnergyEstimate


def test_errors_add_up_as_those_of_independent_samples():
    rng = np.random.default_rng(0)
    first, second = rng.normal(2.0, 0.3, 200_000), rng.normal(-5.0, 0.4, 200_000)
    a, b = Estimate(2.0, 0.3), Estimate(-5.0, 0.4)
    for estimate, values in {
        a + b: first + second,
        a - b: first - second,
        a * b: first * second,
        3.0 - a: 3.0 - first,
        2.0 * a / 4.0 + 1: first / 2.0 + 1.0,
        -a: -first,
    }.items():
        assert estimate.mean == pytest.approx(values.mean(), abs=0.02)
        # The square of both errors is left out of a product.
        assert estimate.error == pytest.approx(values.std(), rel=0.02)


def test_an_energy_is_reckoned_with_as_an_estimate():
    energy = EnergyEstimate(-7.50213, 0.0012, 0.002, 2.1e-5, 1e-6)
    assert str(energy) == "-7.502 +- 0.001, V-score 2e-5"
    assert f"{energy:.2f}" == "-7.50 +- 0.00"
    assert energy - -7.5 == Estimate(pytest.approx(-0.00213), 0.0012)
    assert float(energy) == -7.50213
    assert str(EnergyEstimate(-0.75, 0.0, 0.0, 0.0, 0.0)) == "-0.75, V-score 0e+0"


@pytest.mark.parametrize(
    ("mean", "error", "text"),
    [
        (0.0, 0.0096, "0.00 +- 0.01"),
        (-12.34, 0.5, "-12.3 +- 0.5"),
        (123456.0, 2000.0, "123000 +- 2000"),
        (0.001, 0.1, "0.0 +- 0.1"),
        (3.0, float("nan"), "3 +- nan"),
    ],
)
def test_as_many_digits_are_shown_as_the_error_tells(mean, error, text):
    assert show_with_error(mean, error) == text


def test_several_estimates_are_an_array_with_errors():
    matrix = Estimates.of_pairs(
        3, lambda pairs: Estimates.of(Estimate(10.0 * i + j, 0.1 * j) for i, j in pairs)
    )
    np.testing.assert_array_equal(matrix, [[1, 1, 2], [1, 1, 12], [2, 12, 1]])
    assert matrix[1, 2] == Estimate(12.0, 0.2)
    assert matrix[0].shape == (3,)
    assert len(matrix.reshape(9)) == 9


def test_what_is_no_number_is_an_error():
    with pytest.raises(TypeError, match="takes a number or an estimate, but got '1'."):
        _ = Estimate(1.0, 0.1) + "1"
