"""Exact evolution beside a prediction, as far as the configuration of the model tells it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from qtf.physics import (
    DrivenHamiltonian,
    HamiltonianSettings,
    PauliSum,
    build_driven,
    evolve,
    fidelity,
    from_config,
)

PAPER_HAMILTONIAN = {
    "name": "ising",
    "lattice": "chain",
    "periodic": False,
    "coupling": 1.0,
    "transverse_field": -1.05,
    "longitudinal_field": 0.5,
}
PAPER_DT = 0.002


@dataclass(frozen=True)
class Physics:
    """Time step and Hamiltonian of a model; the paper's unless a file tells others.

    Attributes:
        dt: Time of one step.
        hamiltonian: Configuration of the Hamiltonian, without the number of spins; empty if it is
            not known.
        drive: What of it depends on the time, see `qtf.physics.build_driven`.
    """

    dt: float = PAPER_DT
    hamiltonian: Mapping[str, Any] = field(default_factory=lambda: PAPER_HAMILTONIAN)
    drive: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def load(cls, path: Path | str) -> "Physics":
        """Reads the `assets/config.json` of an exported model.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is no such configuration.
        """
        try:
            physics = json.loads(Path(path).read_text())["physics"]
            drive = tuple(physics.get("drive", ()))
            return cls(float(physics["dt"]), dict(physics["hamiltonian"]), drive)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"File {path} must be the config.json of an exported model, but is not: {error!r}."
            ) from error

    def for_sites(self, n_sites: int) -> PauliSum | DrivenHamiltonian:
        """Returns the Hamiltonian of `n_sites` spins.

        Raises:
            ValueError: The configuration does not describe one.
        """
        if not self.hamiltonian:
            raise ValueError(
                "Flag --exact needs a Hamiltonian, but the model has learned from given"
                " trajectories without one."
            )
        if self.drive:
            settings = HamiltonianSettings.from_mapping(self.hamiltonian)
            return build_driven(settings.with_n_sites(n_sites), self.drive)
        return from_config({**self.hamiltonian, "n_sites": n_sites})


@dataclass(frozen=True)
class ExactComparison:
    """Exact states and how far the predicted ones are from them.

    Attributes:
        psi: complex128 (n_steps + 1, 2**n).
        infidelity: `1 - |<psi|phi>|^2` of the normalised states, (n_steps + 1,).
        distance: `|psi - phi|`, (n_steps + 1,).
    """

    psi: np.ndarray
    infidelity: np.ndarray
    distance: np.ndarray


def compare_with_exact(predicted: np.ndarray, physics: Physics) -> ExactComparison:
    """Evolves the first predicted state exactly and compares.

    The first state is the float32 state that the server was given, normalised in double
    precision, so that rounding it does not count as an error of the model.

    Args:
        predicted: Trajectory (n_steps + 1, 2**n).
        physics: Hamiltonian and time step.

    Raises:
        ValueError: The Hamiltonian does not fit.
    """
    start = predicted[0].astype(np.complex128)
    start /= np.linalg.norm(start)
    hamiltonian = physics.for_sites(len(start).bit_length() - 1)
    exact = evolve(hamiltonian, start, physics.dt * np.arange(len(predicted)))
    return ExactComparison(
        psi=exact,
        infidelity=1.0 - fidelity(exact, predicted),
        distance=np.linalg.norm(predicted - exact, axis=-1),
    )
