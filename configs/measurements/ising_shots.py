"""Shots of an open Ising chain that decays, from all up, in random bases.

    --config=configs/measurements/ising_shots.py:N,DECAY, by default 4,0.1

H = -sum Z Z - 0.5 sum X; a decay of rate DECAY on every spin, and readout errors of 1 and 2 %.
"""

from ml_collections import ConfigDict

from data_gen.shot_settings import ShotSettings
from qtf.configuration import config_dict
from trainers.choices import parse_choice


def get_config(choice: str = "4,0.1") -> ConfigDict:
    n_sites, rate = parse_choice(choice, "N,DECAY", int, float)
    config = config_dict(ShotSettings())
    hamiltonian = {"name": "ising", "n_sites": n_sites, "coupling": 1.0}
    hamiltonian |= {"transverse_field": 0.5, "longitudinal_field": 0.0}
    with config.unlocked():
        config.hamiltonian = ConfigDict(hamiltonian)
        config.jumps = ConfigDict({"decay": rate} if rate else {})
    config.e01, config.e10 = 0.01, 0.02
    return config
