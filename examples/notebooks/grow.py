# %% [markdown]
# # Grow a ground state
#
# A recurrent network walks along a chain, and its weights do not know how long the chain is. So
# what it has learned on a short chain is a good start on a longer one. Here an antiferromagnet
# grows from 8 spins to 32, and the exact energies of all these lengths stand beside.

# %%
import json
import subprocess
from pathlib import Path

import numpy as np

import qtf
from qtf.autoregressive import Estimates
from qtf.physics import heisenberg_chain_ground_energy

# %% [markdown]
# ## Grow
#
# One command trains the first size and retrains the same weights on each further one. The flags
# make the shipped configuration small enough for a minute; without them it grows from 16 spins to
# 80 and comes much closer. The command can be stopped at any moment, and goes on when it is
# called again.

# %%
command = """
qtf ground-state --config=grow_chain --workdir=grown --config.network.units=24
    --config.training.n_epochs=6 --config.sampling.n_samples=256
    --config.growth.sizes=8,16,24,32 --config.growth.n_samples=256 --config.growth.n_steps=50
    --config.growth.steps_per_epoch=25 --config.growth.n_evaluation=4000
"""
done = subprocess.run(command.split(), capture_output=True, text=True, check=True)
print(done.stdout)

# %% [markdown]
# ## What the start is worth
#
# The energy of each length, before its first step and after fifty of them, against the exact
# energy from the Bethe equations. A longer chain begins within a few percent of its ground state,
# as the shorter one has taught it what a chain looks like.

# %%
rows = json.loads(Path("grown/growth.json").read_text())["rows"]
sizes = np.array([row["size"] for row in rows])
exact = np.array([heisenberg_chain_ground_energy(n) for n in sizes])


def relative_errors(suffix, places):
    """Relative errors of the energy with their error bars."""
    energies = np.array([rows[k]["energy" + suffix] for k in places])
    bars = np.array([rows[k]["energy_error" + suffix] for k in places])
    return sizes[places], Estimates(1 - energies / exact[places], np.abs(bars / exact[places]))


places = np.arange(len(rows))
qtf.plot_curves(
    {
        "before the first step": relative_errors("_before", places[1:]),
        "after all steps": relative_errors("", places),
    },
    x_label="spins",
    y_label="relative error of the energy",
    logarithmic="y",
    title="Open Heisenberg chains, grown from 8 spins",
)

# %%
before, after = relative_errors("_before", places[1:])[1], relative_errors("", places)[1]
assert (before.mean < 0.05).all()
assert (after.mean < 0.005).all()
assert (after.mean > -5 * after.error).all()  # no energy is below that of the ground state

# %% [markdown]
# ## The infinite chain
#
# The ends of an open chain cost energy, so the energy a site, drawn against $1/n$, runs towards
# that of the infinite chain, which Hulthén knew in 1938: $1/4 - \log 2$.

# %%
energies = Estimates(
    np.array([row["energy"] / row["size"] for row in rows]),
    np.array([row["energy_error"] / row["size"] for row in rows]),
)
hulthen = 0.25 - np.log(2)
qtf.plot_curves(
    {"grown network": (1 / sizes, energies)},
    exact={
        "Bethe equations": (1 / sizes, exact / sizes),
        "infinite chain": (np.array([0.0, 1 / 8]), np.full(2, hulthen)),
    },
    x_label="1 / spins",
    y_label="energy a site [J]",
    title="Open Heisenberg chains, grown from 8 spins",
)

# %%
slope, infinite = np.polyfit(1 / sizes[1:], energies.mean[1:], 1)
print(f"straight line to 1/n = 0: {infinite:.4f} J, exact {hulthen:.4f} J")
assert abs(infinite - hulthen) < 0.003

# %% [markdown]
# ## Ask the result
#
# The run folder holds the network of the longest chain, which answers by samples with their error
# bars.

# %%
longest = qtf.load("grown")
correlations = longest.correlations("ZZ")
print("nearest neighbours in the middle:", correlations[15, 16])
longest.plot_correlations("ZZ")

# %% [markdown]
# Where to go on: [growing](../../docs/growing.md) has all settings and a budget of
# minutes; [results](../../docs/growth_results.md) has chains and squares that grew for longer.
