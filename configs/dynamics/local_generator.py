"""Learns what drives a chain from 100 trajectories each of 2, 3 and 4 spins, in seconds.

    --config=local_generator[:CHAIN], by default ising

CHAIN is ising, heisenberg, xxz, j1j2 or random_fields.
"""

from collections.abc import Mapping

import numpy as np
from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from qtf.configuration import config_dict
from qtf.dynamics.runs.settings import DynamicsSettings

ISING = "ising"
OTHERS = {
    "heisenberg": {"name": "heisenberg"},
    "xxz": {"name": "xxz", "anisotropy": 0.5},
    "j1j2": {"name": "j1j2", "next_nearest_coupling": 0.5},
}
RANDOM_FIELDS = "random_fields"
N_SITES = 6


def get_config(chain: str = ISING) -> ConfigDict:
    config = config_dict(DynamicsSettings())
    config.model.preset = "local_generator"
    config.model.n_max = 16
    config.data.source = "exact"
    config.data.n_sites = (2, 3, 4)
    config.data.n_validation = 64
    config.data.rollout_steps = 250
    config.training.precision = "float64"
    if chain == RANDOM_FIELDS:
        # Such a chain is learned from its own trajectories.
        config.exact.hamiltonian = with_edges(random_fields(seed=0))
        config.data.n_sites = (N_SITES,)
        config.model.site_dependent = True
    elif chain in OTHERS:
        config.exact.hamiltonian = with_edges(OTHERS[chain])
    elif chain != ISING:
        known = ", ".join([ISING, *OTHERS, RANDOM_FIELDS])
        raise ValueError(f'The chain behind the colon must be one of {known}, but is "{chain}".')
    if chain == "j1j2":
        config.model.interaction_range = 2
    for_the_loop(config)
    return config


def with_edges(hamiltonian: Mapping[str, object]) -> ConfigDict:
    """Returns a Hamiltonian of chains that a flag may close to rings."""
    return ConfigDict({**hamiltonian, "periodic": placeholder(bool)})


def random_fields(seed: int) -> dict[str, object]:
    """Returns an Ising chain with normal random fields on every site."""
    transverse, longitudinal = np.random.default_rng(seed).normal(size=(2, N_SITES)).tolist()
    return {
        "name": "ising",
        "transverse_field": tuple(transverse),
        "longitudinal_field": tuple(longitudinal),
    }


def for_the_loop(config: ConfigDict) -> None:
    """Sets what only `--config.training.method=loop` uses."""
    config.loss = "squared_distance"
    config.data.window = 20
    config.training.n_epochs = 15
    config.training.steps_per_epoch = 100
    config.training.optimizer.learning_rate = 0.05
    config.training.optimizer.schedule = "cosine"
    config.training.optimizer.floor = 1e-6
    # Far below gradients that are to become 1e-9.
    config.training.optimizer.epsilon = 1e-14
