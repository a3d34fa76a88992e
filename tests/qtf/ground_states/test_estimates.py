import numpy as np
import pytest

from qtf.ground_states.estimates import energy_estimate, relative_error


def test_error_bar_covers_the_mean_of_a_known_distribution():
    rng = np.random.default_rng(0)
    estimates = [energy_estimate(rng.normal(-3.0, 0.5, 400), np.zeros(400), 10) for _ in range(300)]
    distances = [(found.energy + 3.0) / found.energy_error for found in estimates]
    assert np.mean(np.abs(distances) < 1.96) == pytest.approx(0.95, abs=0.04)
    assert np.mean([found.v_score for found in estimates]) == pytest.approx(10 * 0.25 / 9, rel=0.02)


def test_imaginary_parts_count_as_variance_but_not_as_energy():
    found = energy_estimate(np.full(4, -2.0), np.array([1.0, -1.0, 1.0, -1.0]), 4)
    assert (found.energy, found.energy_error, found.energy_variance) == (-2.0, 0.0, 1.0)


def test_one_sample_is_too_few():
    with pytest.raises(ValueError, match="at least two, but has 1"):
        energy_estimate(np.ones(1), np.zeros(1), 2)


def test_zero_hamiltonian_has_neither_variance_nor_relative_error():
    found = energy_estimate(np.zeros(4), np.zeros(4), 2)
    assert (found.energy, found.energy_error, found.v_score) == (0.0, 0.0, 0.0)
    assert energy_estimate(np.array([1.0, -1.0]), np.zeros(2), 2).v_score == np.inf
    assert relative_error(found.energy, 0.0) is None


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_relative_errors_do_not_depend_on_the_scale(scale):
    assert relative_error(-3.0 * scale, -4.0 * scale) == pytest.approx(0.25, rel=1e-12)
