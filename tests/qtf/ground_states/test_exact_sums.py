import keras
import numpy as np
import pytest

from qtf.autoregressive import GRUNetwork
from qtf.ground_states.exact_sums import state_vector, variational_energy
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Chain, all_bits, heisenberg


def wave_function(n_sites):
    keras.utils.set_random_seed(0)
    network = GRUNetwork(n_positions=n_sites, units=4, dtype="float64")
    return WaveFunction(network=network, dtype="float64")


def test_vector_is_normalised_and_its_energy_that_of_the_local_energies():
    psi, hamiltonian = wave_function(7), heisenberg(Chain(7))
    vector = state_vector(psi)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-12)
    real, _ = LocalEnergy(hamiltonian)(psi, all_bits(7).astype("int32"))
    expected = np.sum(np.abs(vector) ** 2 * np.asarray(real))
    assert variational_energy(psi, hamiltonian) == pytest.approx(expected, abs=1e-12)


def test_too_many_sites_to_list_all_configurations():
    with pytest.raises(ValueError, match="up to 20 sites, but there are 21"):
        state_vector(wave_function(21))
