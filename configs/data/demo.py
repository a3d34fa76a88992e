"""Short trajectories of 2 to 5 spins, for `make demo`."""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    return ConfigDict(
        {
            "hamiltonian": {
                "name": "ising",
                "lattice": "chain",
                "periodic": False,
                "coupling": 1.0,
                "transverse_field": -1.05,
                "longitudinal_field": 0.5,
            },
            "n_sites": (2, 3, 4, 5),
            "initial_states": "paper",
            "dt": 0.002,
            "n_steps": 100,
            "n_trajectories": {"train": 8000, "validation": 256, "test": 500},
            "seed": 0,
        }
    )
