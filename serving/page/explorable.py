"""Which of the served models the page can explore, and within which limits."""

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass

from qtf.physics import PauliSum, from_config
from qtf.typing import Json
from serving.page.hamiltonian_text import hamiltonian_text

# Up to here all eigenvectors take less than a second.
MAX_SITES = 10

# Amplitudes of one trajectory: 1000 steps of 7 spins. Its JSON is about 5 MB.
MAX_AMPLITUDES = 1 << 17

DEFAULT_MAX_STEPS = 1000


@dataclass(frozen=True)
class ServedModel:
    """A version of a model that is served at this moment.

    Attributes:
        name: Name of the model.
        version: Number of the version.
        config: Content of the version's assets/config.json, if there is one.
    """

    name: str
    version: int
    config: Mapping[str, Json] | None


@dataclass(frozen=True)
class Explorable:
    """What exact evolution needs to know of a model.

    Attributes:
        n_sites: Numbers of spins that it was trained for, at most 10.
        dt: Time step (hbar = 1).
        longest: Largest number of steps of one request.
        physics: Hamiltonian without the number of spins, for `from_config`.
    """

    n_sites: tuple[int, ...]
    dt: float
    longest: int
    physics: Mapping[str, Json]

    @classmethod
    def from_config(cls, config: Mapping[str, Json] | None) -> "Explorable":
        """Reads the configuration of a training run.

        Raises:
            ValueError: It lacks what is needed, or says something impossible.
        """
        if not isinstance(config, Mapping):
            raise ValueError("The model has no assets/config.json.")
        if "wave_function" in config:
            raise ValueError(
                "The model is the wave function of a ground state; this page shows dynamics."
            )
        if "measurement" in config:
            raise ValueError("The model is of an open system; this page shows closed ones.")
        dt = _section(config, "physics").get("dt")
        if isinstance(dt, bool) or not isinstance(dt, int | float) or not 0 < dt < float("inf"):
            raise ValueError(f"Key `physics.dt` must be a positive number, but is {dt!r}.")
        if _section(config, "physics").get("drive"):
            raise ValueError("The model is of a driven system; this page shows constant ones.")
        physics = _section(_section(config, "physics"), "hamiltonian")
        if not physics:
            raise ValueError("The model has learned from given trajectories without a Hamiltonian.")
        model = cls(_n_sites(config), float(dt), _max_steps(config), physics)
        model._check_hamiltonians()
        return model

    def hamiltonian(self, n_sites: int) -> PauliSum:
        """Returns the Hamiltonian of `n_sites` spins."""
        return from_config({**self.physics, "n_sites": n_sites})

    def max_steps(self, n_sites: int) -> int:
        """Returns how many steps of `n_sites` spins one request may ask for."""
        return min(self.longest, MAX_AMPLITUDES // 2**n_sites - 1)

    def _check_hamiltonians(self) -> None:
        for n_sites in self.n_sites:
            try:
                self.hamiltonian(n_sites)
            except (TypeError, ValueError) as error:
                raise ValueError(
                    f"Key `physics.hamiltonian` must be valid, but: {error}"
                ) from error


def description(model: ServedModel) -> dict[str, Json]:
    """Returns what the page shows of a model, as JSON can hold it."""
    content: dict[str, Json] = {"name": model.name, "version": model.version}
    try:
        explorable = Explorable.from_config(model.config)
    except ValueError as error:
        return {**content, "explorable": False, "reason": str(error)}
    return {
        **content,
        "explorable": True,
        "n_sites": list(explorable.n_sites),
        "max_steps": {str(n): explorable.max_steps(n) for n in explorable.n_sites},
        "dt": explorable.dt,
        "hamiltonian": dict(explorable.physics),
        "hamiltonian_text": hamiltonian_text(explorable.physics),
    }


def _section(config: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    section = config.get(name)
    if not isinstance(section, Mapping):
        raise ValueError(f"Key `{name}` must be a mapping, but is {reprlib.repr(section)}.")
    return section


def _n_sites(config: Mapping[str, Json]) -> tuple[int, ...]:
    listed = _section(config, "data").get("n_sites")
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


def _max_steps(config: Mapping[str, Json]) -> int:
    if "serving" not in config:
        return DEFAULT_MAX_STEPS
    longest = _section(config, "serving").get("max_steps", DEFAULT_MAX_STEPS)
    if type(longest) is not int or longest < 1:
        raise ValueError(f"Key `serving.max_steps` must be a positive integer, but is {longest!r}.")
    return longest
