import dataclasses

import keras
import numpy as np
import pytest

from qtf.autoregressive import GRUNetwork
from qtf.data.random_source import RandomSource
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.task import GroundStateTask
from qtf.ground_states.unseen_variance import lowest_configuration, unseen_variance
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Chain, all_bits, heisenberg, index_of_bits, ising, xxz, xyz

MODELS = {
    "ising": ising(Chain(5), transverse_field=-1.3, longitudinal_field=0.2),
    "heisenberg": heisenberg(Chain(5)),
    "xyz": xyz(Chain(5), coupling_x=0.7, coupling_y=-0.2, field=0.3),
}


@pytest.mark.parametrize("scale", [1e-9, 1e9])
@pytest.mark.parametrize("name", MODELS)
def test_what_samples_do_not_show_is_that_of_the_matrix(name, scale):
    rng = np.random.default_rng(1)
    hamiltonian, psi = scale * MODELS[name], rng.standard_normal(32)
    psi[rng.random(32) < 0.4] = 0.0
    psi /= np.linalg.norm(psi)
    acted = hamiltonian.to_dense() @ psi
    energy = psi @ acted
    exact = ((acted - energy * psi)[psi == 0] ** 2).sum()

    def evaluate(bits):
        found = psi[index_of_bits(bits)]
        # Far below the smallest number, as of impossible spins.
        log_modulus = np.where(found == 0, -1e4, np.log(np.abs(found) + (found == 0)))
        return log_modulus - 500.0, np.where(found < 0, np.pi, 0.0)

    bits = all_bits(5)[rng.choice(32, 4000, p=psi**2)]
    found = unseen_variance(evaluate, LocalEnergy(hamiltonian), bits, energy, rng)
    assert abs(found.mean - exact) < 4 * found.error < 0.5 * exact


def test_nothing_is_unseen_where_psi_does_not_vanish_or_nothing_is_connected():
    rng, bits = np.random.default_rng(2), all_bits(3)
    flat = (np.zeros(8), np.zeros(8))
    fields = ising(Chain(3), transverse_field=1.0, longitudinal_field=0.0)
    for hamiltonian in (fields, ising(Chain(3), transverse_field=0.0)):
        found = unseen_variance(
            lambda every: tuple(np.resize(part, len(every)) for part in flat),
            LocalEnergy(hamiltonian),
            bits,
            -1.0,
            rng,
        )
        assert (found.mean, found.error) == (0.0, 0.0)


def training(hamiltonian, **options):
    """A task whose wave function is positive and has all spins up, but for 1 in 1e26."""

    def make():
        keras.utils.set_random_seed(0)
        network = GRUNetwork(n_positions=hamiltonian.n_sites, units=4, heads=(2,))
        if not options:
            network.make_constant([30.0, -30.0])
        return WaveFunction(network=network, **options)

    return GroundStateTask(
        make_wave_function=make,
        local_energy=LocalEnergy(hamiltonian),
        source=RandomSource((hamiltonian.n_sites, 16), seed=0, dtype="float32"),
        n_validation=64,
        seed=0,
        xla=False,
    ).build()


@pytest.mark.parametrize("scale", [1e-9, 1.0])
def test_a_state_that_vanishes_where_it_must_not_has_no_small_v_score(scale):
    hamiltonian = ising(Chain(6), coupling=scale, transverse_field=-scale, longitudinal_field=0.0)
    made = training(hamiltonian)
    measurement = made.measure(64)
    values = measurement.metrics
    assert made.validate() == values
    assert values["energy"] == pytest.approx(-5 * scale)
    assert values["energy_variance"] < 1e-12 * scale**2
    # Each of 6 flips adds g^2; in the mean over 64 random ones.
    assert values["unseen_variance"] == pytest.approx(6 * scale**2, rel=0.5)
    assert values["v_score"] > 0.5
    (warning,) = made.warnings(measurement)
    assert "vanishes at configurations that the Hamiltonian reaches from its samples" in warning


def test_the_exact_ground_state_has_no_warnings():
    made = training(ising(Chain(6), transverse_field=0.0, longitudinal_field=0.0))
    measurement = made.measure(64)
    assert measurement.metrics["v_score"] == 0.0
    assert made.warnings(measurement) == []


def test_a_ferromagnet_is_seen_to_have_a_lower_energy_elsewhere():
    made = training(xxz(Chain(4), coupling=1.0, anisotropy=-2.0), zero_magnetization=True)
    (warning,) = made.warnings(made.measure(64))
    assert warning.startswith("A single configuration has the energy -1.5, below that of the wave")


def test_single_configurations_bound_the_ground_energy():
    antiferromagnet = LocalEnergy(ising(Chain(4), coupling=-1.0, longitudinal_field=0.0))
    rng = np.random.default_rng(0)
    assert lowest_configuration(antiferromagnet, np.resize([0, 1], (50, 4)), rng) == -3.0


def test_warnings_are_about_the_measurement_that_they_are_given():
    made = training(xxz(Chain(4), coupling=1.0, anisotropy=-2.0), zero_magnetization=True)
    first = made.measure(64)
    # What is measured afterwards does not matter.
    said = made.warnings(first)
    made.measure(2)
    assert made.warnings(first) == said
    exact = dataclasses.replace(first, metrics={**first.metrics, "energy": -2.0})
    assert made.warnings(exact) == []
