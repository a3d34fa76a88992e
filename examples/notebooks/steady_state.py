# %% [markdown]
# # Steady state of a noisy chain
#
# Spins that are driven by a field and lose energy to their surroundings come to rest in a mixed
# state. A network learns the probabilities of the outcomes of a measurement in that state; they
# say as much as the density matrix. Four spins are few enough to hold everything against exact
# values.

# %%
import numpy as np

import qtf
from qtf.autoregressive import Estimates
from qtf.physics import Chain, Lindbladian, PauliSum, PauliTerm, ising

n_sites = 4


def noisy_chain(field):
    """Ising chain in a transverse field, with decay and dephasing of every spin."""
    hamiltonian = ising(
        Chain(n_sites), coupling=-0.5, transverse_field=-field, longitudinal_field=0.0
    )
    return Lindbladian(hamiltonian, {"decay": 1.0, "dephasing": 0.2})


# %% [markdown]
# ## The way there
#
# All spins start up. The exact evolution of the density matrix shows how long they take to come
# to rest.

# %%
times = np.linspace(0.0, 4.0, 81)
up = np.zeros((2**n_sites, 2**n_sites))
up[0, 0] = 1.0
rho = noisy_chain(1.0).evolve(up, times)
pauli_z = np.array([1 - 2 * ((np.arange(16) >> (n_sites - 1 - i)) & 1) for i in range(n_sites)])
profile = np.einsum("tkk,ik->ti", rho, pauli_z).real
qtf.plot_profile(profile, times=times, title="Noisy Ising chain of 4, all spins up at first")

# %% [markdown]
# ## Straight to the end
#
# `qtf.steady_state` looks for the state at rest without following time. The network starts as a
# product state and makes the residual of the Lindblad equation small.

# %%
steady = qtf.steady_state(noisy_chain(1.0), preset="quick")
steady.plot()

# %% [markdown]
# ## Check it by another way
#
# The Lindblad equation is linear, so the state at rest is the vector that a matrix of 256 x 256
# takes to zero. We build this matrix from Kronecker products, with nothing of the library in it.

# %%
x, y, z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1.0, -1.0])


def on_site(matrix, site):
    """The matrix of one spin, acting on the whole chain."""
    return np.kron(np.kron(np.eye(2**site), matrix), np.eye(2 ** (n_sites - 1 - site)))


def exact_steady_state(field):
    bonds = sum(on_site(z, i) @ on_site(z, i + 1) for i in range(n_sites - 1))
    hamiltonian = 0.5 * bonds + field * sum(on_site(x, i) for i in range(n_sites))
    one = np.eye(2**n_sites)
    matrix = -1j * (np.kron(hamiltonian, one) - np.kron(one, hamiltonian.T))
    lowering = (x - 1j * y) / 2  # from up to down
    for rate, jump in ((1.0, lowering), (0.2, z)):
        for site in range(n_sites):
            g = on_site(jump, site)
            square = g.conj().T @ g
            matrix += rate * np.kron(g, g.conj())
            matrix -= rate / 2 * (np.kron(square, one) + np.kron(one, square.T))
    vector = np.linalg.svd(matrix)[2][-1].conj().reshape(2**n_sites, 2**n_sites)
    return vector / np.trace(vector)


exact = exact_steady_state(1.0)
found = steady.density_matrix()
distance = 0.5 * np.abs(np.linalg.eigvalsh(found - exact)).sum()
print(f"Trace distance of the two density matrices: {distance:.1e}")
assert np.abs(noisy_chain(1.0).steady_state() - exact).max() < 1e-8
assert distance < 0.02

# %% [markdown]
# ## Means against the field
#
# How much of each Pauli matrix is left at rest depends on the field. Points are the network at
# one field, lines are exact.

# %%
fields = np.linspace(0.0, 3.0, 31)
states = [exact_steady_state(field) for field in fields]
means = {
    name: [np.mean([np.trace(s @ on_site(m, i)).real for i in range(n_sites)]) for s in states]
    for name, m in {"X": x, "Y": y, "Z": z}.items()
}


def mean_over_sites(name):
    """The mean of one Pauli matrix over the chain, as an operator."""
    terms = [PauliTerm(1 / n_sites, (site,), name) for site in range(n_sites)]
    return PauliSum(n_sites, terms)


qtf.plot_curves(
    {
        f"network, {name}": ([1.0], Estimates.of([steady.expectation(mean_over_sites(name))]))
        for name in means
    },
    exact={"exact": (fields, np.transpose(list(means.values())))},
    x_label="transverse field [decay rate]",
    y_label="mean over the sites",
    title="Noisy Ising chain of 4 at rest",
)

# %% [markdown]
# Where to go on: [open systems](../../docs/open_systems.md) has other noise, time evolution and
# chains that are too long for density matrices.
