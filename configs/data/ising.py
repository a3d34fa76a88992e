"""Trajectories of the open Ising chain of 2 to 7 spins; about 6 GB."""

from ml_collections import ConfigDict

from data_gen import base_config


def get_config() -> ConfigDict:
    return base_config.default()
