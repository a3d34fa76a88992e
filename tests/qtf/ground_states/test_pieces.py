"""With a budget of a few hundred bytes everything is in pieces, and gives the same."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from qtf.autoregressive import NETWORKS, GRUNetwork
from qtf.autoregressive.network import network_class
from qtf.data.random_source import RandomSource
from qtf.ground_states.distribution import SpinDistribution
from qtf.ground_states.exact_sums import state_vector
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.markov_chain import sample_chain
from qtf.ground_states.observables import expectation, renyi_entropy
from qtf.ground_states.penalties import Penalties
from qtf.ground_states.symmetries import symmetrizer
from qtf.ground_states.task import (
    AllConfigurations,
    EnergyGradient,
    GroundStateTask,
    Reconfiguration,
    Samples,
)
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Chain, Square, all_bits, heisenberg
from qtf.pieces import PIECE_VARIABLE

LATTICE = Chain(6)
HAMILTONIAN = heisenberg(LATTICE)
EVERY = all_bits(6).astype("int32")


class Counting(WaveFunction):
    """Notes of how many configurations it is asked at once."""

    def without_sign(self, bits):
        self.sizes.append(bits.shape[0])
        return super().without_sign(bits)


@pytest.fixture(scope="module")
def psi():
    keras.utils.set_random_seed(0)
    network = GRUNetwork(n_positions=6, units=4, dtype="float64")
    found = Counting(network=network, dtype="float64")
    found.sizes = []
    return found


@pytest.fixture
def allow(monkeypatch, psi):
    """Function of a number: lets so many configurations of `psi` be evaluated at once."""

    def set_budget(count):
        budget = count * psi.evaluation_bytes / 2**30
        monkeypatch.setenv(PIECE_VARIABLE, repr(budget * (1 + 1e-9)))
        psi.sizes.clear()

    return set_budget


@pytest.fixture
def symmetric(psi):
    return symmetrizer("lattice_and_flip", LATTICE)(psi)


MAKERS = {
    "local energies": lambda psi: LocalEnergy(HAMILTONIAN)(psi, EVERY[:10]),
    "expectation": lambda psi: expectation(psi, HAMILTONIAN, EVERY[:10]),
    "entropy": lambda psi: renyi_entropy(psi, EVERY[:40], (0, 1)),
    "amplitudes": lambda psi: state_vector(psi, xla=False),
    "chain": lambda psi: sample_chain(psi, EVERY[:10], 20, keep_every=5, xla=False),
    "probabilities": lambda psi: SpinDistribution(psi).log_prob(1 - 2 * EVERY[:10]),
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("group", ["none", "lattice_and_flip"])
def test_results_in_pieces_are_the_same_and_pieces_are_small(name, group, psi, allow):
    average = symmetrizer(group, LATTICE)
    state = psi if average is None else average(psi)
    n_images = 1 if average is None else 4
    allow(10_000)
    whole = MAKERS[name](state)
    assert max(psi.sizes) > 3 * n_images
    allow(3 * n_images)
    in_pieces = MAKERS[name](state)
    assert max(psi.sizes) <= 3 * n_images
    for one, other in zip(as_arrays(whole), as_arrays(in_pieces), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def as_arrays(value):
    if isinstance(value, tuple):
        return [np.asarray(part) for part in value]
    found = getattr(value, "mean", value)
    return [np.asarray(value)] if callable(found) else [np.asarray(found)]


def test_local_energies_from_prefixes_are_the_same_in_pieces(psi, allow):
    local_energy = LocalEnergy(HAMILTONIAN, n_prefixes=3)
    allow(10_000)
    whole = local_energy(psi, EVERY)
    allow(8)
    for one, other in zip(whole, local_energy(psi, EVERY), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


# What is summed and how a step is taken know nothing of one another.
@pytest.mark.parametrize(
    ("configurations", "make_step"),
    [
        (AllConfigurations, EnergyGradient),
        (Samples, EnergyGradient),
        (Samples, partial(Reconfiguration, diag_shift=0.01)),
    ],
)
def test_steps_of_a_training_are_the_same_in_pieces(psi, allow, configurations, make_step):
    def step():
        training = GroundStateTask(
            make_wave_function=lambda: psi,
            local_energy=LocalEnergy(HAMILTONIAN),
            source=RandomSource((6, 20), seed=1, dtype="float64"),
            n_validation=20,
            seed=2,
            penalties=Penalties(temperature=0.5, magnetization=1.0),
            configurations=configurations,
            make_step=make_step,
            xla=False,
        ).build()
        weights = [variable.value for variable in psi.trainable_variables]
        uniforms = tf.constant(np.random.default_rng(3).random((6, 20)))
        batch = {"uniforms": uniforms, "step": tf.constant(4)}

        @tf.function(autograph=False)
        def run():
            with tf.GradientTape() as tape:
                loss = training.loss(batch)
            return loss, tape.gradient(loss, weights, unconnected_gradients="zero")

        return run()

    allow(10_000)
    loss, gradients = step()
    allow(12)
    loss_in_pieces, gradients_in_pieces = step()
    assert max(psi.sizes) <= 12
    np.testing.assert_allclose(loss, loss_in_pieces, rtol=1e-12)
    for one, other in zip(gradients, gradients_in_pieces, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-9)


def test_gradients_of_probabilities_are_the_same_in_pieces(psi, allow):
    distribution = SpinDistribution(psi)
    weights = [variable.value for variable in psi.trainable_variables]

    def gradients():
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(tf.square(distribution.log_prob(1 - 2 * EVERY)))
        return tape.gradient(total, weights, unconnected_gradients="zero")

    allow(10_000)
    whole = gradients()
    allow(10)
    for one, other in zip(whole, gradients(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


ARGUMENTS = {
    "gated_2d": {"shape": (6, 6), "units": 32},
    "gru": {"n_positions": 36, "units": 48},
    "transformer": {"n_positions": 36, "units": 16, "n_layers": 2},
    "lstm_2d": {"shape": (6, 6), "units": 32, "n_layers": 2},
    "pixelcnn": {"shape": (6, 6), "width": 32, "depth": 10},
    "row_scan": {"shape": (6, 6), "units": 64, "n_layers": 2},
}


# Bytes by which the process grows for each of 8,192 configurations, compiled by XLA.
MEASURED = {
    "gated_2d": 39_151,
    "gru": 51_773,
    "lstm_2d": 134_526,
    "pixelcnn": 67_504,
    "row_scan": 48_457,
    "transformer": 64_001,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_tells_the_memory_of_an_evaluation(name):
    found = network_class(NETWORKS[name])(**ARGUMENTS[name]).evaluation_bytes
    assert MEASURED[name] / 3 < found < 3 * MEASURED[name]


def test_periodic_square_with_all_images_has_equations_that_fit(monkeypatch):
    """16 sites with 256 images: not the images are too many, only what is not in pieces."""
    square = Square(4, 4, periodic=True)
    average = symmetrizer("lattice_and_flip", square)

    def make():
        network = GRUNetwork(n_positions=16, units=16)
        return average(WaveFunction(network=network, zero_magnetization=True))

    task = GroundStateTask(
        make_wave_function=make,
        local_energy=LocalEnergy(heisenberg(square)),
        source=RandomSource((17, 512), seed=1),
        n_validation=512,
        seed=0,
        make_step=partial(Reconfiguration, diag_shift=1e-3),
    )
    assert task.build().step_bytes() < 2**30


def test_validations_look_up_what_is_listed_and_measure_the_same(psi, symmetric, allow):
    def validated(configurations):
        task = GroundStateTask(
            make_wave_function=lambda: symmetric,
            local_energy=LocalEnergy(HAMILTONIAN),
            source=RandomSource((7, 40), seed=1, dtype="float64"),
            n_validation=80,
            seed=2,
            configurations=configurations,
            xla=False,
        )
        psi.sizes.clear()
        return task.build().validate()

    allow(10_000)
    by_hand, n_by_hand = validated(Samples), sum(psi.sizes)
    looked_up, n_looked_up = validated(AllConfigurations), sum(psi.sizes)
    assert n_looked_up < n_by_hand / 5
    assert looked_up == pytest.approx(by_hand, rel=1e-10, abs=1e-10)
