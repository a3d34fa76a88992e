"""Transfer to 8 spins: the paper's rate and batch, from the weights of a run or from scratch.

With `--init_from=RUN` the network starts from the best weights of RUN, a run of
`increment.py`, and as its longest chain beside an idle eighth spin (`transfer.grow`);
without it, the same budget trains the same network from scratch.
"""

from ml_collections import ConfigDict

from qtf.configuration import config_dict
from qtf.dynamics.runs.settings import DynamicsSettings


def get_config() -> ConfigDict:
    config = config_dict(DynamicsSettings())
    config.model.preset = "increment"
    config.loss = "squared_distance"
    config.data.source = "exact"
    config.data.n_sites = (8,)
    config.data.batch_size = 16
    config.data.window = 100
    config.data.n_validation = 128
    config.training.monitor = "loss"
    config.training.n_epochs = 10
    config.training.steps_per_epoch = 200
    config.training.optimizer.learning_rate = 1e-4
    config.training.optimizer.schedule = "exponential"
    config.training.optimizer.decay = 0.97
    config.training.optimizer.floor = 0.0
    config.training.optimizer.beta_2 = 0.99
    config.training.optimizer.epsilon = 1e-10
    return config
