import re

import numpy as np
import pytest

from qtf.physics import check_density_matrix, point_spins

PAULIS = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


def test_spins_point_where_the_angles_say():
    theta, phi = np.random.default_rng(0).uniform(0.1, 3.0, (2, 5))
    psi = point_spins(np.stack([theta, phi], axis=-1))
    means = np.einsum("ni,pij,nj->pn", psi.conj(), PAULIS, psi)
    along = [np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)]
    np.testing.assert_allclose(means, along, atol=1e-14)


def test_density_matrix_of_single_precision_is_made_exact():
    rho = np.array([[0.7, 0.2j], [-0.2j, 0.3 + 2e-6]], np.complex64)
    checked = check_density_matrix(rho, 1)
    assert np.trace(checked) == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_array_equal(checked, checked.conj().T)
    np.testing.assert_allclose(checked, rho, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: point_spins([1.0, 2.0, 3.0]), "must hold pairs (theta, phi), but has shape (3,)."),
        (lambda: point_spins([1.0, np.inf]), "Argument `angles` must be real and finite, but is"),
        (
            lambda: check_density_matrix(np.eye(2) / 2, 2),
            "Argument `rho` must have shape (4, 4) for 2 spins, but has (2, 2).",
        ),
        (
            lambda: check_density_matrix([[0.5, 0.5], [0.0, 0.5]], 1, name="start"),
            "Argument `start` must be Hermitian, but differs from its adjoint by 0.5.",
        ),
        (
            lambda: check_density_matrix(np.eye(2), 1),
            "Argument `rho` must have trace 1, but has 2.",
        ),
        (
            lambda: check_density_matrix(np.diag([1.5, -0.5]), 1),
            "Argument `rho` must have no negative eigenvalue, but has -0.5.",
        ),
        (
            lambda: check_density_matrix([[np.nan, 0], [0, 1]], 1),
            "Argument `rho` must hold finite numbers, but is",
        ),
    ],
)
def test_what_is_none_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
