import numpy as np
import pytest

from qtf.open_systems.full_sums import all_outcomes, outcomes_of_numbers, systematic_sample


def test_numbers_are_outcomes_in_base_four():
    numbers = np.array([0, 1, 4, 27, 63])
    found = np.array(outcomes_of_numbers(numbers, 3))
    assert found.tolist() == [[int(d) for d in np.base_repr(k, 4).zfill(3)] for k in numbers]
    assert (np.array(all_outcomes(3))[numbers] == found).all()


@pytest.mark.parametrize("uniform", [0.0, 0.37, 0.999999])
def test_systematic_samples_come_as_often_as_expected(uniform):
    p = np.random.default_rng(1).dirichlet(np.full(64, 0.3))
    # Not normalised: only ratios count.
    drawn = np.array(systematic_sample(np.log(p) + 2.0, 500, uniform))
    assert (np.diff(drawn) >= 0).all()
    assert (np.abs(np.bincount(drawn, minlength=64) - 500 * p) < 1).all()


def test_systematic_samples_have_the_probabilities_on_average():
    p = np.array([0.05, 0.0, 0.42, 0.53])
    with np.errstate(divide="ignore"):
        draws = [np.array(systematic_sample(np.log(p), 3, u)) for u in (np.arange(200) + 0.5) / 200]
    found = np.bincount(np.concatenate(draws), minlength=4) / 600
    np.testing.assert_allclose(found, p, atol=0.006)
