import dataclasses
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from qtf.autoregressive import GRUNetwork
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.penalties import Penalties
from qtf.ground_states.states_below import StatesBelow, squared_mean
from qtf.ground_states.task import AllConfigurations, EnergyGradient, Samples
from qtf.ground_states.task.samples import LocalEnergies
from qtf.ground_states.task.steps import add_penalties
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Chain, all_bits, ising

N_SITES = 4
STRENGTH = 3.0


def wave_function(seed, *, n_sites=N_SITES):
    keras.utils.set_random_seed(seed)
    network = GRUNetwork(n_positions=n_sites, units=3, heads=(2, 2), dtype="float64")
    psi = WaveFunction(network=network, dtype="float64")
    rng = np.random.default_rng(seed)
    # As they are made, wave functions are nearly constant.
    for variable in psi.trainable_variables:
        variable.assign(0.5 * rng.normal(size=variable.shape))
    return psi


@pytest.fixture(scope="module")
def psi():
    return wave_function(1)


@pytest.fixture(scope="module")
def states():
    return [wave_function(2), wave_function(3)]


@pytest.fixture(scope="module")
def below(states):
    return StatesBelow(states, STRENGTH)


def vector(psi):
    log_modulus, phase = psi(all_bits(psi.n_sites).astype("int32"))
    return np.exp(np.asarray(log_modulus) + 1j * np.asarray(phase))


def penalty(psi, states):
    return STRENGTH * sum(abs(np.vdot(vector(phi), vector(psi))) ** 2 for phi in states)


def test_local_energies_are_those_of_the_projectors(psi, states, below):
    bits = all_bits(N_SITES).astype("int32")
    log_psi = psi(bits)
    shares = np.exp(2.0 * np.asarray(log_psi[0]))
    real, imaginary = below.local_energies(bits, log_psi, shares, independent=False)
    projected = sum(vector(phi) * np.vdot(vector(phi), vector(psi)) for phi in states)
    expected = STRENGTH * projected / vector(psi)
    np.testing.assert_allclose(np.asarray(real) + 1j * np.asarray(imaginary), expected, atol=1e-9)
    assert np.sum(shares * np.asarray(real)) == pytest.approx(penalty(psi, states), abs=1e-9)


def test_the_gradient_is_that_of_finite_differences(states, below):
    psi, hamiltonian = wave_function(1), ising(Chain(N_SITES), transverse_field=0.7)
    configurations = AllConfigurations(psi, LocalEnergy(hamiltonian), 2)
    step = EnergyGradient(psi, configurations, Penalties(), below=below)
    with tf.GradientTape() as tape:
        loss = step.loss({"uniforms": tf.zeros((N_SITES, 2), "float64"), "step": tf.constant(0)})
    variables = [variable.value for variable in psi.trainable_variables]
    gradients = tape.gradient(loss, variables)

    def energy():
        amplitudes = vector(psi)
        return np.vdot(amplitudes, hamiltonian.apply(amplitudes)).real + penalty(psi, states)

    for variable, gradient in zip(psi.trainable_variables, gradients, strict=True):
        index = np.unravel_index(np.argmax(np.abs(gradient)), variable.shape)
        kept, values = variable.numpy(), []
        for shift in (1e-5, -1e-5):
            moved = kept.copy()
            moved[index] += shift
            variable.assign(moved)
            values.append(energy())
        variable.assign(kept)
        difference = (values[0] - values[1]) / 2e-5
        assert np.asarray(gradient)[index] == pytest.approx(difference, rel=1e-5, abs=1e-8)


def test_products_of_different_samples_have_no_bias():
    """All pairs of configurations, as often as they are drawn; one mean over both has a bias."""
    psi, phi = wave_function(1, n_sites=2), wave_function(2, n_sites=2)
    below, bits = StatesBelow([phi], STRENGTH), all_bits(2).astype("int32")
    log_psi = [np.asarray(part) for part in psi(bits)]
    probabilities = np.exp(2.0 * log_psi[0])

    @tf.function(autograph=False)
    def local_energies(bits, *columns):
        shares = tf.fill((2,), tf.constant(0.5, "float64"))
        return [
            below.local_energies(bits, columns, shares, independent=independent)[0]
            for independent in (True, False)
        ]

    total = np.zeros(2)
    for pair in itertools.product(range(4), repeat=2):
        rows = list(pair)
        energies = local_energies(bits[rows], *(part[rows] for part in log_psi))
        total += np.prod(probabilities[rows]) * np.mean(energies, axis=1)
    expected = penalty(psi, [phi])
    assert total[0] == pytest.approx(expected, abs=1e-9)
    # Half of what is missing to 1.
    assert total[1] == pytest.approx((expected + STRENGTH) / 2, abs=1e-9)


def test_overlaps_have_error_bars(psi, states, below):
    exact = [abs(np.vdot(vector(phi), vector(psi))) ** 2 for phi in states]
    rng = np.random.default_rng(1)
    every = np.asarray(psi.sample(rng.random((N_SITES, 60 * 300))))
    found = []
    for bits in np.split(every, 60):
        log_psi = tuple(np.asarray(part) for part in psi(bits))
        found.append([(e.mean, e.error) for e in below.overlaps(bits, log_psi)])
    found = np.array(found)
    spread = found[:, :, 0].std(axis=0)
    quotients = found[:, :, 1].mean(axis=0) / spread
    assert (quotients > 0.75).all()
    assert (quotients < 2.2).all()
    assert (abs(found[:, :, 0].mean(axis=0) - exact) < 4 * spread / np.sqrt(60)).all()


def test_the_squared_mean_of_noise_is_zero_within_its_error():
    rng = np.random.default_rng(2)
    draws = rng.normal(size=(400, 50)) + 1j * rng.normal(size=(400, 50))
    estimates = [squared_mean(draw) for draw in draws]
    means = np.array([estimate.mean for estimate in estimates])
    assert abs(means.mean()) < 4 * means.std() / 20
    errors = np.array([estimate.error for estimate in estimates])
    # It errs on the safe side here.
    assert 1.2 * means.std() < np.sqrt(np.mean(errors**2)) < 2.2 * means.std()
    # As many of one sign as of the other, whose mean happens to be zero.
    balanced = squared_mean(np.array([1.0, -1.0] * 50) + 0j)
    assert balanced.mean == pytest.approx(-1 / 99)
    assert abs(balanced.mean) < balanced.error < 2 / 99


def test_energies_without_states_below_are_as_they_were():
    zeros = tf.zeros((2,), "float64")
    energies = LocalEnergies(tf.zeros((2, 3), "int32"), zeros + 1.0, zeros + 2.0, zeros + 0.5)
    added = add_penalties(energies, (zeros, zeros), Penalties(), None, 0, independent=True)
    np.testing.assert_array_equal(added, [[1.0, 1.0], [2.0, 2.0]])


def test_samples_tell_that_they_are_independent():
    assert Samples.has_errors
    assert not AllConfigurations.has_errors


def test_states_of_other_sizes_are_named(states):
    with pytest.raises(ValueError, match=r"must hold wave functions of one size, but has \[3, 4\]"):
        StatesBelow([states[0], wave_function(1, n_sites=3)], 1.0)
    with pytest.raises(ValueError, match="one size, but has"):
        StatesBelow([], 1.0)
    with pytest.raises(ValueError, match="`strength` must be positive, but is 0"):
        StatesBelow(states, 0.0)


def test_penalties_of_settings_are_those_of_the_energy():
    assert dataclasses.asdict(Penalties())["overlap"] is None
