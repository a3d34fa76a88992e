"""Ising model in a transverse field on open squares that grow, H = -sum Z Z - field sum X.

--config=grow_ising:FIELD, by default 3.0

Sides 4, 6, 8 and 12 by stochastic reconfiguration.
"""

from ml_collections import ConfigDict

from qtf.ground_states.runs.recipes import grow_quickly, start, use_reconfiguration
from trainers.choices import parse_choice


def get_config(choice: str = "3.0") -> ConfigDict:
    (field,) = parse_choice(choice, "FIELD", float)
    config = start(
        "ising",
        lattice="square",
        n_rows=4,
        n_columns=4,
        coupling=1.0,
        transverse_field=field,
        longitudinal_field=0.0,
    )
    config.network.name = "gated_2d"
    config.network.units = 32
    config.wave_function.order = "snake"
    config.wave_function.positive = True
    config.symmetry.group = "lattice_and_flip"
    use_reconfiguration(config, n_samples=512, n_epochs=8, learning_rate=0.05)
    grow_quickly(config)
    config.sampling.n_prefixes = 12
    # Bounds the memory.
    config.sampling.chunk = 12
    config.growth.sizes = (4, 6, 8, 12)
    config.growth.n_steps = (150,)
    config.growth.n_samples = (512, 512, 256)
    return config
