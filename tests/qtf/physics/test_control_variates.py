import numpy as np
import pytest

from qtf.physics import Chain, Lindbladian, PauliSum, PauliTerm, decay, ising, xyz
from qtf.physics.control_variates import control_variates, rate_of_change, with_controls

from .noise import NOISE

HAMILTONIAN = xyz(Chain(3), coupling_x=0.3, coupling_y=-0.4, coupling_z=1.1, field=0.7)


def of(rho, operator):
    return np.trace(rho @ operator.to_dense()).real


@pytest.mark.parametrize("noise", NOISE)
def test_rates_of_change_are_the_adjoint_of_the_equation(noise):
    lindbladian = Lindbladian(HAMILTONIAN, NOISE[noise])
    rng = np.random.default_rng(0)
    half = rng.normal(size=(8, 8)) + 1j * rng.normal(size=(8, 8))
    rho = half @ half.conj().T
    terms = [
        PauliTerm(0.7, (0,), "X"),
        PauliTerm(-0.3, (2, 0), "YZ"),
        PauliTerm(0.2, (0, 1, 2), "XYX"),
        PauliTerm(1.3, (), ""),
    ]
    operator = PauliSum(3, terms)
    rate = rate_of_change(lindbladian, operator)
    assert of(rho, rate) == pytest.approx(of(lindbladian.apply(rho), operator), rel=1e-12)


@pytest.mark.parametrize("noise", NOISE)
def test_controls_have_no_mean_at_rest(noise):
    lindbladian = Lindbladian(HAMILTONIAN, NOISE[noise])
    rho = lindbladian.steady_state()
    controls = control_variates(lindbladian)
    assert len(controls) == 9
    assert max(abs(of(rho, control)) for control in controls) < 1e-8
    # But they are not zero of any state.
    assert min(np.abs(control.to_dense()).max() for control in controls) > 1e-3


def test_spins_that_do_not_interact_have_no_pairs_and_what_never_changes_is_no_control():
    assert len(control_variates(Lindbladian(PauliSum(2, []), decay(2)))) == 3
    # Z commutes with the Hamiltonian, and dephasing leaves it as it is.
    alone = Lindbladian(PauliSum(1, [PauliTerm(1.0, (0,), "Z")]), {"dephasing": 1.0})
    assert len(control_variates(alone)) == 2


def correlated(n, n_controls, rng):
    """Averages of which all but a hundredth of the noise is that of the controls."""
    controls = rng.normal(size=(n, n_controls))
    noise = controls @ np.linspace(1.0, 2.0, n_controls) + 0.01 * rng.normal(size=n)
    return np.concatenate([3.0 + noise[:, None], controls], axis=1)


def adjusted(values):
    deviations = values - values.mean(axis=0)
    return with_controls(values.mean(axis=0), deviations.T @ deviations, len(values), 1)


def test_controls_leave_the_noise_that_is_not_theirs_and_errors_are_those_of_repetitions():
    rng = np.random.default_rng(1)
    found = [adjusted(correlated(16, 3, rng)) for _ in range(400)]
    means, errors = (np.array(column)[:, 0] for column in zip(*found, strict=True))
    assert errors.max() < 0.01
    squares = ((means - 3.0) / errors) ** 2
    # Student's law of 12 degrees of freedom has the variance 1.2.
    assert 0.9 < squares.mean() < 1.6


def test_it_is_the_regression_of_a_library():
    values = correlated(30, 4, np.random.default_rng(2))
    design = np.concatenate([np.ones((30, 1)), values[:, 1:]], axis=1)
    solution, left, *_ = np.linalg.lstsq(design, values[:, 0], rcond=None)
    variance = left[0] / (30 - 5) * np.linalg.inv(design.T @ design)[0, 0]
    means, errors = adjusted(values)
    assert means[0] == pytest.approx(solution[0], rel=1e-10)
    assert errors[0] == pytest.approx(np.sqrt(variance), rel=1e-8)


def test_few_averages_use_few_controls_and_combinations_count_once():
    values = correlated(2, 3, np.random.default_rng(3))
    means, errors = adjusted(values)
    assert means[0] == values[:, 0].mean()
    assert errors[0] == pytest.approx(values[:, 0].std(ddof=1) / np.sqrt(2))
    whole = correlated(30, 2, np.random.default_rng(4))
    twice = np.concatenate([whole, whole[:, 1:]], axis=1)
    assert adjusted(twice)[0][0] == pytest.approx(adjusted(whole)[0][0], rel=1e-9)


def test_controls_of_a_periodic_chain_are_sums_over_all_its_bonds():
    lindbladian = Lindbladian(ising(Chain(4, periodic=True)), decay(4))
    sites = {
        site for control in control_variates(lindbladian) for t in control.terms for site in t.sites
    }
    assert sites == {0, 1, 2, 3}
