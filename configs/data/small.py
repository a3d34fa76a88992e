"""A few trajectories of short Ising chains, written within seconds, for quick tries."""

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
            "n_sites": (2, 3, 4),
            "initial_states": "paper",
            "dt": 0.002,
            "n_steps": 100,
            "n_trajectories": {"train": (400,), "validation": (40,), "test": (40,)},
            "seed": 0,
            "dtype": "float32",
            "compression": "none",
            "shard_megabytes": 64.0,
            "min_shards": 2,
        }
    )
