"""Ising model in a transverse field on an open square, H = -sum Z Z - field sum X.

--config=configs/ground_state/ising_square.py:SIDE,FIELD, by default 4,3.0
"""

from ml_collections import ConfigDict

from trainers import ground_state_config

# Up to this side stochastic reconfiguration is affordable on a desktop.
MAX_SMALL_SIDE = 6


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
    config.wave_function.positive = True
    config.symmetry.group = "lattice_and_flip"
    if int(side) <= MAX_SMALL_SIDE:
        _small(config)
    else:
        _large(config)
    return config


def _small(config: ConfigDict) -> None:
    config.network.name = "gru"
    config.network.units = 48
    config.wave_function.order = "snake"
    config.sampling.n_samples = 1024
    config.min_sr.diag_shift = 1e-3
    config.min_sr.momentum = 0.9
    config.training.n_epochs = 15
    config.training.steps_per_epoch = 20
    config.training.optimizer.name = "sgd"
    config.training.optimizer.learning_rate = 0.02
    config.training.optimizer.floor = 4e-4
    config.training.optimizer.clip_norm = 0.0


def _large(config: ConfigDict) -> None:
    """The network and the first batches of the NAQS paper."""
    config.network.name = "pixelcnn"
    config.network.width = 32
    config.network.depth = 10
    config.sampling.n_samples = 128
    config.sampling.n_validation = 1024
    config.sampling.n_prefixes = 12
    # Bounds the memory.
    config.sampling.chunk = 12
    config.training.n_epochs = 1000
    config.training.steps_per_epoch = 100
    config.training.optimizer.learning_rate = 1e-3
    config.training.optimizer.schedule = "constant"
    config.training.optimizer.beta_2 = 0.9
