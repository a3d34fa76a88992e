"""Periodic 3x3 Heisenberg square that decays, followed to t = 2 by steps that a tolerance bounds.

    --config=followed_square:JY,STRINGS, by default 1.8,72

H = sum (0.9 XX + JY YY + ZZ), decay of rate 1 on every spin, from all up. 72 orders of the sites
are all symmetries of the square.

Source: luo2022, figures 2 (b) and S1; the steps are ours.
"""

from ml_collections import ConfigDict

from qtf.open_systems.runs.recipes import follow_to_tolerance, make_heisenberg_square
from trainers.choices import parse_choice


def get_config(choice: str = "1.8,72") -> ConfigDict:
    coupling, n_strings = parse_choice(choice, "JY,STRINGS", float, int)
    config = make_heisenberg_square(side=3, coupling=coupling, n_strings=n_strings)
    follow_to_tolerance(config, units=24, interval=0.1, n_intervals=20)
    return config
