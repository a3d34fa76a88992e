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
    config.network.width = 16
    config.network.depth = 5
    config.sampling.n_samples = 512
    config.symmetry.group = "lattice_and_flip"
    config.min_sr.diag_shift = 1e-3
    config.training.n_epochs = 8
    config.training.steps_per_epoch = 50
    config.training.optimizer.name = "sgd"
    config.training.optimizer.learning_rate = 0.05
    config.training.optimizer.floor = 1e-3
    config.training.optimizer.clip_norm = 0.0
    return config
