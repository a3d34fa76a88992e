"""The data sets of zhang2020: 500 states a trajectory, about 12 GB."""

from ml_collections import ConfigDict

from data_gen.settings import GenerationSettings
from qtf.configuration import config_dict


def get_config() -> ConfigDict:
    config = config_dict(GenerationSettings())
    config.n_steps = 499
    return config
