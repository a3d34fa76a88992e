"""What the documentation promises of local generators, measured; minutes, run by name.

python -m pytest -m slow tests/qtf/dynamics/test_generator_claims.py
"""

import numpy as np
import pytest
from scipy.stats import kstest

from qtf.dynamics.generator_fit import fit_generator
from qtf.dynamics.generator_report import identify
from qtf.dynamics.local_generator import LocalGenerator
from qtf.dynamics.local_terms import LocalTerms
from qtf.dynamics.metrics import relative_entropy
from qtf.dynamics.rollout import Rollout
from qtf.physics import Chain, evolve, heisenberg, ising, sample_initial_states, xxz

from .noisy_chains import TRUTH, noisy_chains

pytestmark = pytest.mark.slow

DT = 0.002
N_STEPS = 250
ISING = {"Z_i Z_{i+1}": -1.0, "X_i": 1.05, "Z_i": -0.5}


def fitted(model, lengths=(2, 3, 4), terms=None, noise=0.0, seed=0):
    """Fits 100 trajectories of 100 steps for each n."""
    rng = np.random.default_rng(seed)
    chains = []
    for n in lengths:
        psi0 = sample_initial_states("paper", n, 100, seed=seed, stream=(n,))
        psi = evolve(model(Chain(n)), psi0, DT * np.arange(101))
        psi = psi + noise * (rng.normal(size=psi.shape) + 1j * rng.normal(size=psi.shape))
        chains.append((terms or LocalTerms(), psi))
    return fit_generator(chains, DT)


def generator(result):
    model = LocalGenerator(DT, **result.terms.to_dict())
    model.coefficients.assign(result.coefficients)
    return model


def check_long_rollouts(result, model, n_sites, n_samples):
    psi0 = sample_initial_states("paper", n_sites, n_samples, seed=1, stream=(99,))
    exact = evolve(model(Chain(n_sites)), psi0, DT * np.arange(N_STEPS + 1))
    found = Rollout(generator(result))(psi0, N_STEPS)
    assert np.abs(found - exact).max() <= 1e-7
    assert relative_entropy(exact, found).mean(axis=0).max() <= 1e-10


@pytest.mark.parametrize(("n_sites", "n_samples"), [(5, 100), (8, 20), (12, 4), (16, 1)])
def test_ising_of_two_to_four_spins_predicts_long_chains(n_sites, n_samples):
    result = fitted(ising)
    assert result.seconds < 60
    parameters = identify(result).parameters
    assert abs(parameters["transverse_field"] + 1.05) < 1e-6
    assert abs(parameters["longitudinal_field"] - 0.5) < 1e-6
    check_long_rollouts(result, ising, n_sites, n_samples)


@pytest.mark.parametrize("model", [heisenberg, lambda chain: xxz(chain, anisotropy=0.4)])
def test_heisenberg_and_xxz_predict_eight_spins(model):
    check_long_rollouts(fitted(model), model, 8, 20)


def test_random_fields_of_six_spins_are_learned_from_that_chain():
    g, h = np.random.default_rng(7).normal(size=(2, 6))

    def model(chain):
        return ising(chain, transverse_field=g, longitudinal_field=h)

    result = fitted(model, (6,), LocalTerms(site_dependent=True, n_sites=6))
    parameters = identify(result).parameters
    np.testing.assert_allclose(parameters["transverse_field"], g, atol=1e-6)
    np.testing.assert_allclose(parameters["longitudinal_field"], h, atol=1e-6)
    check_long_rollouts(result, model, 6, 100)


def test_error_bars_cover_at_the_noise_of_the_claim():
    terms = LocalTerms()
    truth = np.zeros(terms.size)
    for name, value in ISING.items():
        truth[terms.names.index(name)] = value
    deviates = []
    for seed in range(100):
        result = fitted(ising, noise=1e-3, seed=seed)
        errors = result.coefficients - truth
        assert (np.abs(errors[truth != 0]) < 0.01 * np.abs(truth[truth != 0])).all()
        assert identify(result).name == "ising"
        deviates.append(errors / result.errors)
    assert 0.95 < np.std(deviates) < 1.1
    assert abs(np.mean(deviates)) < 0.05
    assert 0.93 < np.mean(np.abs(deviates) < 1.96) < 0.97


@pytest.mark.parametrize(("n_samples", "n_fits"), [(8, 400), (40, 300), (200, 200)])
def test_error_bars_and_p_values_hold_for_24_120_and_600_trajectories(n_samples, n_fits):
    deviates, p_values, names = [], [], []
    for seed in range(n_fits):
        result = fit_generator(noisy_chains(n_samples=n_samples, seed=seed), DT)
        deviates.append((result.coefficients - TRUTH) / result.errors)
        p_values.append(result.p_value)
        names.append(identify(result).name)
    assert np.std(deviates) == pytest.approx(1.0, abs=0.03)
    assert np.mean(np.abs(deviates) < 1.96) == pytest.approx(0.95, abs=0.01)
    assert kstest(p_values, "uniform").pvalue > 0.01
    assert np.mean(np.array(p_values) < 0.001) < 0.005
    assert names.count("ising") >= n_fits - 2


@pytest.mark.parametrize(("strength", "detected"), [(0.05, 20), (0.01, 20), (0.005, 18)])
def test_missing_terms_are_detected(strength, detected):
    found = 0
    for seed in range(20):
        chains = noisy_chains((3, 4, 5), n_samples=100, strength=strength, seed=seed)
        found += fit_generator(chains, DT).explains_the_data is False
    assert found >= detected
