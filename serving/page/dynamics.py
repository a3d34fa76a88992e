"""Models of dynamics: what the page may ask of them."""

import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from qtf.physics import HamiltonianSettings, Lattice, PauliSum, from_config
from qtf.typing import Json
from serving.page.hamiltonian_text import hamiltonian_text
from serving.page.served_model import positive_integer, section

# Up to here all eigenvectors take less than a second.
MAX_SITES = 10

# Amplitudes of one trajectory: 1000 steps of 7 spins. Its JSON is about 5 MB.
MAX_AMPLITUDES = 1 << 17

DEFAULT_MAX_STEPS = 1000


@dataclass(frozen=True)
class Dynamics:
    """What exact evolution needs to know of a model.

    Attributes:
        n_sites: Numbers of spins that it was trained for, at most 10.
        dt: Time step (hbar = 1).
        longest: Largest number of steps of one request.
        physics: Hamiltonian without the number of spins, for `from_config`.
        validation: Error of its rollouts in the training, see `qtf.export`; empty: not known.
    """

    n_sites: tuple[int, ...]
    dt: float
    longest: int
    physics: Mapping[str, Json]
    validation: Mapping[str, Json] = field(default_factory=dict)

    @classmethod
    def from_config(cls, config: Mapping[str, Json]) -> Self:
        """Reads the configuration of a training run.

        Raises:
            ValueError: It lacks what is needed, or says something impossible.
        """
        dt = section(config, "physics").get("dt")
        if isinstance(dt, bool) or not isinstance(dt, int | float) or not 0 < dt < math.inf:
            raise ValueError(f"Key `physics.dt` must be a positive number, but is {dt!r}.")
        if section(config, "physics").get("drive"):
            raise ValueError("The model is of a driven system; this page shows constant ones.")
        physics = section(section(config, "physics"), "hamiltonian")
        if not physics:
            source = section(config, "physics").get("learned_from", "trajectories")
            raise ValueError(f"The model has learned from given {source} without a Hamiltonian.")
        longest = positive_integer(config, "max_steps", DEFAULT_MAX_STEPS)
        model = cls(_n_sites(config), float(dt), longest, physics, _validation(config))
        model._check_hamiltonians()
        return model

    def hamiltonian(self, n_sites: int) -> PauliSum:
        """Returns the Hamiltonian of `n_sites` spins."""
        return from_config({**self.physics, "n_sites": n_sites})

    def lattice(self, n_sites: int) -> Lattice:
        """Returns the lattice of `n_sites` spins."""
        return HamiltonianSettings.from_mapping({**self.physics, "n_sites": n_sites}).lattice

    def max_steps(self, n_sites: int) -> int:
        """Returns how many steps of `n_sites` spins one request may ask for."""
        return min(self.longest, MAX_AMPLITUDES // 2**n_sites - 1)

    def description(self) -> dict[str, Json]:
        """Returns what the page shows of the model, as JSON can hold it."""
        return {
            "n_sites": list(self.n_sites),
            "max_steps": {str(n): self.max_steps(n) for n in self.n_sites},
            "dt": self.dt,
            "hamiltonian": dict(self.physics),
            "hamiltonian_text": hamiltonian_text(self.physics),
            "validation": dict(self.validation) or None,
        }

    def _check_hamiltonians(self) -> None:
        for n_sites in self.n_sites:
            try:
                self.hamiltonian(n_sites)
            except (TypeError, ValueError) as error:
                raise ValueError(
                    f"Key `physics.hamiltonian` must be valid, but: {error}"
                ) from error


def _n_sites(config: Mapping[str, Json]) -> tuple[int, ...]:
    listed = section(config, "data").get("n_sites")
    entries = listed if isinstance(listed, list | tuple) else [None]
    numbers = [n for n in entries if type(n) is int and n >= 1]
    if len(numbers) < len(entries):
        raise ValueError(
            f"Key `data.n_sites` must list numbers of spins, but is {reprlib.repr(listed)}."
        )
    small = tuple(sorted({n for n in numbers if n <= MAX_SITES}))
    if not small:
        raise ValueError(
            f"Key `data.n_sites` must list a number up to {MAX_SITES}, but is {numbers}."
        )
    return small


def _validation(config: Mapping[str, Json]) -> Mapping[str, Json]:
    """Returns the validation that an export has recorded; older ones have none."""
    serving = config.get("serving")
    found = serving.get("validation") if isinstance(serving, Mapping) else None
    return found if isinstance(found, Mapping) else {}
