"""Periodic Heisenberg chain that decays, H = sum (2 XX + ZZ) + sum Z, from <Y> = -1.

    --config=configs/open_system/heisenberg_chain.py:N, by default 4

Source: the paper on open systems as probabilities, figure 2 (a).
"""

from ml_collections import ConfigDict

from configs.ground_state.recipes import chosen
from configs.open_system.recipes import followed_in_time, paper_network


def get_config(choice: str = "4") -> ConfigDict:
    (n_sites,) = chosen(choice, "N", int)
    config = paper_network(n_sites=n_sites)
    config.physics.hamiltonian = {
        "name": "xyz",
        "lattice": "chain",
        "n_sites": n_sites,
        "periodic": True,
        "coupling_x": 2.0,
        "coupling_y": 0.0,
        "coupling_z": 1.0,
        "field": 1.0,
    }
    config.start = "-y"
    config.dynamics.tau = 0.005
    config.training.n_epochs = 200
    followed_in_time(config, n_sites=n_sites)
    return config
