"""States of single trajectories: their mean is the density matrix, and each is that of its seed."""

import numpy as np
import pytest

from qtf.physics import (
    Chain,
    Lindbladian,
    PauliSum,
    TrajectorySampler,
    decay,
    ising,
    trajectory_values,
)
from qtf.physics.observables import mean_over_sites

from .noise import NOISE
from .test_monte_carlo_wave_functions import tilted


def drawn(lindbladian, psi0, time, streams, **options):
    states = np.full((len(streams), len(psi0)), np.nan, np.complex128)
    for places, of_places in TrajectorySampler(lindbladian, **options).draw(psi0, time, streams):
        states[places] = of_places
    return states


@pytest.mark.parametrize("jumps", NOISE.values(), ids=NOISE)
def test_the_mean_of_the_projectors_is_the_density_matrix(jumps):
    lindbladian = Lindbladian(ising(Chain(3), transverse_field=-0.7), jumps)
    streams = [np.random.default_rng(k) for k in range(3000)]
    states = drawn(lindbladian, tilted(3), 0.9, streams)
    mean = np.einsum("na,nb->ab", states, states.conj()) / len(states)
    psi0 = tilted(3)
    rho = lindbladian.evolve(np.outer(psi0, psi0.conj()), [0.9])[0]
    # Entries are means of numbers of size 1 at most.
    assert np.abs(mean - rho).max() < 4 / np.sqrt(len(states))


def test_trajectories_are_those_of_the_means_with_the_same_numbers():
    lindbladian = Lindbladian(ising(Chain(3)), {"decay": 0.7, "dephasing": 0.2})
    numbers = range(40)
    values = trajectory_values(
        lindbladian, tilted(3), [1.1], [mean_over_sites(3, "Z")], numbers, seed=5
    )
    # The stream of trajectory k in `trajectory_values`.
    streams = [np.random.default_rng([5, 0x7261, k]) for k in numbers]
    states = drawn(lindbladian, tilted(3), 1.1, streams)
    means = np.abs(states) ** 2 @ mean_over_sites(3, "Z").to_dense().diagonal().real
    np.testing.assert_allclose(means, values[:, 0, 0], atol=1e-10)


def test_at_time_0_and_without_jumps_all_have_one_state():
    streams = [np.random.default_rng(k) for k in range(5)]
    for jumps, time in ((decay(2), 0.0), ((), 2.0)):
        states = drawn(Lindbladian(ising(Chain(2)), jumps), tilted(2), time, streams)
        assert (states == states[0]).all()
        np.testing.assert_allclose(np.linalg.norm(states[0]), 1.0, atol=1e-12)


@pytest.mark.parametrize(
    ("n_sites", "tolerance", "psi0", "message"),
    [
        (21, 1e-6, [1.0], "`n_sites` must be .*20"),
        (1, 0.0, [1.0, 0.0], "`tolerance` must be positive"),
        (1, 1e-6, [1.0, 1.0], "`psi0` must have norm 1"),
    ],
)
def test_arguments_that_are_not_allowed(n_sites, tolerance, psi0, message):
    with pytest.raises(ValueError, match=message):
        drawn(Lindbladian(PauliSum(n_sites, []), ()), psi0, 1.0, [], tolerance=tolerance)
