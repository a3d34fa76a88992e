"""Heisenberg antiferromagnet on an open square, H = sum S S.

    --config=configs/ground_state/heisenberg_square.py:SIDE[,sign], by default 4

With `sign`, Marshall's sign rule is built in; without, the network has to learn it.
"""

from ml_collections import ConfigDict

from trainers import ground_state_config

# Up to this side stochastic reconfiguration is affordable on a desktop.
MAX_SMALL_SIDE = 6


def get_config(choice: str = "4") -> ConfigDict:
    side, *rest = choice.split(",")
    config = ground_state_config.default()
    config.physics.hamiltonian = {
        "name": "heisenberg",
        "lattice": "square",
        "n_rows": int(side),
        "n_columns": int(side),
        "coupling": 1.0,
        "units": "spin",
    }
    config.wave_function.zero_magnetization = True
    config.wave_function.marshall_sign = "sign" in rest
    # The ground state is positive but for the rule.
    config.wave_function.positive = "sign" in rest
    config.symmetry.group = "lattice_and_flip"
    if int(side) <= MAX_SMALL_SIDE:
        _small(config)
    else:
        _large(config)
    return config


def _small(config: ConfigDict) -> None:
    if config.wave_function.marshall_sign:
        config.network.name = "gru"
        config.network.units = 64
        config.wave_function.order = "snake"
        config.sampling.n_samples = 1024
        config.training.n_epochs = 60
    else:
        # Signs depend on the place, which only this network is told. While the temperature is
        # high all spins are about equally likely, and signs are found before probabilities.
        config.network.name = "transformer"
        config.network.units = 16
        config.network.n_layers = 2
        config.sampling.n_samples = 512
        # All positions at once are faster for a transformer.
        config.sampling.n_prefixes = 1
        config.penalties.temperature = 10.0
        config.penalties.temperature_decay = 0.02
        config.training.n_epochs = 40
    config.min_sr.diag_shift = 1e-3
    config.min_sr.momentum = 0.9
    config.training.steps_per_epoch = 25
    config.training.optimizer.name = "sgd"
    config.training.optimizer.learning_rate = 0.05
    config.training.optimizer.floor = 1e-3
    config.training.optimizer.clip_norm = 0.0


def _large(config: ConfigDict) -> None:
    """The network and the first batches of the NAQS paper."""
    config.network.name = "pixelcnn"
    config.network.width = 32
    config.network.depth = 21
    config.network.residual = True
    config.sampling.n_samples = 1024
    config.sampling.n_validation = 1024
    config.sampling.n_prefixes = 10
    # Bounds the memory.
    config.sampling.chunk = 4
    config.training.n_epochs = 1000
    config.training.steps_per_epoch = 50
    config.training.optimizer.learning_rate = 1e-3
    config.training.optimizer.schedule = "constant"
    config.training.optimizer.beta_2 = 0.9
