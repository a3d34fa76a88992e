"""Every key that the configuration of `data_gen.generate` may have, with its default."""

from ml_collections import ConfigDict


def default() -> ConfigDict:
    """Returns the default configuration, the open Ising chain of 2 to 7 spins.

    Its keys are locked, but for those of the Hamiltonian, which depend on its name.
    See `data_gen.settings.Settings` for what they mean.
    """
    config = ConfigDict(
        {
            "n_sites": (2, 3, 4, 5, 6, 7),
            "initial_states": "paper",
            "dt": 0.002,
            "n_steps": 250,
            # One number for every n of `n_sites`, or one number for each n.
            "n_trajectories": {"train": (10000,), "validation": (1000,), "test": (1000,)},
            "seed": 0,
            "dtype": "float32",
            "compression": "none",
            "shard_megabytes": 64.0,
            "min_shards": 8,
        }
    )
    config.hamiltonian = ConfigDict(
        {
            "name": "ising",
            "lattice": "chain",
            "periodic": False,
            "coupling": 1.0,
            "transverse_field": -1.05,
            "longitudinal_field": 0.5,
        }
    )
    return config.lock()
