"""What is served, and the parts of its configuration that the page reads."""

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass

from qtf.physics import HamiltonianSettings
from qtf.typing import Json

DEFAULT_MAX_SAMPLES = 4096


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


def section(config: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    """Returns a section of a configuration.

    Raises:
        ValueError: There is none of that name.
    """
    found = config.get(name)
    if not isinstance(found, Mapping):
        raise ValueError(f"Key `{name}` must be a mapping, but is {reprlib.repr(found)}.")
    return found


def hamiltonian_of(config: Mapping[str, Json]) -> HamiltonianSettings:
    """Returns the Hamiltonian of a configuration that tells its size.

    Raises:
        ValueError: It is none, or its size is open.
    """
    values = section(section(config, "physics"), "hamiltonian")
    try:
        settings = HamiltonianSettings.from_mapping(values)
        settings.build()
    except (TypeError, ValueError) as error:
        raise ValueError(f"Key `physics.hamiltonian` must be valid, but: {error}") from error
    return settings


def positive_integer(config: Mapping[str, Json], key: str, default: int) -> int:
    """Returns an entry of the section `serving`.

    Raises:
        ValueError: It is no positive integer.
    """
    if "serving" not in config:
        return default
    value = section(config, "serving").get(key, default)
    if type(value) is not int or value < 1:
        raise ValueError(f"Key `serving.{key}` must be a positive integer, but is {value!r}.")
    return value


def geometry(settings: HamiltonianSettings) -> dict[str, Json]:
    """Returns where the sites are and which are neighbours, as JSON can hold it."""
    lattice = settings.lattice
    return {
        "n_sites": lattice.n_sites,
        "positions": lattice.coordinates().tolist(),
        "bonds": [list(bond) for bond in lattice.bonds()],
    }
