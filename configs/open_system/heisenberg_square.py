"""Periodic 3x3 Heisenberg square that decays, H = sum (0.9 XX + JY YY + ZZ), from all up.

    --config=heisenberg_square:JY,STRINGS[,dynamics], by default 1.8,8

The steady state; with `dynamics`, steps of time instead.

Source: luo2022, figures 2 (b), 4 and S1.
"""

from ml_collections import ConfigDict

from qtf.open_systems.runs.recipes import follow_in_time, follow_to_rest, make_heisenberg_square
from trainers.choices import parse_choice, parse_word

SIDE = 3


def get_config(choice: str = "1.8,8") -> ConfigDict:
    kinds = (float, int, parse_word("dynamics")) if choice.count(",") > 1 else (float, int)
    coupling, n_strings, *rest = parse_choice(choice, "JY,STRINGS or JY,STRINGS,dynamics", *kinds)
    config = make_heisenberg_square(side=SIDE, coupling=coupling, n_strings=n_strings)
    if rest:
        config.dynamics.tau = 0.008
        config.training.n_epochs = 125
        follow_in_time(config, n_sites=SIDE * SIDE)
    else:
        follow_to_rest(config)
    return config
