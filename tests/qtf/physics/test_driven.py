"""Driven Hamiltonians against dense Floquet operators, SciPy's ODE solver and closed forms."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline
from scipy.linalg import expm

from qtf.physics import (
    Chain,
    DrivenHamiltonian,
    DrivenLindbladian,
    PauliSum,
    PauliTerm,
    SampledFunction,
    decay,
    evolve,
    evolve_driven,
    ising,
    sample_initial_states,
)

CHAIN = ising(Chain(4))
# Complex, and it commutes with no term of the chain.
KICK = PauliSum(4, [PauliTerm(0.7, (site,), "Y") for site in range(4)])
FREQUENCY = 3.0
PERIOD = 2 * np.pi / FREQUENCY
DRIVEN = DrivenHamiltonian([(1.0, CHAIN), (lambda t: np.sin(FREQUENCY * t), KICK)])
PSI0 = sample_initial_states("haar", 4, 3, seed=5)


def solve(function, times, psi0=PSI0[0]):
    """SciPy's DOP853 of dense matrices: (n_times, dimension)."""
    h0, h1 = CHAIN.to_dense(), KICK.to_dense()

    def right(t, psi):
        return -1j * ((h0 + function(t) * h1) @ psi)

    end = times[-1]
    options = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-13, "t_eval": times}
    return solve_ivp(right, (0.0, end), psi0, **options).y.T


@pytest.mark.parametrize("method", ["chebyshev", "krylov"])
def test_states_are_those_of_an_ode_solver_and_keep_their_norms(method):
    times = np.array([0.3, 0.9])
    evolved = evolve_driven(DRIVEN, PSI0[:2], times, method=method)
    exact = solve(lambda t: np.sin(FREQUENCY * t), times)
    np.testing.assert_allclose(evolved.states[0], exact, atol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(evolved.states, axis=-1), 1.0, atol=1e-12)
    assert 0 < evolved.errors[0] < evolved.errors[1] <= 1e-10


def test_a_period_is_the_floquet_operator():
    # By midpoints, of order 2, whose errors in even powers of the step are extrapolated.
    def product_of_midpoints(n_steps):
        step, operator = PERIOD / n_steps, np.eye(16)
        for k in range(n_steps):
            f = np.sin(FREQUENCY * (k + 0.5) * step)
            energies, vectors = np.linalg.eigh(CHAIN.to_dense() + f * KICK.to_dense())
            operator = (vectors * np.exp(-1j * step * energies)) @ (vectors.conj().T @ operator)
        return operator

    table = [product_of_midpoints(50 * 2**level) for level in range(5)]
    for power in (4, 16, 64, 256):
        table = [(power * b - a) / (power - 1) for a, b in zip(table, table[1:], strict=False)]
    (floquet,) = table
    period = evolve(DRIVEN, np.eye(16), [PERIOD], tolerance=1e-11)[:, 0].T
    np.testing.assert_allclose(period, floquet, atol=1e-9)
    three = evolve(DRIVEN, PSI0[0], [3 * PERIOD], tolerance=1e-11)[0]
    np.testing.assert_allclose(three, floquet @ floquet @ floquet @ PSI0[0], atol=1e-9)


def test_given_steps_are_of_order_4():
    exact = solve(lambda t: np.sin(FREQUENCY * t), np.array([1.0]))[0]
    errors, estimates = [], []
    for step in (0.1, 0.05, 0.025):
        evolved = evolve_driven(DRIVEN, PSI0[0], [1.0], step=step)
        errors.append(np.linalg.norm(evolved.states[0] - exact))
        estimates.append(evolved.errors[0])
        assert evolved.n_steps == round(1.0 / step)
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    np.testing.assert_allclose(orders, 4.0, atol=0.15)
    assert all(
        1 <= estimate / error < 30 for estimate, error in zip(estimates, errors, strict=True)
    )


