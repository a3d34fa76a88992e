"""Trained networks of finished runs, and the physics that they have learned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qtf.physics import PauliSum, from_config
from reports.records import read_record


@dataclass(frozen=True)
class Physics:
    """What a run has learned from.

    Attributes:
        hamiltonian: Settings of the Hamiltonian.
        initial_states: Law of the initial states.
        dt: Time step.
    """

    hamiltonian: Mapping[str, Any]
    initial_states: str
    dt: float

    def make_hamiltonian(self, n_sites: int) -> PauliSum:
        """Returns the Hamiltonian for any number of spins."""
        return from_config({**self.hamiltonian, "n_sites": n_sites})


@dataclass(frozen=True)
class Network:
    """A trained network.

    Attributes:
        rollout: Returns trajectories of initial states and a number of steps.
        physics: What it has learned.
    """

    rollout: Callable[[np.ndarray, int], np.ndarray]
    physics: Physics


def load_network(workdir: Path) -> Network:
    """Returns the network with the best weights of a run.

    Raises:
        FileNotFoundError: The folder holds no run, or one without weights.
    """
    from qtf.dynamics.rollout import Rollout
    from qtf.training.run_folder import RunFolder

    folder = RunFolder(workdir)
    config = folder.load_config()
    rollout = Rollout(folder.load_model(), xla=config["training"]["xla"])
    return Network(rollout, read_record(Physics, config["physics"]))
