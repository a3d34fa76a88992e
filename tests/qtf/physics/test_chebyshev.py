import numpy as np
import pytest

from qtf.physics import Chain, Eigenbasis, chebyshev, chebyshev_evolve, chebyshev_step, ising
from qtf.physics._stepping import SparseProduct

HAMILTONIAN = ising(Chain(7))


def step_errors(psi0, dt, degrees):
    exact = Eigenbasis.from_hamiltonian(HAMILTONIAN).evolve(psi0, [dt])[:, 0]
    found = (chebyshev_step(HAMILTONIAN, psi0, dt, degree=degree) for degree in degrees)
    return np.array([np.linalg.norm(psi - exact, axis=-1).max() for psi in found])


def test_error_of_a_step_falls_faster_than_exponentially_with_the_degree(random_states):
    psi0 = random_states(2, 128)
    psi0 /= np.linalg.norm(psi0, axis=-1, keepdims=True)
    errors = step_errors(psi0, 0.5, range(8, 26, 3))
    factors = errors[:-1] / errors[1:]
    assert errors[-1] > 1e-14  # above rounding, so the factors are those of the method
    assert np.all(factors[1:] > 1.2 * factors[:-1])
    assert factors[-1] > 100


@pytest.mark.parametrize("degree", [2, 3, 5])
def test_error_of_a_step_has_the_order_of_the_degree_plus_one(degree, random_states):
    psi0 = random_states(1, 128) / 16
    steps = 0.02 * 2.0 ** -np.arange(3) * degree / 2
    errors = np.array([step_errors(psi0, dt, [degree])[0] for dt in steps])
    np.testing.assert_allclose(np.log2(errors[:-1] / errors[1:]), degree + 1, atol=0.15)


@pytest.mark.parametrize("dt", [0.3, -0.3])
def test_step_of_enough_degree_is_exact(dt, random_states):
    assert step_errors(random_states(3, 128), dt, [40])[0] < 1e-12


def test_step_keeps_the_shape_of_the_batch(random_states):
    psi = random_states(6, 128).reshape(2, 3, 128)
    together = chebyshev_step(HAMILTONIAN, psi, 0.2, degree=9)
    one = chebyshev_step(HAMILTONIAN, psi[1, 0], 0.2, degree=9)
    np.testing.assert_allclose(together[1, 0], one, atol=1e-14)


def test_evolution_does_not_depend_on_blocks_of_the_batch(monkeypatch, random_states):
    psi0 = random_states(5, 128)
    expected = chebyshev_evolve(HAMILTONIAN, psi0, [0.5, 4.0])
    monkeypatch.setattr(chebyshev, "_BATCH_AMPLITUDES", 256)
    np.testing.assert_allclose(
        chebyshev_evolve(HAMILTONIAN, psi0, [0.5, 4.0]), expected, atol=1e-13
    )


@pytest.mark.parametrize("hamiltonian", [ising(Chain(5)), ising(Chain(4), coupling=-3.0)])
def test_spectral_interval_holds_all_energies(hamiltonian):
    center, half_width = SparseProduct(hamiltonian).spectral_interval()
    energies = np.linalg.eigvalsh(hamiltonian.to_dense())
    assert center - half_width <= energies[0]
    assert energies[-1] <= center + half_width
    assert half_width < energies[-1] - energies[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones(64), 0.1, 3), r"`psi` must have 128 amplitudes .* shape \(64,\)\."),
        ((np.ones(128), np.inf, 3), r"`dt` must be one finite real number, but is inf\."),
        ((np.ones(128), 0.1, 0), r"`degree` must be an integer of at least 1, but is 0\."),
    ],
)
def test_step_with_wrong_argument_is_refused(arguments, message):
    psi, dt, degree = arguments
    with pytest.raises(ValueError, match=message):
        chebyshev_step(HAMILTONIAN, psi, dt, degree=degree)