def test_times_come_in_any_order_and_of_either_sign():
    evolved = evolve_driven(DRIVEN, PSI0, [0.0, -0.4, 0.6]).states
    np.testing.assert_array_equal(evolved[:, 0], PSI0)
    h0, h1 = CHAIN.to_dense(), KICK.to_dense()

    def right(t, psi):
        return -1j * ((h0 + np.sin(FREQUENCY * t) * h1) @ psi)

    before = solve_ivp(right, (0, -0.4), PSI0[0], method="DOP853", rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(evolved[0, 1], before.y[:, -1], atol=1e-10)


def test_jumps_are_evolved_exactly_from_one_to_the_next():
    law = SampledFunction([0.0, 0.5, 0.8], [1.0, -2.0, 0.3], "piecewise_constant")
    driven = DrivenHamiltonian([(1.0, CHAIN), (law, KICK)])
    evolved = evolve_driven(driven, PSI0, [1.0, 0.5, 0.2, 0.0])
    psi, expected = PSI0.T, {0.0: PSI0.T}
    moments = ((0.0, 0.2, 1.0), (0.2, 0.5, 1.0), (0.5, 0.8, -2.0), (0.8, 1.0, 0.3))
    for start, end, f in moments:
        psi = expm(-1j * (end - start) * (CHAIN.to_dense() + f * KICK.to_dense())) @ psi
        expected[end] = psi
    for k, time in enumerate((1.0, 0.5, 0.2, 0.0)):
        np.testing.assert_allclose(evolved.states[:, k].T, expected[time], atol=1e-13)
    assert evolved.n_steps == 3
    assert not evolved.errors.any()


@pytest.mark.parametrize("law", ["linear", "cubic"])
def test_samples_are_followed_through_their_kinks(law):
    times, values = np.array([0.0, 0.3, 0.7, 1.0]), np.array([0.0, 1.0, -1.0, 0.5])
    driven = DrivenHamiltonian([(1.0, CHAIN), (SampledFunction(times, values, law), KICK)])
    curve = CubicSpline(times, values) if law == "cubic" else lambda t: np.interp(t, times, values)
    psi = PSI0[0]
    h0, h1 = CHAIN.to_dense(), KICK.to_dense()
    for start, end in zip(times[:-1], times[1:], strict=True):
        right = lambda t, y: -1j * ((h0 + curve(t) * h1) @ y)  # noqa: E731
        options = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-13}
        psi = solve_ivp(right, (start, end), psi, **options).y[:, -1]
    np.testing.assert_allclose(evolve_driven(driven, PSI0[0], [1.0]).states[0], psi, atol=1e-10)


def test_no_step_passes_over_a_break():
    def jumping(t):
        return float(t > 0.4)

    terms = [(1.0, CHAIN), (jumping, KICK)]
    told = evolve_driven(DrivenHamiltonian(terms, breaks=[0.4]), PSI0, [1.0]).states
    law = SampledFunction([0.0, 0.4], [0.0, 1.0], "piecewise_constant")
    exact = evolve(DrivenHamiltonian([(1.0, CHAIN), (law, KICK)]), PSI0, [1.0])
    np.testing.assert_allclose(told, exact, atol=1e-9)


def test_a_function_that_is_nowhere_smooth_is_refused():
    noise = DrivenHamiltonian([(1.0, CHAIN), (lambda t: np.sin(1e14 * t), KICK)])
    with pytest.raises(ValueError, match="smooth but at its `breaks`, but steps of .* at the time"):
        evolve_driven(noise, PSI0, [1.0])


def test_density_matrices_are_those_of_an_ode_solver():
    chain, kick = ising(Chain(2)), PauliSum(2, [PauliTerm(1.0, (0,), "Y")])
    system = DrivenLindbladian(DrivenHamiltonian([(1.0, chain), (np.cos, kick)]), decay(2, 0.4))
    rho0 = np.outer(PSI0[0, :4], PSI0[0, :4].conj())
    rho0 /= np.trace(rho0)
    evolved = system.evolve(rho0, [1.5, 0.0, 0.7])

    def right(t, flat):
        return system.at(t).apply(flat.reshape(4, 4)).reshape(-1)

    options = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-13, "t_eval": [0.0, 0.7, 1.5]}
    exact = solve_ivp(right, (0, 1.5), rho0.reshape(-1), **options).y.T.reshape(-1, 4, 4)
    np.testing.assert_allclose(evolved.states[[1, 2, 0]], exact, atol=1e-10)
    np.testing.assert_allclose(np.trace(evolved.states, axis1=1, axis2=2), 1.0, atol=1e-12)
    orders = []
    for step in (0.25, 0.125):
        given = system.evolve(rho0, [1.5], step=step)
        orders.append(np.linalg.norm(given.states[0] - exact[2]))
    assert np.log2(orders[0] / orders[1]) == pytest.approx(4.0, abs=0.3)


def test_density_matrices_jump_exactly():
    law = SampledFunction([0.0, 0.5], [1.0, -2.0], "piecewise_constant")
    chain, kick = ising(Chain(2)), PauliSum(2, [PauliTerm(1.0, (0,), "Y")])
    system = DrivenLindbladian(DrivenHamiltonian([(1.0, chain), (law, kick)]), decay(2, 0.4))
    rho0 = np.diag([1.0, 0, 0, 0])
    flat = rho0.reshape(-1)
    for time in (0.25, 0.75):
        flat = expm(0.5 * system.at(time).liouvillian.toarray()) @ flat
    evolved = system.evolve(rho0, [1.0, 0.0])
    np.testing.assert_allclose(evolved.states[0].reshape(-1), flat, atol=1e-10)
    np.testing.assert_array_equal(evolved.states[1], rho0)


