"""Ising model in a transverse field on an open square, H = -sum Z Z - field sum X.

--config=ising_square:SIDE,FIELD, by default 4,3.0
"""

from ml_collections import ConfigDict

from qtf.ground_states.runs.recipes import (
    MAX_SMALL_SIDE,
    start,
    train_pixelcnn,
    use_reconfiguration,
)
from trainers.choices import parse_choice


def get_config(choice: str = "4,3.0") -> ConfigDict:
    side, field = parse_choice(choice, "SIDE,FIELD", int, float)
    config = start(
        "ising",
        lattice="square",
        n_rows=side,
        n_columns=side,
        coupling=1.0,
        transverse_field=field,
        longitudinal_field=0.0,
    )
    config.wave_function.positive = True
    config.symmetry.group = "lattice_and_flip"
    if side <= MAX_SMALL_SIDE:
        config.network.name = "gru"
        config.network.units = 48
        config.wave_function.order = "snake"
        use_reconfiguration(config, n_samples=1024, n_epochs=12, learning_rate=0.02)
    else:
        train_pixelcnn(config, depth=10, n_samples=128, n_prefixes=side, chunk=12)
    return config
