import numpy as np
import pytest
from scipy.linalg import expm

from data_gen.propagation import Propagation, interpolation
from qtf.physics import Chain, PauliSum, PauliTerm, ising, sample_initial_states


def _by_exponentials(hamiltonian, psi0, dt, n_steps):
    step = expm(-1j * dt * hamiltonian.to_dense()).T
    states = [psi0]
    for _ in range(n_steps):
        states.append(states[-1] @ step)
    psi = np.stack(states, axis=1)
    return np.stack((psi.real, psi.imag), axis=2)


@pytest.mark.parametrize(
    ("n_sites", "dt", "n_steps"), [(2, 0.002, 100), (5, 0.002, 60), (4, 0.01, 120), (3, 0.5, 20)]
)
def test_trajectories_equal_the_exponential(n_sites, dt, n_steps):
    hamiltonian = ising(Chain(n_sites))
    psi0 = sample_initial_states("paper", n_sites, 3, seed=1)
    found = Propagation(hamiltonian, dt=dt, n_steps=n_steps).trajectories(psi0)
    assert np.abs(found - _by_exponentials(hamiltonian, psi0, dt, n_steps)).max() < 2e-13


def test_trajectories_equal_the_exponential_of_a_complex_hamiltonian():
    terms = [PauliTerm(0.8, (0, 1), "XY"), PauliTerm(0.3, (1, 2), "ZY"), PauliTerm(1.1, (0,), "X")]
    hamiltonian = PauliSum(3, terms)
    psi0 = sample_initial_states("haar", 3, 2, seed=2)
    found = Propagation(hamiltonian, dt=0.01, n_steps=50).trajectories(psi0)
    assert np.abs(found - _by_exponentials(hamiltonian, psi0, 0.01, 50)).max() < 2e-13


@pytest.mark.parametrize("n_steps", [5, 100])
def test_first_state_is_the_initial_one_to_the_bit(n_steps):
    psi0 = sample_initial_states("paper", 3, 4, seed=1)
    first = Propagation(ising(Chain(3)), dt=0.002, n_steps=n_steps).trajectories(psi0)[:, 0]
    assert np.array_equal(first[:, 0] + 1j * first[:, 1], psi0)


@pytest.mark.parametrize("largest_energy", [0.0, 1.0, 11.3, 100.0])
def test_interpolation_is_exact_for_every_energy_below(largest_energy):
    times = np.linspace(0, 0.5, 251)
    nodes, weights = interpolation(times, largest_energy)
    assert len(nodes) < len(times) / 2
    for energy in np.linspace(-largest_energy, largest_energy, 17):
        error = weights @ np.exp(-1j * energy * nodes) - np.exp(-1j * energy * times)
        assert np.abs(error).max() < 3e-14


def test_interpolation_is_not_used_when_it_does_not_pay():
    times = np.linspace(0, 50, 101)
    nodes, weights = interpolation(times, 11.0)
    assert weights is None
    assert np.array_equal(nodes, times)
