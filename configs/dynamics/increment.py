"""The recommended network: decodes the change of the state."""

from ml_collections import ConfigDict

from trainers import base_config


def get_config() -> ConfigDict:
    config = base_config.default()
    config.model.preset = "increment"
    config.loss = "squared_distance"
    config.data.batch_size = 16
    config.data.window = 100
    config.training.monitor = "mre"
    config.training.n_epochs = 60
    config.training.steps_per_epoch = 500
    config.training.figures_every_epochs = 5
    config.training.optimizer.learning_rate = 1e-3
    config.training.optimizer.schedule = "cosine"
    config.training.optimizer.warmup_steps = 200
    config.training.optimizer.floor = 1e-6
    config.training.optimizer.clip_norm = 1.0
    config.training.optimizer.epsilon = 1e-10
    return config
