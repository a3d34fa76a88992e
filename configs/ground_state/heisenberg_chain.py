"""Open Heisenberg chain, H = sum S S, with the energy of the Bethe equations beside it.

--config=heisenberg_chain:N, by default 20
"""

from ml_collections import ConfigDict

from qtf.ground_states.runs.recipes import start_chain, use_known_signs, use_reconfiguration
from trainers.choices import parse_choice

# Up to this length stochastic reconfiguration is affordable on a desktop.
MAX_SHORT_CHAIN = 40


def get_config(choice: str = "20") -> ConfigDict:
    (n_sites,) = parse_choice(choice, "N", int)
    config = start_chain(n_sites)
    config.network.units = 64
    use_known_signs(config)
    if n_sites <= MAX_SHORT_CHAIN:
        use_reconfiguration(config, n_samples=1024, n_epochs=24, learning_rate=0.03)
        config.training.optimizer.clip_norm = 5.0
    else:
        config.sampling.n_samples = 512
        config.penalties.temperature = 0.2
        config.training.n_epochs = 30
    return config
