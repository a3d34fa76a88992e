"""Learns a Hamiltonian from short chains and checks it on a longer one; NumPy and SciPy."""

import numpy as np

from qtf.dynamics.generator_fit import fit_generator
from qtf.dynamics.generator_report import identify
from qtf.dynamics.local_terms import LocalTerms
from qtf.physics import Chain, evolve, sample_initial_states, xxz

chains = []
for n in (2, 3, 4):
    psi0 = sample_initial_states("paper", n_sites=n, n_samples=30, seed=0)
    psi = evolve(xxz(Chain(n), anisotropy=0.5), psi0, 0.01 * np.arange(20))
    chains.append((LocalTerms(), psi))
result = fit_generator(chains, 0.01)
print(identify(result))

start = sample_initial_states("paper", n_sites=6, n_samples=2, seed=1)
times = 0.3 * np.arange(4)
exact = evolve(xxz(Chain(6), anisotropy=0.5), start, times)
np.testing.assert_allclose(evolve(result.hamiltonian(6), start, times), exact, atol=1e-9)
