"""Losses that the trivial predictors have under teacher forcing: the scale of every loss."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from qtf.physics import sample_trajectories

N_SAMPLES = 64
# Apart from all streams that states for training, validation and tests are drawn from.
STREAM = 33


def trivial_losses(physics: Mapping[str, Any], n_sites: int, window: int) -> dict[str, float]:
    """Returns predictor -> mean squared distance |d|^2 of the next state.

        persistence:   d = psi_{k+1} - psi_k
        straight line: d = psi_{k+1} - (2 psi_k - psi_{k-1})

    Divided by 2 * 2**n these are mean squared errors.

    Args:
        physics: Settings of a run: hamiltonian, initial_states, dt.
        n_sites: Number of spins.
        window: States of a trajectory.

    Example:
        >>> physics = {"hamiltonian": {"name": "ising"}, "initial_states": "paper", "dt": 0.002}
        >>> losses = trivial_losses(physics, 3, 20)
        >>> losses["straight line"] < 1e-3 * losses["persistence"]
        True
    """
    psi = sample_trajectories(physics, n_sites, N_SAMPLES, window, seed=0, stream=STREAM)
    first = np.diff(psi, axis=1)
    return {
        "persistence": _mean_square(first),
        "straight line": _mean_square(np.diff(first, axis=1)),
    }


def _mean_square(differences: np.ndarray) -> float:
    return float(np.square(np.abs(differences)).sum(axis=-1).mean())
