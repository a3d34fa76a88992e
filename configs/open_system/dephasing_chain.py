"""Steady state of the periodic Ising chain that decays and dephases.

    --config=configs/open_system/dephasing_chain.py:N,G,DEPHASING, by default 4,2.0,0.5

H = (1/2) sum ZZ + (G/2) sum X; decay of rate 1 and dephasing of rate DEPHASING on every spin.
"""

from ml_collections import ConfigDict

from qtf.open_systems.runs.recipes import follow_to_rest, make_ising_chain
from trainers.choices import parse_choice


def get_config(choice: str = "4,2.0,0.5") -> ConfigDict:
    n_sites, field, dephasing = parse_choice(choice, "N,G,DEPHASING", int, float, float)
    config = make_ising_chain(n_sites=n_sites, field=field)
    config.physics.jumps = {"decay": 1.0, "dephasing": dephasing}
    follow_to_rest(config)
    # Longer steps, twice as many, come to rest from all up.
    config.dynamics.tau = 0.05
    config.natural_gradient.diag_shift = 1e-4
    config.steady_state.n_epochs = config.training.n_epochs = 20
    return config
