"""Exact trajectories of random states, from the words of a configuration."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from qtf.physics.evolution import evolve
from qtf.physics.hamiltonian_settings import from_config
from qtf.physics.initial_states import sample_initial_states


def sample_trajectories(
    physics: Mapping[str, Any],
    n_sites: int,
    n_samples: int,
    n_times: int,
    *,
    seed: int,
    stream: int,
) -> np.ndarray:
    """Returns exact trajectories of states drawn from a law.

    Args:
        physics: `hamiltonian` (of `from_config`, without `n_sites`), `initial_states` (the
            law) and `dt`.
        n_sites: Number of spins.
        n_samples: Number of trajectories.
        n_times: States of each, at the times 0, dt, 2 dt, ...
        seed: Seed of the states.
        stream: Apart from other streams of the same seed, and from those of other n.

    Returns:
        complex128 (n_samples, n_times, 2**n_sites).

    Raises:
        ValueError: The law or the Hamiltonian is unknown, or an argument is out of range.

    Example:
        >>> physics = {"hamiltonian": {"name": "ising"}, "initial_states": "paper", "dt": 0.002}
        >>> sample_trajectories(physics, 3, 2, 5, seed=0, stream=1).shape
        (2, 5, 8)
    """
    psi0 = sample_initial_states(
        physics["initial_states"], n_sites, n_samples, seed=seed, stream=(stream, n_sites)
    )
    hamiltonian = from_config({**physics["hamiltonian"], "n_sites": n_sites})
    return evolve(hamiltonian, psi0, physics["dt"] * np.arange(n_times))
