"""The data sets of the transferable-dynamics paper: 500 states a trajectory, about 12 GB."""

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
            "n_sites": (2, 3, 4, 5, 6, 7),
            "initial_states": "paper",
            "dt": 0.002,
            "n_steps": 499,
            # One number for every n of `n_sites`, or one number for each n.
            "n_trajectories": {"train": (10000,), "validation": (1000,), "test": (1000,)},
            "seed": 0,
            "dtype": "float32",
            "compression": "none",
            "shard_megabytes": 64.0,
            "min_shards": 8,
        }
    )
