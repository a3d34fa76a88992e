"""Steady state of the periodic Ising chain by steps of Gauss and Newton on all outcomes.

    --config=steady_chain:N,G, by default 6,2.0

H = (1/2) sum ZZ + (G/2) sum X, decay of rate 1 on every spin.

Source: luo2022, figure 3; the steps are ours.
"""

from ml_collections import ConfigDict

from qtf.open_systems.runs.recipes import make_ising_chain, use_gauss_newton
from trainers.choices import parse_choice


def get_config(choice: str = "6,2.0") -> ConfigDict:
    n_sites, field = parse_choice(choice, "N,G", int, float)
    config = make_ising_chain(n_sites=n_sites, field=field)
    config.strings = 2 * n_sites
    use_gauss_newton(config, units=16)
    config.steady_state.n_epochs = config.training.n_epochs = 12
    config.training.steps_per_epoch = 5
    return config
