"""Open Heisenberg square, H = sum S S, trained at one size and retrained on larger ones.

    --config=grow_square[:desktop|:paper], by default desktop

desktop: sides 4, 6, 8 by stochastic reconfiguration with the signs built in. paper: what the
iterative-retraining paper did, sides 6 to 30.
"""

from ml_collections import ConfigDict

from qtf.ground_states.runs.recipes import (
    grow_quickly,
    retrain_iteratively,
    start_square,
    use_known_signs,
    use_reconfiguration,
)
from trainers.choices import parse_choice, parse_word


def get_config(choice: str = "desktop") -> ConfigDict:
    (plan,) = parse_choice(choice, "desktop or paper", parse_word("desktop", "paper"))
    config = start_square(4)
    if plan == "paper":
        _paper(config)
    else:
        _desktop(config)
    return config


def _desktop(config: ConfigDict) -> None:
    config.network.name = "gated_2d"
    config.network.units = 32
    config.wave_function.order = "snake"
    use_known_signs(config)
    config.symmetry.group = "lattice_and_flip"
    use_reconfiguration(config, n_samples=512, n_epochs=12, learning_rate=0.05)
    grow_quickly(config)
    config.growth.sizes = (4, 6, 8)
    # To 6 and 8; with 300 the error at 6 is a half larger, 1.4e-3.
    config.growth.n_steps = (1500, 300)


def _paper(config: ConfigDict) -> None:
    config.network.name = "lstm_2d"
    config.network.n_layers = 5
    retrain_iteratively(config)
    # Bounds the memory of large squares.
    config.sampling.chunk = 8
    config.training.n_epochs = 100
    config.training.steps_per_epoch = 100
    config.training.optimizer.learning_rate = 1e-4
    config.training.optimizer.schedule = "constant"
    config.growth.sizes = tuple(range(6, 31, 2))
    # To 8, 10, 12, and all further ones.
    config.growth.n_steps = (1000, 1000, 1000, 100)
    config.growth.learning_rates = (1e-4, 1e-4, 1e-4, 1e-5)
    config.growth.n_evaluation = 2500
