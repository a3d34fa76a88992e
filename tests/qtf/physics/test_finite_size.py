import math

import numpy as np
import pytest

from qtf.physics import (
    Chain,
    HamiltonianSettings,
    Square,
    heisenberg_chain_ground_energy,
)
from qtf.physics.finite_size import fit_sizes
from qtf.physics.known_energies import find_bulk_energy


def test_exact_energies_of_chains_give_the_bulk_energy_of_the_infinite_one():
    sizes = range(16, 81, 16)
    energies = [heisenberg_chain_ground_energy(n) for n in sizes]
    powers = Chain(16).size_powers(5)
    fit = fit_sizes(sizes, energies, [1e-4] * 5, powers)
    # The logarithms of this chain, which the fit has no term for, are that small.
    assert fit.bulk_energy == pytest.approx(0.25 - math.log(2.0), abs=1e-5)
    # The energy of the two ends of the open chain: (pi - 1 - 2 ln 2) / 4.
    assert fit.coefficients[1] == pytest.approx((math.pi - 1 - 2 * math.log(2)) / 4, abs=2e-3)
    energy, error = fit(300)
    assert abs(energy - heisenberg_chain_ground_energy(300)) < 2e-3
    assert error > 0


@pytest.mark.parametrize("powers", [(1, 0, -1), (2, 1, 0, -1), (2, -1)])
def test_error_bars_cover_the_truth_as_often_as_they_say(powers):
    rng = np.random.default_rng(1)
    sizes = np.array([6, 8, 10, 12, 16])
    errors = np.array([1e-3, 2e-3, 1e-3, 3e-3, 4e-3])
    truth = rng.standard_normal(len(powers))
    exact = sizes[:, None] ** np.array(powers, float) @ truth
    deviations, chi_squared = [], []
    for _ in range(2000):
        fit = fit_sizes(sizes, exact + errors * rng.standard_normal(5), errors, powers)
        deviations.append((fit.bulk_energy - truth[0]) / fit.bulk_error)
        chi_squared.append(fit.chi_squared)
    assert np.std(deviations) == pytest.approx(1.0, abs=0.05)
    assert np.mean(np.abs(deviations) < 1) == pytest.approx(0.683, abs=0.04)
    assert np.mean(chi_squared) == pytest.approx(fit.n_degrees_of_freedom, rel=0.1)


def test_error_bars_are_widened_by_the_birge_ratio_where_the_fit_is_bad():
    sizes, errors = [4, 6, 8, 10], [1.0] * 4
    # Deviations +-1 from the mean: chi squared is 4, for 3 degrees of freedom.
    bad = fit_sizes(sizes, [1.0, -1.0, -1.0, 1.0], errors, (0,))
    assert bad.birge_ratio == pytest.approx(math.sqrt(4 / 3))
    good = fit_sizes(sizes, [0.1, -0.1, -0.1, 0.1], errors, (0,))
    assert good.birge_ratio == 1.0
    assert fit_sizes(sizes, [1.0, 2.0, 4.0, 7.0], errors, (3, 2, 1, 0)).birge_ratio == 1.0


def test_covariance_is_that_of_the_normal_equations():
    sizes, errors = np.array([4.0, 6, 8, 10]), np.array([0.1, 0.2, 0.3, 0.4])
    fit = fit_sizes(sizes, [1.0, 2.0, 3.0, 5.0], errors, (2, 1, 0))
    design = np.stack([sizes**2, sizes, sizes**0], axis=1)
    normal = np.linalg.inv(design.T @ np.diag(errors**-2) @ design)
    np.testing.assert_allclose(fit.covariance, normal, rtol=1e-8)
    expected = normal @ design.T @ (np.array([1.0, 2, 3, 5]) / errors**2)
    np.testing.assert_allclose(fit.coefficients, expected, rtol=1e-8)
    assert fit(6.0)[1] == pytest.approx(np.sqrt(design[1] @ normal @ design[1]))


def test_lattices_have_their_powers():
    assert Chain(16).size_powers(9) == (1, 0, -1)
    assert Chain(16, periodic=True).size_powers(9) == (1, -1)
    assert Square(4, 4).size_powers(4) == (2, 1, 0)
    assert Square(4, 4).size_powers(5) == (2, 1, 0, -1)
    assert Square(4, 4, periodic=True).size_powers(5) == (2, -1)


def test_bulk_energies_have_the_units_of_the_hamiltonian():
    def known(name="heisenberg", **changes):
        return find_bulk_energy(HamiltonianSettings(name, {"lattice": "square", **changes}))

    assert known() == (-0.669437, 5e-6)
    assert known(units="pauli", coupling=2.0)[0] == -0.669437 * 8
    assert known(name="ising") is None
    assert known(coupling=-1.0) is None
    assert known(coupling=[1.0, 2.0]) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"errors": [0.1, 0.0, 0.1]}, r"`errors` must be positive, but is \[0.1, 0.0, 0.1\]"),
        ({"energies": [1.0, 2.0]}, "of one length, but are of 3, 2 and 3"),
        ({"powers": (3, 2, 1, 0)}, r"`sizes` must hold at least 4 .* is \[4.0, 6.0, 8.0\]"),
    ],
)
def test_mistakes_are_named(changes, message):
    arguments = {"sizes": [4, 6, 8], "energies": [1.0] * 3, "errors": [0.1] * 3, "powers": (1, 0)}
    with pytest.raises(ValueError, match=message):
        fit_sizes(**{**arguments, **changes})
