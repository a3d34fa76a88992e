# %% [markdown]
# # A frustrated magnet: J1-J2 with correlations and error bars
#
# On a square lattice neighbours want to point in opposite directions, and so do second neighbours
# along the diagonals. Both cannot be had. A network searches the ground state of the periodic
# square of 16 spins with $J_2 = J_1 / 2$, where both matter, and we ask it for energy,
# correlations and order.

# %%
import numpy as np
from scipy.sparse.linalg import eigsh

import qtf
from qtf.autoregressive import Estimate, Estimates
from qtf.physics import Square, all_spins, j1j2

square = Square(4, 4, periodic=True)
ground_state = qtf.find_ground_state(j1j2(square, next_nearest_coupling=0.5), lattice=square)
ground_state.plot()

# %% [markdown]
# ## The energy, by another way
#
# With sixteen spins the matrix can still be diagonalised; SciPy's Lanczos method does it without
# knowing anything of networks.

# %%
rng = np.random.default_rng(0)


def exact_ground_state(ratio):
    """Energy and squared amplitudes of the ground state, by Lanczos."""
    matrix = j1j2(square, next_nearest_coupling=ratio).to_sparse()
    energies, states = eigsh(matrix, k=1, which="SA", v0=rng.normal(size=2**16), tol=1e-8)
    return energies[0], states[:, 0] ** 2


energy, probabilities = exact_ground_state(0.5)
print(f"network {ground_state.energy.energy:.6f} J, Lanczos {energy:.6f} J")
assert energy - 1e-6 < ground_state.energy.energy < energy + 1e-2

# %% [markdown]
# ## Correlations, by samples and by sums
#
# Up to sixteen sites, `ground_state.correlations` sums over all configurations, so it has no
# error bars. On larger lattices one draws samples. They are exact and independent of one another,
# so the mean of a thousand has the plain standard error. Both stand beside each other here, for
# one site and all others.

# %%
spins = 1 - 2 * ground_state.sample(1000, seed=1)
by_samples = Estimates.of(Estimate.of(spins[:, 0] * spins[:, site]) for site in range(1, 16))
by_sums = ground_state.correlations("ZZ").mean[0, 1:]
qtf.plot_curves(
    {"1000 samples": (np.arange(1, 16), by_samples)},
    exact={"sum over all configurations": (np.arange(1, 16), by_sums)},
    x_label="site j",
    y_label=r"$\langle Z_0 Z_j \rangle$",
    title="J1-J2 model, periodic square of 4 x 4, J2 = 0.5 J1",
)

# %% [markdown]
# About two thirds of the points should lie within one error bar of the sum, nearly all within
# two.

# %%
off = np.abs(by_samples.mean - by_sums) / by_samples.error
print(f"within one error bar: {(off < 1).sum()} of 15; within two: {(off < 2).sum()} of 15")
assert off.max() < 4

# %%
ground_state.plot_correlations("ZZ")

# %% [markdown]
# ## Which order wins
#
# The structure factor $S(k) = \langle m_k^2 \rangle$ with $m_k = \frac{1}{N} \sum_i e^{i k r_i}
# Z_i$ is large at $(\pi, \pi)$ if neighbours are opposite, and at $(0, \pi)$ if rows are. Lanczos
# gives it for all ratios; the network stands beside it with its error bars.

# %%
column, row = square.coordinates().T
patterns = {"neighbours opposite": (-1) ** (column + row), "rows opposite": (-1) ** row}
ratios = np.array([0.0, 0.25, 0.5, 0.55, 0.6, 0.7, 1.0])
listed = all_spins(16)
weights = [probabilities if r == 0.5 else exact_ground_state(r)[1] for r in ratios]
exact = {
    name: [w @ (listed @ pattern / 16) ** 2 for w in weights] for name, pattern in patterns.items()
}
sampled = {
    name: Estimates.of([Estimate.of((spins @ pattern / 16) ** 2)])
    for name, pattern in patterns.items()
}
qtf.plot_curves(
    {name: ([0.5], estimate) for name, estimate in sampled.items()},
    exact={"exact": (ratios, np.transpose(list(exact.values())))},
    x_label="J2 / J1",
    y_label="structure factor",
    title="J1-J2 model, periodic square of 4 x 4",
)

# %%
for name, estimate in sampled.items():
    at_half = exact[name][list(ratios).index(0.5)]
    print(f"{name}: {estimate[0]} by samples, {at_half:.4f} exact")
    assert abs(estimate.mean[0] - at_half) < 5 * estimate.error[0]

# %% [markdown]
# Where to go on: [ground states](../../docs/ground_states.md) for larger lattices,
# [lattices](../../docs/lattices.md) for others, and [squares](../../docs/squares_results.md) for
# how close such searches come to the published energies.
