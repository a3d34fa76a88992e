import numpy as np
import pytest
from scipy.linalg import expm

from qtf.dynamics.generator_loss import GeneratorLoss
from qtf.dynamics.local_terms import LocalTerms
from qtf.physics import Chain, custom, evolve, heisenberg, ising, sample_initial_states

DT = 0.05
TERMS = LocalTerms()


def trajectories(n_sites, n_samples=5, n_steps=6, noise=0.0, hamiltonian=None):
    rng = np.random.default_rng(n_sites)
    psi0 = sample_initial_states("haar", n_sites, n_samples, seed=n_sites)
    operator = hamiltonian or ising(Chain(n_sites))
    psi = evolve(operator, psi0, DT * np.arange(n_steps + 1))
    return psi + noise * (rng.normal(size=psi.shape) + 1j * rng.normal(size=psi.shape))


def noisy_loss(lag=2, lengths=(2, 3)):
    loss = GeneratorLoss([(TERMS, trajectories(n, noise=0.05)) for n in lengths], DT)
    loss.set_lag(lag)
    return loss


def coefficients(seed=0):
    return np.random.default_rng(seed).normal(size=TERMS.size)


def true_coefficients():
    values = np.zeros(TERMS.size)
    for name, value in {"Z_i Z_{i+1}": -1.0, "X_i": 1.05, "Z_i": -0.5}.items():
        values[TERMS.names.index(name)] = value
    return values


@pytest.mark.parametrize("lag", [1, 4])
def test_loss_equals_the_sum_over_pairs(lag):
    values = coefficients()
    expected = n_pairs = 0
    for n in (2, 3):
        propagator = expm(-1j * lag * DT * TERMS.pauli_sum(values, n).to_dense())
        psi = trajectories(n, noise=0.05)
        for one in psi:
            for before, after in zip(one, one[lag:], strict=False):
                expected += np.linalg.norm(after - propagator @ before) ** 2
                n_pairs += 1
    loss = noisy_loss(lag)
    assert loss.loss_and_gradient(values)[0] == pytest.approx(expected, rel=1e-12)
    assert loss.n_pairs == n_pairs


def test_gradient_equals_finite_differences():
    loss, values = noisy_loss(), coefficients()
    _, gradient = loss.loss_and_gradient(values)
    for k in range(TERMS.size):
        shift = 1e-5 * np.eye(TERMS.size)[k]
        above, below = (loss.loss_and_gradient(values + s)[0] for s in (shift, -shift))
        assert gradient[k] == pytest.approx((above - below) / 2e-5, abs=1e-5)


def test_gradient_holds_where_energies_are_degenerate():
    """At G = 0 every divided difference is its limit."""
    loss = noisy_loss()
    _, gradient = loss.loss_and_gradient(np.zeros(TERMS.size))
    for k in range(0, TERMS.size, 5):
        shift = 1e-5 * np.eye(TERMS.size)[k]
        above, below = (loss.loss_and_gradient(s)[0] for s in (shift, -shift))
        assert gradient[k] == pytest.approx((above - below) / 2e-5, abs=1e-5)


def test_curvature_is_the_derivative_of_the_gradient_at_an_exact_fit():
    loss = GeneratorLoss([(TERMS, trajectories(n)) for n in (2, 3)], DT)
    loss.set_lag(2)
    values = true_coefficients()
    curvature = loss.curvature(values)
    for k in range(0, TERMS.size, 4):
        shift = 1e-5 * np.eye(TERMS.size)[k]
        above, below = (loss.loss_and_gradient(values + s)[1] for s in (shift, -shift))
        np.testing.assert_allclose(curvature[k], (above - below) / 2e-5, atol=1e-5)


def test_curvature_is_not_enlarged_by_noise():
    """Noise of both ends would add its own norm to the second moment of the states."""
    curvatures = {}
    for noise in (0.0, 0.2):
        psi = trajectories(2, n_samples=4000, n_steps=2, noise=noise)
        loss = GeneratorLoss([(TERMS, psi)], DT)
        loss.set_lag(1)
        curvatures[noise] = np.diag(loss.curvature(true_coefficients()))[:3]
    np.testing.assert_allclose(curvatures[0.2], curvatures[0.0], rtol=0.03)


def test_scores_of_the_trajectories_add_up_to_the_gradient():
    loss, values = noisy_loss(), coefficients()
    scores = loss.scores(values)
    assert scores.shape == (10, TERMS.size)
    np.testing.assert_allclose(scores.sum(axis=0), loss.loss_and_gradient(values)[1], atol=1e-10)


def test_residual_is_the_noise_on_every_part():
    psi = trajectories(3, n_samples=200, noise=0.03)
    loss = GeneratorLoss([(TERMS, psi)], DT)
    for lag in (1, 5):
        loss.set_lag(lag)
        assert loss.residual(true_coefficients()) == pytest.approx(0.03, rel=0.02)


def test_complex_hamiltonians_are_differentiated_too():
    twisted = custom(3, [(0.7, (0, 1), "XY"), (0.4, (1, 2), "YZ"), (1.0, (2,), "Y")])
    loss = GeneratorLoss([(TERMS, trajectories(3, hamiltonian=twisted))], DT)
    loss.set_lag(1)
    values = coefficients(1)
    _, gradient = loss.loss_and_gradient(values)
    for k in (1, 4, 8):
        shift = 1e-5 * np.eye(TERMS.size)[k]
        above, below = (loss.loss_and_gradient(values + s)[0] for s in (shift, -shift))
        assert gradient[k] == pytest.approx((above - below) / 2e-5, abs=1e-5)


def test_chains_beyond_the_dense_size_are_an_error():
    with pytest.raises(ValueError, match="`chains` must hold chains of at most 8 spins.* has 9"):
        GeneratorLoss([(TERMS, np.zeros((1, 2, 512)))], DT)


def test_heisenberg_chain_fits_its_own_coefficients():
    values = np.zeros(TERMS.size)
    for pair in ("X_i X_{i+1}", "Y_i Y_{i+1}", "Z_i Z_{i+1}"):
        values[TERMS.names.index(pair)] = 0.25
    loss = GeneratorLoss([(TERMS, trajectories(3, hamiltonian=heisenberg(Chain(3))))], DT)
    loss.set_lag(3)
    assert loss.residual(values) < 1e-14
