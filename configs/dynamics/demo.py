"""A small `increment` network of 2 to 5 spins, for `make demo`."""

from ml_collections import ConfigDict

from qtf.configuration import config_dict
from qtf.dynamics.runs.settings import DynamicsSettings


def get_config() -> ConfigDict:
    config = config_dict(DynamicsSettings())
    config.model.preset = "increment"
    config.loss = "squared_distance"
    config.model.n_max = 6
    config.model.units = 256
    config.data.n_sites = (2, 3, 4, 5)
    config.data.weights = (1.0, 1.0, 2.0, 2.0)
    config.data.batch_size = 64
    config.data.window = 17
    config.data.n_validation = 128
    config.data.cache = True
    config.training.monitor = "mre"
    config.training.n_epochs = 10
    config.training.steps_per_epoch = 300
    config.training.figures_every_epochs = 5
    config.training.histograms_every_epochs = 5
    config.training.optimizer.learning_rate = 1e-3
    config.training.optimizer.schedule = "cosine"
    config.training.optimizer.warmup_steps = 200
    config.training.optimizer.floor = 1e-6
    config.training.optimizer.beta_2 = 0.99
    config.training.optimizer.epsilon = 1e-10
    return config
