"""Where an evaluation takes its states from: the files' test split, or the law itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np

from qtf.data.laws import RecordedLaw, hamiltonian_of, law_of
from qtf.data.loading import load_trajectories
from qtf.data.schema import Manifest
from qtf.physics import (
    DrivenHamiltonian,
    PauliSum,
    evolve,
    sample_initial_states,
)
from qtf.streams import Stream

LEAST_SQUARES_STEPS = 10
MAX_LEAST_SQUARES_SITES = 8


class StatesFromFiles:
    """States of the test split of a folder of trajectories.

    Attributes:
        name: Name of the folder, for the report.
        law: What the trajectories obey.
        dt: Time step.
        n_sites: Chain lengths.

    Args:
        data_dir: The folder.
        n_sites: Chain lengths; by default all of the test split.

    Raises:
        ValueError: The folder is damaged or has no such chain length.
    """

    def __init__(self, data_dir: Path | str, n_sites: Sequence[int] = ()) -> None:
        self._data_dir = Path(data_dir)
        self.manifest = Manifest.load(data_dir)
        self.name = self._data_dir.resolve().name
        self.law = law_of(self.manifest)
        self.dt = self.manifest.dt
        available = self.manifest.n_sites("test")
        self.n_sites = tuple(n_sites) or available
        for n in self.n_sites:
            if n not in available:
                raise ValueError(
                    f"Flag --n_sites must name chain lengths of the test split {available},"
                    f" but holds {n}."
                )

    def initial_states(self, n_sites: int, n_samples: int) -> np.ndarray:
        """Returns at most so many unseen states, (n_samples, 2**n)."""
        available = self.manifest.n_trajectories("test", n_sites)
        n_samples = min(n_samples, available)
        return load_trajectories(self._data_dir, "test", n_sites, n_samples, n_times=1)[:, 0]

    def hamiltonian(self, n_sites: int) -> PauliSum | DrivenHamiltonian | None:
        """Returns the Hamiltonian of a chain, or None if it is not known."""
        return hamiltonian_of(self.manifest, n_sites)

    def given_trajectories(self, n_sites: int, n_samples: int, n_steps: int) -> np.ndarray:
        """Returns at most so many test trajectories of so many steps, as they were given.

        Raises:
            ValueError: They have fewer steps.
        """
        if n_steps > self.manifest.n_steps:
            raise ValueError(
                f"Flag --n_steps must be at most {self.manifest.n_steps}, the steps of the given"
                f" trajectories, as there is no Hamiltonian to go on with, but is {n_steps}."
            )
        n_samples = min(n_samples, self.manifest.n_trajectories("test", n_sites))
        return load_trajectories(
            self._data_dir, "test", n_sites, n_samples, n_times=n_steps + 1
        ).astype(np.complex128)

    def least_squares_trajectories(self, n_sites: int) -> np.ndarray | None:
        """Returns trajectories that determine the one-step map, or None if there is none.

        There is none where n is too large, or where the map depends on the time.

        Successive states hardly differ, so that it takes as many trajectories as
        components, not as many states, to span the space.
        """
        if n_sites > MAX_LEAST_SQUARES_SITES or self.law.drive:
            return None
        available = self.manifest.n_trajectories("train", n_sites)
        wanted = min(2 * 2**n_sites, available)
        n_times = LEAST_SQUARES_STEPS + 1
        return load_trajectories(self._data_dir, "train", n_sites, wanted, n_times=n_times)


class StatesFromLaw:
    """States drawn from the law of a run, of any chain length.

    Attributes:
        name: Words for the law, for the report.
        law: What the states obey.
        dt: Time step.
        n_sites: Chain lengths.

    Args:
        law: Hamiltonian, law of the initial states, time step.
        n_sites: Chain lengths.
        seed: Seed of the states; no training has seen them whatever it is.

    Raises:
        ValueError: What the run has learned from was given, so that there is no law.
    """

    def __init__(self, law: RecordedLaw, n_sites: Sequence[int], seed: int) -> None:
        if law.is_given or law.hamiltonian is None:
            raise ValueError(
                "Flag --data_dir is needed: the run has learned from given trajectories or shots,"
                " and no law tells what others are."
            )
        self.law = law
        self._seed = seed
        self.name = f"law {law.initial_states}, seed {seed}"
        self.dt = law.dt
        self.n_sites = tuple(n_sites)

    def initial_states(self, n_sites: int, n_samples: int) -> np.ndarray:
        """Returns so many unseen states, (n_samples, 2**n)."""
        stream = (Stream.TEST_STATES, n_sites)
        return sample_initial_states(
            self.law.initial_states, n_sites, n_samples, seed=self._seed, stream=stream
        )

    def hamiltonian(self, n_sites: int) -> PauliSum | DrivenHamiltonian:
        """Returns the Hamiltonian of a chain."""
        return cast("PauliSum | DrivenHamiltonian", self.law.operator(n_sites))

    def least_squares_trajectories(self, n_sites: int) -> np.ndarray | None:
        """Returns trajectories that determine the one-step map, or None if there is none."""
        if n_sites > MAX_LEAST_SQUARES_SITES or self.law.drive:
            return None
        psi0 = sample_initial_states(
            self.law.initial_states,
            n_sites,
            2 * 2**n_sites,
            seed=self._seed,
            stream=(Stream.LEAST_SQUARES_STATES, n_sites),
        )
        return evolve(self.hamiltonian(n_sites), psi0, self.dt * np.arange(LEAST_SQUARES_STEPS + 1))
