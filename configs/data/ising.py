"""Trajectories of the open Ising chain of 2 to 7 spins; about 6 GB."""

from ml_collections import ConfigDict

from data_gen.settings import GenerationSettings
from qtf.configuration import config_dict


def get_config() -> ConfigDict:
    return config_dict(GenerationSettings())
