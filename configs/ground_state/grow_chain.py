"""Open Heisenberg chain, H = sum S S, trained at one length and retrained on longer ones.

    --config=grow_chain[:desktop|:paper], by default desktop

desktop: 16 spins by stochastic reconfiguration with everything that is known of the signs, then 16
more at a time up to 80, with 300 minibatches each.
paper: what roth2020 did, 80 to 300 spins.
"""

from ml_collections import ConfigDict

from qtf.ground_states.runs.recipes import (
    grow_quickly,
    retrain_iteratively,
    start_chain,
    use_known_signs,
    use_reconfiguration,
)
from trainers.choices import parse_choice, parse_word


def get_config(choice: str = "desktop") -> ConfigDict:
    (plan,) = parse_choice(choice, "desktop or paper", parse_word("desktop", "paper"))
    config = start_chain(16)
    if plan == "paper":
        _paper(config)
    else:
        _desktop(config)
    return config


def _desktop(config: ConfigDict) -> None:
    config.network.units = 64
    use_known_signs(config)
    use_reconfiguration(config, n_samples=1024, n_epochs=24, learning_rate=0.03)
    grow_quickly(config)
    config.growth.sizes = (16, 32, 48, 64, 80)
    config.growth.n_samples = (512,)


def _paper(config: ConfigDict) -> None:
    config.network.units = 128
    retrain_iteratively(config)
    config.training.n_epochs = 500
    config.training.steps_per_epoch = 1000
    config.training.optimizer.learning_rate = 1e-3
    config.training.optimizer.schedule = "inverse_sqrt"
    config.training.optimizer.decay = 1e-3
    config.growth.sizes = tuple(range(80, 301, 20))
    config.growth.n_steps = (1000,)
    config.growth.learning_rates = (1e-4,)
    config.growth.n_evaluation = 100000
