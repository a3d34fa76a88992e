"""The recommended network: decodes the change of the state."""

from ml_collections import ConfigDict

from qtf.configuration import config_dict
from qtf.dynamics.runs.settings import DynamicsSettings


def get_config() -> ConfigDict:
    config = config_dict(DynamicsSettings())
    config.model.preset = "increment"
    config.loss = "squared_distance"
    config.data.weights = (1.0, 1.0, 1.5, 2.0, 3.0, 4.0)
    # As many states as 16 windows of 100, but of four times as many trajectories.
    config.data.batch_size = 64
    config.data.window = 25
    config.training.monitor = "mre"
    config.training.n_epochs = 50
    config.training.steps_per_epoch = 600
    config.training.log_every_steps = 100
    config.training.figures_every_epochs = 10
    config.training.optimizer.learning_rate = 1e-3
    config.training.optimizer.schedule = "cosine"
    config.training.optimizer.warmup_steps = 200
    config.training.optimizer.floor = 1e-6
    # The memory of 0.999 is too long where gradients shrink: a rare large one then makes
    # steps so large that the training diverges.
    config.training.optimizer.beta_2 = 0.99
    config.training.optimizer.epsilon = 1e-10
    return config
