"""The closed forms against matrices made of Kronecker products, independent of the models."""

import numpy as np
import pytest
from scipy.linalg import expm

from qtf.physics.ground_energies import ising_free_fermion_energies, ising_ground_energy

from .closed_forms import (
    heisenberg_pair_evolution,
    ising_spectrum,
    ising_transverse_magnetization,
    single_spin_evolution,
    two_spin_evolution,
)

TIMES = np.array([0.0, 0.4, -2.1, 11.0])


def ising_matrix(kronecker, j, g):
    n = len(g)
    bonds = sum((-j[i] * kronecker(n, {i: "Z", i + 1: "Z"}) for i in range(n - 1)), np.zeros(2**n))
    return bonds - sum(g[i] * kronecker(n, {i: "X"}) for i in range(n))


def evolved(matrix, psi0):
    return np.stack([expm(-1j * t * matrix) @ psi0 for t in TIMES])


@pytest.mark.parametrize("n_sites", [2, 3, 6])
def test_free_fermion_spectrum_equals_diagonalization(n_sites, kronecker):
    rng = np.random.default_rng(n_sites)
    j, g = rng.normal(size=n_sites - 1), rng.normal(size=n_sites)
    energies = np.linalg.eigvalsh(ising_matrix(kronecker, j, g))
    arguments = {"coupling": j, "transverse_field": g}
    np.testing.assert_allclose(ising_spectrum(n_sites, **arguments), energies, atol=1e-12)
    assert ising_ground_energy(n_sites, **arguments) == pytest.approx(energies[0], abs=1e-12)
    modes = ising_free_fermion_energies(n_sites, **arguments)
    assert modes.shape == (n_sites,)
    # Exciting the lightest fermion costs twice its energy.
    assert energies[1] - energies[0] == pytest.approx(2 * modes[-1], abs=1e-12)


@pytest.mark.parametrize("n_sites", [1, 10, 1000])
def test_critical_ground_energy_equals_closed_sum(n_sites):
    # E = 1 - 1 / sin(pi / (4 n + 2)) for the open critical chain.
    expected = 1 - 1 / np.sin(np.pi / (4 * n_sites + 2))
    assert ising_ground_energy(n_sites) == pytest.approx(expected, rel=1e-12)


def test_transverse_magnetization_equals_matrix_exponential(kronecker):
    j, g = np.array([0.9, -0.5, 1.4]), np.array([0.3, -1.0, 0.8, 0.5])
    psi = evolved(ising_matrix(kronecker, j, g), np.full(16, 0.25))
    expected = np.stack(
        [np.einsum("tx,xy,ty->t", psi.conj(), kronecker(4, {i: "X"}), psi).real for i in range(4)],
        axis=-1,
    )
    found = ising_transverse_magnetization(4, TIMES, coupling=j, transverse_field=g)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("field", [(0.3, -0.8, 0.5), (0.0, 0.0, 0.0), (-1.05, 0.0, 0.5)])
def test_single_spin_equals_matrix_exponential(field, kronecker, random_states):
    matrix = -sum(b * kronecker(1, {0: pauli}) for b, pauli in zip(field, "XYZ", strict=True))
    psi0 = random_states(1, 2)[0]
    found = single_spin_evolution(psi0, TIMES, field)
    np.testing.assert_allclose(found, evolved(matrix, psi0), atol=1e-12)


@pytest.mark.parametrize(("j", "g"), [(0.7, -1.3), (0.0, 0.4), (-2.0, 0.0), (0.0, 0.0)])
def test_two_ising_spins_equal_matrix_exponential(j, g, kronecker, random_states):
    psi0 = random_states(1, 4)[0]
    found = two_spin_evolution(psi0, TIMES, coupling=j, transverse_field=g)
    expected = evolved(ising_matrix(kronecker, [j], [g, g]), psi0)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_two_heisenberg_spins_equal_matrix_exponential(kronecker, random_states):
    psi0 = random_states(1, 4)[0]
    matrix = sum(-0.6 / 4 * kronecker(2, {0: pauli, 1: pauli}) for pauli in "XYZ")
    found = heisenberg_pair_evolution(psi0, TIMES, coupling=-0.6)
    np.testing.assert_allclose(found, evolved(matrix, psi0), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ising_ground_energy(0), r"`n_sites` must be an integer of at least 1, but is 0\."),
        (lambda: ising_spectrum(21), r"`n_sites` must be an integer from 1 to 20, but is 21\."),
        (lambda: ising_free_fermion_energies(3, coupling=[1]), r"`coupling` must be .* 2 numbers"),
        (
            lambda: ising_free_fermion_energies(3, transverse_field=[1, 2]),
            r"`transverse_field` must be one number or 3 numbers",
        ),
        (lambda: ising_transverse_magnetization(2, [np.nan]), r"`times` must be finite"),
        (lambda: single_spin_evolution([1, 0], [0.0], [1, 2]), r"`field` .* 3 numbers, one for"),
        (lambda: single_spin_evolution([1, 0, 0], [0.0], [1, 2, 3]), r"`psi0` must have 2 ampl"),
        (lambda: two_spin_evolution([1, 0], [0.0]), r"`psi0` must have 4 amplitudes"),
        (lambda: two_spin_evolution(np.ones(4), [0.0], coupling=1j), r"`coupling` must be real"),
        (
            lambda: two_spin_evolution(np.ones(4), [0.0], transverse_field=np.inf),
            r"`transverse_field` must be one finite real number, but is inf\.",
        ),
        (lambda: heisenberg_pair_evolution(np.ones(4), 0.0), r"`times` must be a one-dimensional"),
        (lambda: heisenberg_pair_evolution(np.ones(4), [0.0], coupling=np.nan), r"`coupling` must"),
    ],
)
def test_reference_with_wrong_argument_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
