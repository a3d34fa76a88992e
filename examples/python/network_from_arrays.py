"""A network that is trained on arrays, and predicts states that it has not seen.

Half a minute on two cores and 1.3 GB; three minutes with the preset "small", whose errors are a
hundred times smaller.
"""

import numpy as np

import qtf
from qtf.physics import Chain, evolve, fidelity, sample_initial_states, xxz

times = 0.02 * np.arange(51)
psi0 = {n: sample_initial_states("haar", n, 500, seed=n) for n in (2, 3)}
psi = {n: evolve(xxz(Chain(n)), states, times) for n, states in psi0.items()}
first = {n: states[:450] for n, states in psi.items()}
network = qtf.train_dynamics(first, times=times, preset="quick")
predicted = network.rollout(psi[3][450:, 0], n_steps=50)
print(f"Mean fidelity after 50 steps: {fidelity(predicted[:, -1], psi[3][450:, -1]).mean():.5f}")
