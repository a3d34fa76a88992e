"""Short trajectories of 2 to 5 spins, for `make demo`."""

from ml_collections import ConfigDict

from data_gen.settings import GenerationSettings
from qtf.configuration import config_dict


def get_config() -> ConfigDict:
    config = config_dict(GenerationSettings())
    config.n_sites = (2, 3, 4, 5)
    config.n_steps = 100
    config.n_trajectories = {"train": (8000,), "validation": (256,), "test": (500,)}
    return config
