"""Heisenberg antiferromagnet on an open square, H = sum S S.

    --config=configs/ground_state/heisenberg_square.py:SIDE[,sign], by default 4

With `sign`, Marshall's sign rule is built in; without, the network has to learn it.
"""

from ml_collections import ConfigDict

from configs.ground_state.recipes import MAX_LISTED_SITES, chosen, naqs, one_of, reconfiguration
from trainers.ground_states import config as ground_state_config

# Up to this side stochastic reconfiguration is affordable on a desktop.
MAX_SMALL_SIDE = 6


def get_config(choice: str = "4") -> ConfigDict:
    kinds = (int, one_of("sign")) if "," in choice else (int,)
    side, *rest = chosen(choice, "SIDE or SIDE,sign", *kinds)
    known_signs = bool(rest)
    config = ground_state_config.default()
    config.physics.hamiltonian = {
        "name": "heisenberg",
        "lattice": "square",
        "n_rows": side,
        "n_columns": side,
        "coupling": 1.0,
        "units": "spin",
    }
    config.wave_function.zero_magnetization = True
    config.wave_function.marshall_sign = known_signs
    # The ground state is positive but for the rule.
    config.wave_function.positive = known_signs
    config.symmetry.group = "lattice_and_flip"
    if side > MAX_SMALL_SIDE:
        naqs(config, depth=21, n_samples=1024, n_prefixes=side, chunk=4)
        config.network.residual = True
    elif known_signs:
        config.network.name = "gru"
        config.network.units = 64
        config.wave_function.order = "snake"
        reconfiguration(config, n_samples=1024, n_epochs=80, learning_rate=0.05)
    else:
        _signs_learned(config)
    return config


def _signs_learned(config: ConfigDict) -> None:
    # Signs depend on the place, which only this network is told. While the temperature is high
    # all spins are about equally likely, and signs are found before probabilities.
    config.network.name = "transformer"
    config.network.units = 16
    config.network.n_layers = 2
    config.penalties.temperature = 10.0
    # What is left of it at the end is an error of the energy.
    config.penalties.temperature_decay = 0.1
    # On so few sites it is faster to evaluate all of them at once.
    config.sampling.n_prefixes = 1
    reconfiguration(config, n_samples=512, n_epochs=40, learning_rate=0.06)
    if config.physics.hamiltonian.n_rows**2 <= MAX_LISTED_SITES:
        # Once most signs are right, sums over all configurations find the others.
        config.refinement.n_epochs = 5
