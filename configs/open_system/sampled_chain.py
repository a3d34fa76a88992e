"""Steady state of the periodic Ising chain by natural gradients of samples, for any length.

    --config=sampled_chain:N,G, by default 16,2.0

H = (1/2) sum ZZ + (G/2) sum X, decay of rate 1 on every spin. Beyond nine spins there are exact
values with `--config.reference` only, trajectories that `qtf trajectories` computes.

Source: luo2022, figure 3; the steps are ours.
"""

from ml_collections import ConfigDict

from qtf.open_systems.runs.recipes import follow_samples_to_rest, make_ising_chain
from trainers.choices import parse_choice


def get_config(choice: str = "16,2.0") -> ConfigDict:
    n_sites, field = parse_choice(choice, "N,G", int, float)
    config = make_ising_chain(n_sites=n_sites, field=field)
    follow_samples_to_rest(config, units=24)
    return config
