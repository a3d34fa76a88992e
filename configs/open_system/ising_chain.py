"""Steady state of the periodic Ising chain that decays, H = (1/2) sum ZZ + (G/2) sum X.

    --config=ising_chain:N,G, by default 6,2.0

Source: luo2022, figures 3 and S5 (N = 16, V = 2).
"""

from ml_collections import ConfigDict

from qtf.open_systems.runs.recipes import make_ising_chain, search_steady_state
from trainers.choices import parse_choice


def get_config(choice: str = "6,2.0") -> ConfigDict:
    n_sites, field = parse_choice(choice, "N,G", int, float)
    config = make_ising_chain(n_sites=n_sites, field=field)
    search_steady_state(config, n_epochs=10)
    return config
