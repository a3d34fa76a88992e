# %% [markdown]
# # Quench and spread of correlations
#
# A chain of spins starts as up, down, up, down and so on, a state that is no eigenstate of the
# Hamiltonian that then acts on it. The pattern fades, and correlations travel along the chain at
# a speed that the Hamiltonian sets. Everything here is exact evolution of twelve spins.

# %%
import numpy as np
from scipy.linalg import expm
from scipy.special import j0

import qtf
from qtf.physics import Chain, correlation, entanglement_entropy, evolve, local_magnetization, xxz

n_sites = 12
times = np.linspace(0.0, 6.0, 61)
neel = np.zeros(2**n_sites)
neel[0b010101010101] = 1.0  # bit 0 is up: up, down, up, ...
chain = Chain(n_sites)
psi = evolve(xxz(chain, anisotropy=0.0), neel, times)
z = local_magnetization(psi)
qtf.plot_profile(z, times=times, title="XX chain of 12 from the Neel state")

# %% [markdown]
# ## The pattern fades
#
# The model is $H = J \sum_i (S^x_i S^x_{i+1} + S^y_i S^y_{i+1} + \Delta S^z_i S^z_{i+1})$. For
# $\Delta = 0$ it describes free fermions, and on an infinite chain the staggered magnetisation is
# the Bessel function $J_0(2 J t)$. The middle of our chain follows it until the ends make
# themselves felt. With $\Delta > 0$ there is no such formula; the pattern fades without swinging
# as far.

# %%
signs = (-1.0) ** np.arange(n_sites)


def staggered(states):
    """Staggered magnetisation of the four spins in the middle."""
    return (signs * local_magnetization(states))[:, 4:8].mean(axis=1)


with_interaction = {
    anisotropy: evolve(xxz(chain, anisotropy=anisotropy), neel, times) for anisotropy in (0.5, 2.0)
}
qtf.plot_curves(
    {
        "anisotropy 0": (times, staggered(psi)),
        **{f"anisotropy {d:g}": (times, staggered(s)) for d, s in with_interaction.items()},
    },
    exact={"infinite chain, anisotropy 0: Bessel function": (times, j0(2 * times))},
    y_label="staggered magnetisation",
    title="XXZ chains of 12 from the Neel state",
)

# %% [markdown]
# ## Correlations spread in a cone
#
# What two spins know of each other is the connected correlation $\langle Z_i Z_j \rangle -
# \langle Z_i \rangle \langle Z_j \rangle$. It starts from zero. A fermion of momentum $k$ has the
# energy $J \cos k$, so none is faster than $J$; two that leave the same place in opposite
# directions are apart by at most $2 J t$. The dashed lines are that cone.

# %%
centre = 6
connected = np.zeros((len(times), n_sites))
for site in range(n_sites):
    if site != centre:
        zz = correlation(psi, centre, site, "zz")
        connected[:, site] = zz - z[:, centre] * z[:, site]
figure = qtf.plot_profile(
    connected,
    times=times,
    label=rf"$\langle Z_{centre} Z_j \rangle - \langle Z_{centre} \rangle \langle Z_j \rangle$",
    title="Correlations with one site, XX chain of 12",
)
for direction in (-1, 1):
    reached = times <= 2.5
    figure.axes[0].plot(centre + 2 * direction * times[reached], times[reached], "k--", linewidth=1)
figure

# %% [markdown]
# ## Check it by another way
#
# Free fermions need no states of $2^{12}$ amplitudes: one matrix of 12 x 12 holds the means
# $G_{ij} = \langle c_i^\dagger c_j \rangle$, and by Wick's theorem the connected correlation is
# $-4 |G_{ij}|^2$.

# %%
hopping = 0.5 * (np.eye(n_sites, k=1) + np.eye(n_sites, k=-1))
occupied = np.diag((1 + signs) / 2)
by_fermions = np.zeros_like(connected)
for row, time in enumerate(times):
    u = expm(-1j * hopping * time)
    by_fermions[row] = -4 * np.abs((u @ occupied @ u.conj().T)[centre]) ** 2
by_fermions[:, centre] = 0.0
difference = np.abs(connected - by_fermions).max()
print(f"Largest difference of all correlations at all times: {difference:.1e}")
assert difference < 1e-8

# %% [markdown]
# ## Entanglement grows
#
# The entropy of one half of the chain grows about linearly at first. That is why no method that
# stores little entanglement follows a quench for long, and why short chains are worth learning
# from.

# %%
qtf.plot_curves(
    {
        f"anisotropy {d:g}": (times, entanglement_entropy(states, n_sites // 2))
        for d, states in {0.0: psi, **with_interaction}.items()
    },
    y_label="entropy of one half [nats]",
    title="XXZ chains of 12 from the Neel state",
)

# %% [markdown]
# Where to go on: [in Python](../../docs/python.md) has the other calls, and [driven
# systems](../../docs/driven.md) change their Hamiltonian in time.
