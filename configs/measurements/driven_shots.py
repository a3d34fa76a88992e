"""Shots of an Ising chain whose transverse field is swept, from all up, in random bases.

    --config=configs/measurements/driven_shots.py:N, by default 4

H(t) = -sum Z Z - f(t) sum X, f a triangle of height 1 from t = 0 to 1.
"""

from ml_collections import ConfigDict

from data_gen.shot_settings import ShotSettings
from qtf.configuration import config_dict
from trainers.choices import parse_choice


def get_config(choice: str = "4") -> ConfigDict:
    (n_sites,) = parse_choice(choice, "N", int)
    config = config_dict(ShotSettings())
    with config.unlocked():
        config.hamiltonian = ConfigDict(
            {"name": "ising", "n_sites": n_sites, "coupling": 1.0, "longitudinal_field": 0.0}
        )
    config.drive = (
        {
            "term": "transverse_field",
            "times": [0.0, 0.5, 1.0],
            "values": [0.0, 1.0, 0.0],
            "law": "linear",
        },
    )
    return config
