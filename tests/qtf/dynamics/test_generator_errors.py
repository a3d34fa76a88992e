import numpy as np
import pytest
from scipy.stats import norm, t

from qtf.dynamics.generator_errors import estimate_errors, pseudo_inverse, student_limits, whiten
from qtf.dynamics.generator_fit import fit_generator
from qtf.dynamics.generator_loss import GeneratorLoss
from qtf.dynamics.local_terms import LocalTerms

from .noisy_chains import TRUTH, noisy_chains


def test_error_bars_of_twelve_trajectories_are_wide_enough():
    """Without correction the deviates of so few are spread by 1.27."""
    deviates = []
    for seed in range(30):
        chains = noisy_chains((2, 3), n_samples=6, n_steps=30, dt=0.01, seed=seed)
        result = fit_generator(chains, 0.01)
        deviates.append((result.coefficients - TRUTH) / result.errors)
    assert 0.88 < np.std(deviates) < 1.12
    assert 0.92 < np.mean(np.abs(deviates) < 1.96) < 0.98


def noisy_loss(n_samples=4):
    loss = GeneratorLoss(noisy_chains((2, 3), n_samples=n_samples, n_steps=12, dt=0.05), 0.05)
    loss.set_lag(8)
    return loss


def test_curvatures_of_the_trajectories_add_up_to_the_whole(monkeypatch):
    monkeypatch.setattr("qtf.dynamics.generator_loss.rows_at_once", lambda n_bytes: 3)
    loss = noisy_loss()
    scores, curvatures = zip(*loss.scores_and_curvatures(TRUTH), strict=True)
    assert [len(chunk) for chunk in curvatures] == [3, 1, 3, 1]
    np.testing.assert_array_equal(np.concatenate(scores), loss.scores(TRUTH))
    total = np.concatenate(curvatures).sum(axis=0)
    np.testing.assert_allclose(total, loss.curvature(TRUTH), atol=1e-12)


def test_degrees_of_freedom_and_covariance_equal_the_formulas_written_out():
    """Square roots of whole matrices, and the eigenvalues of the quadratic form."""
    loss = noisy_loss()
    curvature = loss.curvature(TRUTH)
    values, vectors = np.linalg.eigh(curvature)
    inverse_root = (vectors / np.sqrt(values)) @ vectors.T
    ((_, parts),) = [
        [np.concatenate(array) for array in zip(*loss.scores_and_curvatures(TRUTH), strict=True)]
    ]
    leverages = inverse_root @ parts @ inverse_root
    roots = np.array([np.linalg.inv(_square_root(np.eye(20) - one)) for one in leverages])
    scores = np.einsum("mij,mj->mi", roots @ inverse_root, loss.scores(TRUTH))
    covariance = inverse_root @ scores.T @ scores @ inverse_root
    found = estimate_errors(loss, TRUTH, 0.4)
    for k in (0, 7, 19):
        rows = roots @ inverse_root[:, k]
        weighted = np.einsum("mij,mj->mi", leverages, rows)
        form = np.diag(np.einsum("mi,mi->m", rows, weighted)) - weighted @ weighted.T
        eigenvalues = np.linalg.eigvalsh(form)
        freedom = eigenvalues.sum() ** 2 / np.square(eigenvalues).sum()
        assert found.degrees_of_freedom[k] == pytest.approx(freedom, rel=1e-6)
        factor = t.isf(0.025, freedom) / norm.isf(0.025)
        expected = factor * np.sqrt(covariance[k, k])
        assert np.sqrt(found.covariance[k, k]) == pytest.approx(expected, rel=1e-6)


def _square_root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values)) @ vectors.T


def test_a_term_that_one_trajectory_alone_sees_has_no_error_bar():
    terms = LocalTerms(2)
    ((_, short), (_, long)) = noisy_chains((2, 3), n_samples=10, n_steps=20)
    result = fit_generator([(terms, short), (terms, long[:1])], 0.002)
    known = dict(zip(terms.names, np.isfinite(result.errors), strict=True))
    assert not any(known[f"{p}_i {q}_{{i+2}}"] for p in "XYZ" for q in "XYZ")
    assert known["X_i X_{i+1}"]


def test_whitening_and_inverse_leave_out_what_nobody_sees():
    curvature = np.diag([4.0, 0.0, 1e-8, 9.0])
    curvature[2, 2] = 1e-30
    whitener, determined = whiten(curvature)
    assert determined.tolist() == [True, False, True, True]
    np.testing.assert_allclose(whitener @ curvature @ whitener.T, np.eye(3), atol=1e-12)
    inverse, _ = pseudo_inverse(curvature)
    np.testing.assert_allclose(np.diag(inverse), [0.25, 0.0, 1e30, 1 / 9], rtol=1e-12)


def test_a_curvature_that_is_nowhere_positive_determines_nothing():
    _, determined = whiten(-np.eye(2))
    assert not determined.any()


def test_limits_are_those_of_a_normal_law_for_many_trajectories():
    few, many = student_limits(4.5, np.array([3.0, 1e9]))
    assert few > 20
    assert many == pytest.approx(4.5, abs=1e-6)
