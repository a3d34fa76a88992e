"""A few trajectories of short Ising chains, written within seconds, for quick tries."""

from ml_collections import ConfigDict

from data_gen.settings import GenerationSettings
from qtf.configuration import config_dict


def get_config() -> ConfigDict:
    config = config_dict(GenerationSettings())
    config.n_sites = (2, 3, 4)
    config.n_steps = 100
    config.n_trajectories = {"train": (400,), "validation": (40,), "test": (40,)}
    config.min_shards = 2
    return config
