"""The data sets of the transferable-dynamics paper: 500 states a trajectory, about 12 GB."""

from ml_collections import ConfigDict

from data_gen import base_config


def get_config() -> ConfigDict:
    config = base_config.default()
    config.n_steps = 499
    return config
