# %% [markdown]
# # Train, export and serve the transferable network
#
# One network learns how chains of two, three and four spins evolve, with the same weights for all
# of them. Then it goes behind a port, where any program gets its predictions without this
# library.

# %%
import json
import re
import subprocess
import urllib.request

import numpy as np

import qtf
from qtf.physics import Chain, evolve, fidelity, ising, magnetization, sample_initial_states
from serving.client import Client

sizes = (2, 3, 4)
times = 0.01 * np.arange(101)


def trajectories(n_sites, n_samples, seed):
    """Exact trajectories of an Ising chain from product states, (n_samples, n_times, 2**n)."""
    psi0 = sample_initial_states("product", n_sites, n_samples, seed=seed)
    return evolve(ising(Chain(n_sites)), psi0, times)


# %% [markdown]
# ## Train
#
# The preset `quick` is a small network that shows that it works; here it takes three times its
# steps. The preset `small` takes minutes, and is closer still.

# %%
network = qtf.train_dynamics(
    {n: trajectories(n, 500, seed=n) for n in sizes},
    times=times,
    preset="quick",
    training={"n_epochs": 12},
)
network.plot()

# %% [markdown]
# ## Predict what it has not seen
#
# Of new states only the first one goes in, and every prediction is the next input. What is
# missing to a fidelity of one grows with time. To predict no change at all is the least that a
# network must beat.

# %%
unseen = {n: trajectories(n, 50, seed=100 + n) for n in sizes}
lost = {
    n: 1 - fidelity(network.rollout(psi[:, 0], 100), psi).mean(axis=0) for n, psi in unseen.items()
}
no_change = 1 - fidelity(unseen[4][:, :1], unseen[4]).mean(axis=0)
qtf.plot_curves(
    {
        **{f"{n} spins": (times[1:], values[1:]) for n, values in lost.items()},
        "4 spins, no change at all": (times[1:], no_change[1:]),
    },
    y_label="1 - fidelity",
    logarithmic="y",
    title="Ising chains, predicted by one network",
)

# %%
assert (lost[4][1:] < 0.1 * no_change[1:]).all()

# %% [markdown]
# A chain of five is another size, for which these weights are a start and not an answer:
# [transfer](../../docs/training.md) trains on from there.

# %% [markdown]
# ## Export and serve
#
# The export is a TensorFlow SavedModel, which carries its checks of the inputs with it. `qtf
# serve` speaks the protocol of TensorFlow Serving; with port 0 it takes free ports and says
# which. A browser finds a page at the address that begins with `http`.

# %%
qtf.export(network, "models/ising")
server = subprocess.Popen(
    ["qtf", "serve", "--model_name=ising", "--model_base_path=models/ising"]
    + ["--port=0", "--rest_api_port=0"],
    stdout=subprocess.PIPE,
    stderr=subprocess.DEVNULL,
    text=True,
)
ready = next(line for line in server.stdout if "ready" in line)
grpc_port, rest_port = re.search(r"gRPC \S+:(\d+), REST \S+:(\d+)", ready).groups()

# %% [markdown]
# The client of this library sends complex states and gets complex trajectories:

# %%
psi = unseen[4][:5]
with Client(f"127.0.0.1:{grpc_port}", model="ising") as client:
    served = client.rollout(psi[:, 0], 100)
difference = np.abs(served.psi - network.rollout(psi[:, 0], 100)).max()
print(f"Largest difference of served and local predictions: {difference:.0e}")
assert difference < 1e-4

# %% [markdown]
# Every other program sends JSON, with real and imaginary parts apart, as JSON has no complex
# numbers:

# %%
body = {
    "signature_name": "observables",
    "inputs": {
        "psi0_re": psi[:1, 0].real.tolist(),
        "psi0_im": psi[:1, 0].imag.tolist(),
        "n_steps": [100],
    },
}
request = urllib.request.Request(
    f"http://127.0.0.1:{rest_port}/v1/models/ising:predict", json.dumps(body).encode()
)
with urllib.request.urlopen(request) as answer:
    means = json.load(answer)["outputs"]
print(sorted(means))

# %%
exact = np.stack([magnetization(psi[0], axis) for axis in "xyz"], axis=1)
figure = qtf.plot_curves(
    {axis: (times, np.array(means[f"magnetization_{axis}"][0])) for axis in "xyz"},
    exact={"exact": (times, exact)},
    y_label="magnetisation",
    title="Ising chain of 4, one unseen state, served over REST",
)
server.terminate()
server.wait()
figure

# %% [markdown]
# Where to go on: [training](../../docs/training.md), [export](../../docs/export.md) and
# [serving](../../docs/serving.md); with stock TensorFlow Serving and Kubernetes, too.
