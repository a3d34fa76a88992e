"""Steady state of the periodic 3x3 Heisenberg square by steps of Gauss and Newton.

    --config=steady_square:JY,STRINGS, by default 1.8,72

H = sum (0.9 XX + JY YY + ZZ), decay of rate 1 on every spin. 72 orders of the sites are all
symmetries of the square.

Source: luo2022, figures 4 and S1; the steps are ours.
"""

from ml_collections import ConfigDict

from qtf.open_systems.runs.recipes import make_heisenberg_square, use_gauss_newton
from trainers.choices import parse_choice


def get_config(choice: str = "1.8,72") -> ConfigDict:
    coupling, n_strings = parse_choice(choice, "JY,STRINGS", float, int)
    config = make_heisenberg_square(side=3, coupling=coupling, n_strings=n_strings)
    use_gauss_newton(config, units=24)
    config.steady_state.n_epochs = config.training.n_epochs = 12
    config.training.steps_per_epoch = 5
    return config
