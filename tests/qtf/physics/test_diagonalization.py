import numpy as np
import pytest
from scipy.linalg import expm

from qtf.physics import (
    Chain,
    Eigenbasis,
    Square,
    custom,
    diagonalization,
    fidelity,
    heisenberg,
    ising,
)

COMPLEX = custom(3, [(0.7, (0, 1), "XY"), (-0.4, (1, 2), "ZZ"), (0.9, (2,), "Y"), (0.3, (0,), "Z")])
HAMILTONIANS = [ising(Chain(1)), ising(Chain(4)), heisenberg(Square(2, 2, periodic=True)), COMPLEX]
TIMES = np.array([0.0, 0.3, -1.2, 7.5])


@pytest.mark.parametrize("hamiltonian", HAMILTONIANS)
def test_evolution_equals_matrix_exponential(hamiltonian, random_states):
    psi0 = random_states(5, hamiltonian.dimension)
    evolved = Eigenbasis.from_hamiltonian(hamiltonian).evolve(psi0, TIMES)
    matrices = [expm(-1j * t * hamiltonian.to_dense()) for t in TIMES]
    expected = np.stack([psi0 @ u.T for u in matrices], axis=1)
    assert evolved.dtype == np.complex128
    np.testing.assert_allclose(evolved, expected, atol=1e-12)


@pytest.mark.parametrize("hamiltonian", HAMILTONIANS)
def test_propagator_equals_matrix_exponential(hamiltonian):
    expected = expm(-0.37j * hamiltonian.to_dense())
    basis = Eigenbasis.from_hamiltonian(hamiltonian)
    np.testing.assert_allclose(basis.propagator(0.37), expected, atol=1e-13)


@pytest.mark.parametrize("hamiltonian", HAMILTONIANS)
def test_evolution_conserves_norm_and_energy(hamiltonian, random_states):
    psi0 = random_states(4, hamiltonian.dimension)
    psi0 /= np.linalg.norm(psi0, axis=-1, keepdims=True)
    psi = Eigenbasis.from_hamiltonian(hamiltonian).evolve(psi0, np.linspace(0, 20, 50))
    energies = np.sum(psi.conj() * hamiltonian.apply(psi), axis=-1).real
    np.testing.assert_allclose(np.linalg.norm(psi, axis=-1), 1, atol=1e-12)
    np.testing.assert_allclose(energies, energies[:, :1] * np.ones(50), atol=1e-12)


def test_evolution_forth_and_back_gives_the_initial_states(random_states):
    basis = Eigenbasis.from_hamiltonian(COMPLEX)
    psi0 = random_states(3, 8)
    there = basis.evolve(psi0, [2.5])[:, 0]
    np.testing.assert_allclose(basis.evolve(there, [-2.5])[:, 0], psi0, atol=1e-12)
    assert fidelity(there, psi0).max() < 0.9


@pytest.mark.parametrize("hamiltonian", [HAMILTONIANS[1], COMPLEX])
@pytest.mark.parametrize("block", [1, 40, 1 << 20])
def test_evolution_does_not_depend_on_blocks(hamiltonian, block, monkeypatch, random_states):
    psi0 = random_states(7, hamiltonian.dimension)
    basis = Eigenbasis.from_hamiltonian(hamiltonian)
    expected = basis.evolve(psi0, TIMES)
    monkeypatch.setattr(diagonalization, "_BLOCK_AMPLITUDES", block)
    np.testing.assert_allclose(basis.evolve(psi0, TIMES), expected, atol=1e-13)


@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_evolution_keeps_the_shape_of_the_batch(shape, random_states):
    basis = Eigenbasis.from_hamiltonian(ising(Chain(2)))
    psi0 = random_states(6, 4)[: int(np.prod(shape))].reshape(*shape, 4)
    assert basis.evolve(psi0, TIMES).shape == (*shape, 4, 4)
    assert basis.evolve_parts(psi0, TIMES).shape == (*shape, 4, 2, 4)


@pytest.mark.parametrize("hamiltonian", [HAMILTONIANS[1], COMPLEX])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 0), (np.float32, 3e-7)])
def test_parts_are_written_to_out(hamiltonian, dtype, tolerance, random_states):
    psi0 = random_states(5, hamiltonian.dimension)
    basis = Eigenbasis.from_hamiltonian(hamiltonian)
    expected = basis.evolve(psi0, TIMES)
    out = np.full((5, len(TIMES), 2, basis.dimension), np.nan, dtype)
    assert basis.evolve_parts(psi0, TIMES, out=out) is out
    np.testing.assert_allclose(out[:, :, 0], expected.real, atol=tolerance, rtol=tolerance)
    np.testing.assert_allclose(out[:, :, 1], expected.imag, atol=tolerance, rtol=tolerance)


def test_eigenvectors_of_real_hamiltonian_are_real():
    assert Eigenbasis.from_hamiltonian(HAMILTONIANS[2]).vectors.dtype == np.float64
    assert Eigenbasis.from_hamiltonian(COMPLEX).vectors.dtype == np.complex128


def test_too_many_spins_are_refused():
    with pytest.raises(ValueError, match=r"`n_sites` must be an integer from 1 to 12, but is 13\."):
        Eigenbasis.from_hamiltonian(ising(Chain(13)))


@pytest.mark.parametrize("method", ["evolve", "evolve_parts"])
@pytest.mark.parametrize(
    ("psi0", "times", "message"),
    [
        (
            np.ones(3),
            [0.0],
            r"`psi0` must have 4 amplitudes on its last axis, but has shape \(3,\)",
        ),
        ([1, np.nan, 0, 0], [0.0], r"`psi0` must be finite, but contains nan\."),
        (np.ones(4), [np.inf], r"`times` must be finite, but contains inf\."),
        (np.ones(4), 0.5, r"`times` must be a one-dim.* shape \(\)\."),
    ],
)
def test_wrong_states_or_times_are_refused(method, psi0, times, message):
    basis = Eigenbasis.from_hamiltonian(ising(Chain(2)))
    with pytest.raises(ValueError, match=message):
        getattr(basis, method)(psi0, times)


def test_propagator_of_infinite_step_is_refused():
    with pytest.raises(ValueError, match=r"`dt` must be one finite real number, but is inf\."):
        Eigenbasis.from_hamiltonian(ising(Chain(2))).propagator(np.inf)


@pytest.mark.parametrize(
    "out",
    [
        np.empty((1, 1, 2, 3)),
        np.empty((1, 1, 2, 4), np.complex128),
        np.empty((1, 1, 4, 2)).swapaxes(2, 3),
        [],
    ],
)
def test_out_of_other_form_is_refused(out):
    message = r"`out` must be a C-contiguous .* array of shape \(1, 1, 2, 4\), but is"
    with pytest.raises(ValueError, match=message):
        Eigenbasis.from_hamiltonian(ising(Chain(2))).evolve_parts(np.ones((1, 4)), [0.0], out=out)
