"""Trajectories of chains with noise, for fits."""

import numpy as np

from qtf.dynamics.local_terms import LocalTerms
from qtf.physics import Chain, PauliSum, PauliTerm, evolve, ising, sample_initial_states

DT = 0.002
TERMS = LocalTerms()
ISING = {"Z_i Z_{i+1}": -1.0, "X_i": 1.05, "Z_i": -0.5}
TRUTH = np.array([ISING.get(name, 0.0) for name in TERMS.names])


def ising_and_clusters(n_sites, strength):
    """The Ising chain and `strength` times sum_i Z_i X_{i+1} Z_{i+2}."""
    clusters = [PauliTerm(strength, (i, i + 1, i + 2), "ZXZ") for i in range(n_sites - 2)]
    return PauliSum(n_sites, [*ising(Chain(n_sites)).terms, *clusters])


def noisy_chains(
    lengths=(2, 3, 4), n_samples=8, n_steps=100, noise=1e-3, seed=0, dt=DT, strength=0.0
):
    """Chains for `fit_generator`, `n_samples` trajectories of each length."""
    rng = np.random.default_rng([seed, 9])
    chains = []
    for n in lengths:
        psi0 = sample_initial_states("paper", n, n_samples, seed=seed, stream=(n,))
        psi = evolve(ising_and_clusters(n, strength), psi0, dt * np.arange(n_steps + 1))
        psi = psi + noise * (rng.normal(size=psi.shape) + 1j * rng.normal(size=psi.shape))
        chains.append((TERMS, psi))
    return chains
