"""Ising model in a transverse field on an open square, H = -sum Z Z - field sum X.

--config=configs/ground_state/ising_square.py:SIDE,FIELD, by default 4,3.0
"""

from ml_collections import ConfigDict

from trainers import ground_state_config


def get_config(choice: str = "4,3.0") -> ConfigDict:
    side, field = choice.split(",")
    config = ground_state_config.default()
    config.physics.hamiltonian = {
        "name": "ising",
        "lattice": "square",
        "n_rows": int(side),
        "n_columns": int(side),
        "coupling": 1.0,
        "transverse_field": float(field),
        "longitudinal_field": 0.0,
    }
    config.network.name = "pixelcnn"
    config.network.width = 32
    config.network.depth = 6
    config.sampling.n_samples = 512
    config.sampling.temperature = 1.0
    return config
