"""Learns a Hamiltonian from short chains and checks it on a longer one; NumPy and SciPy."""

import numpy as np

import qtf
from qtf.physics import Chain, evolve, sample_initial_states, xxz

DT = 0.01


def trajectories(n_sites, n_samples, seed):
    psi0 = sample_initial_states("paper", n_sites, n_samples, seed=seed)
    return evolve(xxz(Chain(n_sites), anisotropy=0.5), psi0, DT * np.arange(20))


learned = qtf.learn_hamiltonian({n: trajectories(n, 30, seed=0) for n in (2, 3, 4)}, dt=DT)
print(learned.identification)
exact = trajectories(6, 2, seed=1)
np.testing.assert_allclose(learned.rollout(exact[:, 0], 19), exact, atol=1e-9)
np.testing.assert_allclose(
    evolve(learned.hamiltonian(6), exact[:, 0], [DT * 19])[:, 0], exact[:, -1], atol=1e-9
)
