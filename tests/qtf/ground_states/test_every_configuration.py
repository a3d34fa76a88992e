import keras
import numpy as np
import pytest

from qtf.autoregressive import GRUNetwork
from qtf.data.random_source import RandomSource
from qtf.ground_states.every_configuration import EveryConfiguration
from qtf.ground_states.exact_sums import state_vector, variational_energy
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.symmetries import symmetrizer
from qtf.ground_states.task import AllConfigurations, GroundStateTask
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Chain, Square, custom, heisenberg
from qtf.physics.basis import all_bits


def wave_function(lattice, group="none", **kwargs):
    keras.utils.set_random_seed(3)
    network = GRUNetwork(n_positions=lattice.n_sites, units=5, dtype="float64")
    psi = WaveFunction(network=network, dtype="float64", **kwargs)
    symmetrized = symmetrizer(group, lattice)
    return psi if symmetrized is None else symmetrized(psi)


CASES = {
    "plain": (Chain(6), "none", {}),
    "zero": (Chain(6), "none", {"zero_magnetization": True}),
    # The rule changes its sign under the reflection of six sites.
    "sign": (Chain(6), "lattice_and_flip", {"zero_magnetization": True, "sign_sites": (0, 2, 4)}),
    "square": (Square(2, 3), "lattice", {}),
}


@pytest.mark.parametrize("name", CASES)
def test_listed_configurations_stand_for_all(name):
    lattice, group, kwargs = CASES[name]
    psi = wave_function(lattice, group, **kwargs)
    every = EveryConfiguration(psi)
    vector = state_vector(psi)
    assert every.counts.sum() == (20 if kwargs.get("zero_magnetization") else 64)
    log_modulus, phase = psi(every.bits)
    shares = np.asarray(every.shares(log_modulus))
    np.testing.assert_allclose(shares.sum(), 1.0, rtol=1e-12)
    np.testing.assert_allclose(
        shares, every.counts * np.exp(2.0 * np.asarray(log_modulus)), rtol=1e-10
    )
    possible = all_bits(6)[np.abs(vector) > 1e-8].astype("int32")
    found = every.look_up(psi, log_modulus, phase)(possible)
    expected = vector[np.abs(vector) > 1e-8]
    found = np.exp(np.asarray(found[0]) + 1j * np.asarray(found[1]))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_sum_of_local_energies_is_the_energy(name):
    lattice, group, kwargs = CASES[name]
    psi, hamiltonian = wave_function(lattice, group, **kwargs), heisenberg(lattice)
    every = EveryConfiguration(psi)
    log_modulus, phase = psi(every.bits)
    looked_up = every.look_up(psi, log_modulus, phase)
    real, _ = LocalEnergy(hamiltonian)(looked_up, every.bits)
    energy = np.sum(np.asarray(every.shares(log_modulus)) * np.asarray(real))
    np.testing.assert_allclose(energy, variational_energy(psi, hamiltonian), rtol=1e-10)


# Complex, and the same after a flip of all spins.
TWISTED = heisenberg(Chain(6)) + custom(6, [(0.8, (i, i + 1, i + 2), "XYZ") for i in range(4)])


@pytest.mark.parametrize(
    ("group", "hamiltonian"), [("lattice", heisenberg(Chain(6))), ("flip", TWISTED)]
)
def test_loss_has_the_gradient_of_the_energy_without_noise(group, hamiltonian, gradients):
    lattice = Chain(6)
    task = GroundStateTask(
        make_wave_function=lambda: wave_function(lattice, group, zero_magnetization=True),
        local_energy=LocalEnergy(hamiltonian),
        source=RandomSource((7, 2), seed=0, dtype="float64"),
        n_validation=2,
        seed=0,
        configurations=AllConfigurations,
        xla=False,
    )
    training = task.build()
    psi = training.model
    batch = {"uniforms": np.zeros((7, 2)), "step": 0}
    rng = np.random.default_rng(1)
    for variable in psi.trainable_variables:
        variable.assign(variable + 0.3 * rng.standard_normal(variable.shape))
    loss, found = gradients(lambda: training.loss(batch), [], layer=psi)
    np.testing.assert_allclose(loss, variational_energy(psi, task.hamiltonian), rtol=1e-10)
    directions = [rng.standard_normal(variable.shape) for variable in psi.trainable_variables]
    start = [variable.numpy() for variable in psi.trainable_variables]
    energies = []
    for sign in (1.0, -1.0):
        for variable, value, direction in zip(
            psi.trainable_variables, start, directions, strict=True
        ):
            variable.assign(value + sign * 1e-5 * direction)
        energies.append(variational_energy(psi, task.hamiltonian))
    slope = sum(np.sum(g * d) for g, d in zip(found, directions, strict=True))
    np.testing.assert_allclose(slope, (energies[0] - energies[1]) / 2e-5, rtol=1e-6)


def test_a_square_of_16_sites_has_few_configurations_up_to_symmetries():
    psi = wave_function(Square(4, 4), "lattice_and_flip", zero_magnetization=True)
    every = EveryConfiguration(psi)
    assert every.counts.sum() == 12870
    # By the lemma of Burnside: configurations that stay as they are, averaged over the group.
    images = np.asarray(psi.images(all_bits(16)[all_bits(16).sum(axis=1) == 8].astype("int32")))
    assert len(every.bits) == np.mean(np.sum((images == images[0]).all(axis=2), axis=1))


def test_large_systems_are_refused():
    psi = wave_function(Chain(18))
    with pytest.raises(ValueError, match="every_configuration` needs at most 16 sites.* are 18"):
        EveryConfiguration(psi)


def test_spins_that_are_not_possible_are_looked_up_as_such():
    psi = wave_function(Chain(6), "lattice", zero_magnetization=True)
    every = EveryConfiguration(psi)
    bits = all_bits(6).astype("int32")
    found = every.look_up(psi, *psi(every.bits))(bits)
    expected, allowed = psi(bits), bits.sum(axis=1) == 3
    assert np.exp(np.asarray(found[0]))[~allowed].max() == 0.0
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(one)[allowed], np.asarray(other)[allowed], atol=1e-5)
