"""Trained models of finished runs."""

from pathlib import Path
from typing import Any

from qtf.dynamics.rollout import Rollout
from qtf.physics import PauliSum, from_config
from qtf.training.run_folder import RunFolder


def load_rollout(workdir: Path) -> tuple[Rollout, dict[str, Any]]:
    """Returns the rollout of a run's best weights, and the run's configuration.

    Raises:
        FileNotFoundError: The folder holds no run, or one without weights.
    """
    folder = RunFolder(workdir)
    config = folder.load_config()
    return Rollout(folder.load_model(), xla=config["training"]["xla"]), config


def hamiltonian_of(config: dict[str, Any], n_sites: int) -> PauliSum:
    """Returns the Hamiltonian that a run learned from, for any number of spins."""
    return from_config({**config["physics"]["hamiltonian"], "n_sites": n_sites})
