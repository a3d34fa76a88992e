"""Heisenberg antiferromagnet on an open square, H = sum S S.

    --config=configs/ground_state/heisenberg_square.py:SIDE[,sign], by default 4

With `sign`, Marshall's sign rule is built in; without, the network has to learn it.
"""

from ml_collections import ConfigDict

from trainers import ground_state_config


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
    config.network.name = "transformer"
    config.network.units = 32
    config.network.n_layers = 2
    config.wave_function.zero_magnetization = True
    config.wave_function.marshall_sign = "sign" in rest
    config.sampling.n_samples = 512
    # All positions at once are faster for a transformer.
    config.sampling.n_prefixes = 1
    config.penalties.temperature = 0.2
    config.training.n_epochs = 30
    return config