def test_nothing_happens_to_states_that_are_zero_or_at_time_zero():
    evolved = evolve_driven(DRIVEN, np.zeros((2, 16)), [0.0, 0.5])
    assert not evolved.states.any()
    np.testing.assert_array_equal(evolve_driven(DRIVEN, PSI0, [0.0]).states[:, 0], PSI0)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_nothing_depends_on_the_norm(scale):
    usual = evolve_driven(DRIVEN, PSI0[0], [0.3])
    scaled = evolve_driven(DRIVEN, scale * PSI0[0], [0.3])
    np.testing.assert_allclose(scaled.states / scale, usual.states, atol=1e-13)
    np.testing.assert_allclose(scaled.errors, usual.errors, rtol=0.1)


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_nothing_depends_on_the_unit_of_energy(unit):
    fast = DrivenHamiltonian([(unit, CHAIN), (lambda t: unit * np.sin(FREQUENCY * unit * t), KICK)])
    usual = evolve_driven(DRIVEN, PSI0[0], [0.3])
    other = evolve_driven(fast, PSI0[0], [0.3 / unit])
    np.testing.assert_allclose(other.states, usual.states, atol=1e-11)
    assert other.n_steps == usual.n_steps


def test_a_tolerance_beyond_rounding_ends():
    evolved = evolve_driven(DRIVEN, PSI0[0], [0.05], tolerance=1e-17)
    assert evolved.errors[0] < 1e-12


SPIN = PauliSum(1, [PauliTerm(1.0, (0,), "X")])


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ([], "must hold at least one pair"),
        ([(1.0, CHAIN), (2.0, SPIN)], r"same number of spins, but holds some of \[1, 4\]"),
        ([("a", SPIN)], "pairs of a number or function and a PauliSum"),
        ([(1.0, "X")], "pairs of a number or function and a PauliSum"),
        ([(np.nan, SPIN)], "pairs of a number or function and a PauliSum"),
    ],
)
def test_wrong_terms_are_named(terms, message):
    with pytest.raises(ValueError, match=message):
        DrivenHamiltonian(terms)


@pytest.mark.parametrize("value", [np.nan, 1j, "x", np.ones(2)])
def test_wrong_values_of_a_function_are_named(value):
    driven = DrivenHamiltonian([(1.0, SPIN), (lambda t: value, SPIN)])
    with pytest.raises(ValueError, match="finite real values, but that of number 1 is"):
        driven.at(0.5)


@pytest.mark.parametrize(
    ("times", "values", "law", "message"),
    [
        ([0.0, 1.0], [1.0, 2.0], "quadratic", "`law` must be one of piecewise_constant, linear"),
        ([0.0], [1.0], "linear", "`times` must hold at least 2 times"),
        ([0.0, 1.0, 1.0], [1.0] * 3, "cubic", "`times` must ascend, but has 1.0 after 1.0"),
        ([0.0, 1.0], [1.0], "linear", "`values` must be 2 numbers, one for each time"),
        ([0.0, 1.0], 1.0, "linear", "`values` must be 2 numbers, one for each time"),
        ([0.0, 1.0], [1.0, np.inf], "linear", "`values` must be finite"),
    ],
)
def test_wrong_samples_are_named(times, values, law, message):
    with pytest.raises(ValueError, match=message):
        SampledFunction(times, values, law)


@pytest.mark.parametrize("time", [-0.1, 2.0])
def test_samples_that_end_too_early_are_named(time):
    ramp = SampledFunction([0.0, 1.0], [0.0, 1.0], "linear")
    with pytest.raises(ValueError, match=r"reaches from 0.0 to 1.0 and is asked at "):
        evolve_driven(DrivenHamiltonian([(ramp, SPIN)]), [1.0, 0.0], [time])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "diagonalization"}, "`method` must be one of auto, krylov, chebyshev"),
        ({"step": 0.0}, "`step` must be positive"),
        ({"tolerance": -1.0}, "`tolerance` must be positive"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        evolve_driven(DRIVEN, PSI0, [1.0], **options)


def test_wrong_density_matrices_are_named():
    system = DrivenLindbladian(DrivenHamiltonian([(1.0, SPIN)]), decay(1))
    with pytest.raises(ValueError, match=r"`rho0` must have shape \(2, 2\), but has \(4,\)"):
        system.evolve(np.ones(4), [1.0])
    with pytest.raises(ValueError, match="`step` must be positive"):
        system.evolve(np.eye(2), [1.0], step=-1.0)
    with pytest.raises(ValueError, match="`jump_ops` must hold sites below n_sites = 1, but holds"):
        DrivenLindbladian(DrivenHamiltonian([(1.0, SPIN)]), [(1, np.eye(2), 0.5)])


def test_terms_of_three_spins_are_driven_as_others_are(random_states):
    three = PauliSum(3, [PauliTerm(1.0, (0, 1, 2), "XYZ"), PauliTerm(0.5, (1,), "X")])
    psi = random_states(1, 8)[0] / np.linalg.norm(random_states(1, 8)[0])
    system = DrivenLindbladian(DrivenHamiltonian([(lambda t: 1.0 + t, three)]), ())
    rho = system.evolve(np.outer(psi, psi.conj()), [0.8]).states[0]
    # The operator is the same at all times: they add up.
    later = evolve(three, psi, np.array([0.8 + 0.8**2 / 2]))[0]
    np.testing.assert_allclose(rho, np.outer(later, later.conj()), atol=1e-8)
