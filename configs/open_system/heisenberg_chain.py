"""Periodic Heisenberg chain that decays, H = sum (2 XX + ZZ) + sum Z, from <Y> = -1.

    --config=heisenberg_chain:N, by default 4

Source: luo2022, figure 2 (a).
"""

from ml_collections import ConfigDict

from qtf.open_systems.runs.recipes import follow_in_time, make_heisenberg_chain
from trainers.choices import parse_choice


def get_config(choice: str = "4") -> ConfigDict:
    (n_sites,) = parse_choice(choice, "N", int)
    config = make_heisenberg_chain(n_sites=n_sites, energy=1.0)
    config.dynamics.tau = 0.005
    config.training.n_epochs = 200
    follow_in_time(config, n_sites=n_sites)
    return config
