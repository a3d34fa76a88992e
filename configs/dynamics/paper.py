"""The network and training of zhang2020, to the letter."""

from ml_collections import ConfigDict

from qtf.configuration import config_dict
from qtf.dynamics.runs.settings import DynamicsSettings


def get_config() -> ConfigDict:
    config = config_dict(DynamicsSettings())
    config.model.preset = "paper"
    config.data.batch_size = 16
    config.data.window = 500
    config.training.n_epochs = 300
    config.training.steps_per_epoch = 3750  # 6 x 10,000 trajectories in batches of 16
    config.training.optimizer.learning_rate = 1e-3
    config.training.optimizer.schedule = "exponential"
    config.training.optimizer.decay = 0.95
    config.training.optimizer.floor = 5e-5
    config.training.figures_every_epochs = 10
    return config
