"""Trajectories of driven systems: their mean is the density matrix, their ends closed forms."""

import numpy as np
import pytest

from qtf.physics import (
    Chain,
    DrivenHamiltonian,
    DrivenLindbladian,
    DrivenTrajectorySampler,
    Lindbladian,
    PauliSum,
    PauliTerm,
    SampledFunction,
    TrajectorySampler,
    decay,
    evolve_driven,
    ising,
)

from .noise import NOISE
from .test_monte_carlo_wave_functions import tilted

STEPS = SampledFunction([0.0, 0.35, 0.7, 2.0], [1.0, -1.0, 2.0, 0.0], "piecewise_constant")


def kick(n_sites, pauli):
    return PauliSum(n_sites, [PauliTerm(1.0, (site,), pauli) for site in range(n_sites)])


def drawn(lindbladian, psi0, time, streams):
    states = np.full((len(streams), len(psi0)), np.nan, np.complex128)
    for places, of_places in DrivenTrajectorySampler(lindbladian).draw(psi0, time, streams):
        states[places] = of_places
    return states


@pytest.mark.parametrize("name", ["dephasing and pump", "a matrix of one's own"])
def test_the_mean_of_the_projectors_is_the_density_matrix(name):
    jumps = NOISE[name]
    terms = [(1.0, ising(Chain(3))), (np.cos, kick(3, "Y")), (STEPS, kick(3, "X"))]
    lindbladian = DrivenLindbladian(DrivenHamiltonian(terms), jumps)
    streams = [np.random.default_rng(k) for k in range(800)]
    psi0 = tilted(3)
    states = drawn(lindbladian, psi0, 0.9, streams)
    np.testing.assert_allclose(np.linalg.norm(states, axis=1), 1.0, atol=1e-12)
    mean = np.einsum("na,nb->ab", states, states.conj()) / len(states)
    rho = lindbladian.evolve(np.outer(psi0, psi0.conj()), [0.9]).states[0]
    # Entries are means of numbers of size 1 at most.
    assert np.abs(mean - rho).max() < 4 / np.sqrt(len(states))


def test_a_drive_that_stays_is_a_hamiltonian_that_stays():
    """The same random numbers give the same trajectories as of the constant equation.

    Breaks at which nothing happens cut the way of those that jump, and of those that do not.
    """
    jumps = decay(3, 0.7)
    terms = [(lambda time: 1.0, ising(Chain(3))), (0.5, kick(3, "Y"))]
    driven = DrivenLindbladian(DrivenHamiltonian(terms, breaks=[0.3, 0.8]), jumps)
    constant = Lindbladian(ising(Chain(3)) + 0.5 * kick(3, "Y"), jumps)
    states = drawn(driven, tilted(3), 1.1, [np.random.default_rng(k) for k in range(30)])
    streams = [np.random.default_rng(k) for k in range(30)]
    n_jumped = 0
    for places, of_places in TrajectorySampler(constant, tolerance=1e-9).draw(
        tilted(3), 1.1, streams
    ):
        overlaps = np.einsum(
            "nd,nd->n", states[places].conj(), np.broadcast_to(of_places, states[places].shape)
        )
        np.testing.assert_allclose(np.abs(overlaps), 1.0, atol=1e-9)
        n_jumped += len(of_places) if len(of_places) > 1 or len(places) == 1 else 0
    assert n_jumped > 10


def test_without_jumps_all_have_the_state_of_the_equation():
    hamiltonian = DrivenHamiltonian([(1.0, ising(Chain(2))), (np.sin, kick(2, "X"))])
    streams = [np.random.default_rng(k) for k in range(4)]
    states = drawn(DrivenLindbladian(hamiltonian, ()), tilted(2), 1.5, streams)
    exact = evolve_driven(hamiltonian, tilted(2), [1.5]).states.reshape(-1)
    np.testing.assert_allclose(np.abs(states @ exact.conj()), 1.0, atol=1e-8)
    at_once = drawn(DrivenLindbladian(hamiltonian, decay(2)), tilted(2), 0.0, streams)
    np.testing.assert_allclose(at_once, np.tile(tilted(2), (4, 1)), atol=1e-14)


def test_arguments_that_are_not_allowed():
    too_many = DrivenHamiltonian([(np.cos, PauliSum(21, []))])
    with pytest.raises(ValueError, match="`n_sites` must be .*20"):
        DrivenTrajectorySampler(DrivenLindbladian(too_many, ()))
    rough = DrivenHamiltonian([(lambda t: np.sin(1e12 * t), kick(1, "X"))])
    with pytest.raises(
        ValueError, match="functions that are smooth between their breaks, but from the"
    ):
        drawn(DrivenLindbladian(rough, decay(1)), [1.0, 0.0], 1.0, [np.random.default_rng(0)])
    smooth = DrivenHamiltonian([(np.cos, kick(1, "X"))])
    with pytest.raises(ValueError, match="`psi0` must have norm 1"):
        drawn(DrivenLindbladian(smooth, ()), [1.0, 1.0], 1.0, [np.random.default_rng(0)])
