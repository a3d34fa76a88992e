"""Periodic Heisenberg chain that decays, followed to t = 5 by steps that a tolerance bounds.

    --config=followed_chain:N,ENERGY, by default 4,1.0

H = ENERGY (sum (2 XX + ZZ) + sum Z), decay of rate 1, from <Y> = -1; 10 is the stiff chain.

Source: luo2022, figures 2 (a), S3 and S4; the steps are ours.
"""

from ml_collections import ConfigDict

from qtf.open_systems.runs.recipes import follow_to_tolerance, make_heisenberg_chain
from trainers.choices import parse_choice


def get_config(choice: str = "4,1.0") -> ConfigDict:
    n_sites, energy = parse_choice(choice, "N,ENERGY", int, float)
    config = make_heisenberg_chain(n_sites=n_sites, energy=energy)
    config.strings = 2 * n_sites
    follow_to_tolerance(config, units=16, interval=0.1, n_intervals=50)
    return config
