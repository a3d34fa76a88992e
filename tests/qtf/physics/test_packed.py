"""Density matrices in time, as real matrices, against exponentials of the complex Liouvillian."""

import numpy as np
import pytest
import scipy.linalg
from scipy.sparse.linalg import expm_multiply

from qtf.physics import (
    Chain,
    DrivenHamiltonian,
    DrivenLindbladian,
    Lindbladian,
    OutcomeGenerator,
    PauliSum,
    PauliTerm,
    four_pauli,
    tetrahedral,
    xyz,
)
from qtf.physics._arnoldi import _exponentials
from qtf.physics._packed import PackedProduct, pack, packed_losses, unpack

TWISTED = PauliSum(
    3,
    [
        PauliTerm(0.7, (0, 1, 2), "XYZ"),
        PauliTerm(-1.1, (0, 2), "YZ"),
        PauliTerm(0.4, (1, 2), "XX"),
        PauliTerm(0.9, (1,), "Y"),
        PauliTerm(0.3, (), ""),
    ],
)


def random_jumps(n_sites):
    rng = np.random.default_rng(5)
    matrices = rng.normal(size=(n_sites, 2, 2, 2)) @ [1, 1j]
    return [(site, matrix, 0.2 + 0.3 * site) for site, matrix in enumerate(matrices)]


JUMPS = {
    "random": random_jumps(3),
    "dephasing": {"dephasing": [0.3, 0.0, 1.7]},
    "decay and pump": {"decay": 1.0, "pump": [0.4, 0.1, 2.0]},
    "two on a site": [*random_jumps(3), (1, [[0, 1j], [0, 0]], 2.0)],
    "none": [],
}


def relative_errors(found, expected, rho0):
    return np.linalg.norm(found - expected, axis=(-2, -1)) / np.linalg.norm(rho0)


def exponential(lindbladian, rho0, times):
    generator = lindbladian.liouvillian
    flat = np.asarray(rho0, complex).reshape(-1)
    return np.array([expm_multiply(t * generator, flat).reshape(rho0.shape) for t in times])


def test_packed_operators_come_back_with_their_norm_and_trace(random_states):
    operator = random_states(8, 8)
    hermitian = operator + operator.conj().T
    (packed,) = pack(hermitian)
    np.testing.assert_allclose(unpack([packed], 8), hermitian, atol=1e-14)
    assert np.linalg.norm(packed) == pytest.approx(np.linalg.norm(hermitian))
    assert packed[::9].sum() == pytest.approx(np.trace(hermitian).real)
    parts = pack(operator)
    assert parts.shape == (2, 64)
    np.testing.assert_allclose(unpack(parts, 8), operator, atol=1e-14)


def test_only_an_anti_hermitian_part_of_rounding_is_dropped(random_states):
    operator = random_states(8, 8)
    hermitian = operator + operator.conj().T
    basis, _ = np.linalg.qr(operator)
    assert len(pack(basis @ np.diag(np.arange(8.0)) @ basis.conj().T)) == 1
    slanted = hermitian + 1e-12j * np.eye(8)
    assert len(pack(slanted)) == 2
    np.testing.assert_allclose(unpack(pack(slanted), 8).imag.diagonal(), 1e-12, rtol=1e-2)


@pytest.mark.parametrize("jumps", JUMPS.values(), ids=JUMPS)
def test_packed_product_is_the_lindblad_equation(jumps, random_states):
    lindbladian = Lindbladian(TWISTED, jumps)
    losses, operator = packed_losses(lindbladian.jump_ops, 3), random_states(8, 8)
    for matrix in (TWISTED.to_dense(), TWISTED.to_sparse()):
        product = PackedProduct(matrix, losses)
        change = unpack([product(part) for part in pack(operator)], 8)
        np.testing.assert_allclose(change, lindbladian.apply(operator), atol=1e-13)


@pytest.mark.parametrize("jumps", JUMPS.values(), ids=JUMPS)
def test_any_operator_evolves_by_the_exponential_of_the_liouvillian(jumps, random_states):
    lindbladian, rho0 = Lindbladian(TWISTED, jumps), random_states(8, 8)
    dense = lindbladian.liouvillian.toarray()
    times = [2.5, 0.0, 0.3, 1.1]
    expected = [(scipy.linalg.expm(t * dense) @ rho0.reshape(-1)).reshape(8, 8) for t in times]
    errors = relative_errors(lindbladian.evolve(rho0, times), np.array(expected), rho0)
    assert errors.max() < 1e-10


