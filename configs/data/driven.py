"""Ising chains of 2 to 5 spins whose transverse field is swept through 0 and back; 0.3 GB."""

from ml_collections import ConfigDict

from data_gen.settings import GenerationSettings
from qtf.configuration import config_dict


def get_config() -> ConfigDict:
    config = config_dict(GenerationSettings())
    config.n_sites = (2, 3, 4, 5)
    config.dt, config.n_steps = 0.02, 100
    config.n_trajectories = {"train": (4000,), "validation": (256,), "test": (500,)}
    config.drive = (
        {
            "term": "transverse_field",
            "times": [0.0, 0.5, 1.0, 1.5, 2.0],
            "values": [-1.05, 0.0, 1.05, 0.0, -1.05],
            "law": "cubic",
        },
    )
    return config