SIX_SPINS = {
    "decay": {"decay": 1.0},
    "little decay": {"decay": [0.1, 0.0, 0.0, 0.0, 0.2, 0.0]},
    "strong pump and decay": {"decay": 8.0, "pump": [0.0, 6.0, 0.0, 3.0, 1.0, 0.0]},
    "random": random_jumps(6),
}


@pytest.mark.parametrize("jumps", SIX_SPINS.values(), ids=SIX_SPINS)
def test_error_of_six_spins_stays_below_the_tolerance(jumps, random_states):
    chain = xyz(Chain(6, periodic=True), coupling_x=2.0, coupling_y=0.0, field=1.0)
    hamiltonian = chain + PauliSum(6, [PauliTerm(0.8, (0, 3, 5), "XYZ")])
    lindbladian = Lindbladian(hamiltonian, jumps)
    root = random_states(64, 64)
    rho0, times = root @ root.conj().T, [1.0, 0.4]
    expected = exponential(lindbladian, rho0, times)
    for tolerance in (1e-4, 1e-7, 1e-10):
        found = lindbladian.evolve(rho0, times, tolerance=tolerance)
        assert relative_errors(found, expected, rho0).max() < tolerance


@pytest.mark.parametrize("povm", [tetrahedral(), four_pauli()], ids=["tetrahedral", "four-pauli"])
def test_probabilities_of_six_spins_stay_below_the_tolerance(povm):
    hamiltonian = xyz(Chain(6), coupling_x=0.7, coupling_y=1.9, field=0.4)
    lindbladian = Lindbladian(hamiltonian, {"decay": 0.8, "dephasing": 0.3})
    p0 = povm.product_probabilities([[0.6, 0.8j]] * 6)
    rho0 = povm.density_matrix(p0)
    expected = povm.probabilities(exponential(lindbladian, rho0, [1.5]))[0]
    for tolerance in (1e-5, 1e-9):
        found = OutcomeGenerator(lindbladian, povm).evolve(p0, [1.5], tolerance=tolerance)[0]
        assert np.linalg.norm(found - expected) < tolerance * np.linalg.norm(p0)


@pytest.mark.parametrize("law", [lambda t: 1.0 + 0.0 * t, 1.0], ids=["steps", "pieces"])
def test_any_operator_evolves_under_a_drive(law, random_states):
    hamiltonian = DrivenHamiltonian([(law, TWISTED)])
    rho0 = random_states(8, 8)
    found = DrivenLindbladian(hamiltonian, random_jumps(3)).evolve(rho0, [0.6, 0.2]).states
    expected = exponential(Lindbladian(TWISTED, random_jumps(3)), rho0, [0.6, 0.2])
    assert relative_errors(found, expected, rho0).max() < 1e-9


def test_small_exponentials_at_many_times_equal_those_of_scipy():
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(7, 7)) - 3 * np.eye(7)
    vector, times = rng.normal(size=7), np.array([0.0, 4.0, 0.01, 1.7, 4.0, 3.999])
    expected = [scipy.linalg.expm(t * matrix) @ vector for t in times]
    np.testing.assert_allclose(_exponentials(matrix, vector, times), expected, atol=1e-13)
    np.testing.assert_allclose(_exponentials(0 * matrix, vector, times), [vector] * 6)
    np.testing.assert_allclose(_exponentials(matrix, vector, 0 * times), [vector] * 6)


def test_nine_spins_are_refused():
    hamiltonian, rho0 = PauliSum(9, []), np.eye(512)
    message = "Argument `n_sites` must be an integer from 1 to 8, but is 9"
    with pytest.raises(ValueError, match=message):
        Lindbladian(hamiltonian, []).evolve(rho0, [1.0])
    driven = DrivenLindbladian(DrivenHamiltonian([(1.0, hamiltonian)]), [])
    with pytest.raises(ValueError, match=message):
        driven.evolve(rho0, [1.0])
