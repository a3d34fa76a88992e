"""Hamiltonians as configurations and recorded runs hold them."""

import copy
import dataclasses
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from qtf.physics._checks import checked_choice
from qtf.physics.custom_hamiltonian import FILE_KEY, custom, include_file
from qtf.physics.hamiltonians import HAMILTONIANS, Model
from qtf.physics.lattices import LATTICES, Lattice
from qtf.physics.operators import PauliSum
from qtf.settings import Settings


@dataclass(frozen=True)
class HamiltonianSettings(Settings, section="hamiltonian", free=True):
    """Name, lattice and coefficients of a Hamiltonian; the size may still be open.

    Coefficients are those of the function of `HAMILTONIANS`, with its defaults. Beside them are
    `lattice`, one of `LATTICES` ("chain" by default), and its fields. A custom Hamiltonian has
    `terms`, or a `terms_file`, whose content takes the place of the key at once.

    Attributes:
        name: One of `HAMILTONIANS`.
        values: What else the configuration says, by its keys; None: nothing.

    Raises:
        ValueError: The name or a key is unknown, or a value is not allowed. Coefficients are
            checked as soon as there is a size.

    Example:
        >>> chain = HamiltonianSettings("heisenberg", {"periodic": True})
        >>> chain.resized(4).lattice
        Chain(n_sites=4, periodic=True)
        >>> chain.resized(4).build().n_sites
        4
        >>> chain["coupling"], chain["units"]
        (1.0, 'spin')
    """

    name: str
    values: Mapping[str, object] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        checked_choice("name", self.name, HAMILTONIANS)
        given = {key: value for key, value in self.values.items() if value is not None}
        object.__setattr__(
            self, "values", copy.deepcopy(include_file(given) if self._is_custom else given)
        )
        for key in self.values:
            if key not in self._keys:
                raise ValueError(
                    f"Argument `config` must have only keys of {self._keys}, but has {key!r}."
                )
        if set(self._size_keys) <= set(self.values):
            self.build()

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> Self:
        """Returns the settings that a configuration holds.

        Args:
            values: `name` and the other keys.

        Raises:
            ValueError: As above.
        """
        left = dict(values)
        return cls(checked_choice("name", left.pop("name", None), HAMILTONIANS), left)

    def changed(self, values: Mapping[str, object]) -> Self:
        """Returns other settings: a configuration replaces a Hamiltonian as a whole."""
        return self.from_mapping(values)

    def as_mapping(self) -> dict[str, object]:
        """Returns the configuration that these are the settings of, as it was given."""
        return {"name": self.name, **copy.deepcopy(dict(self.values))}

    def __getitem__(self, key: str) -> object:
        """Returns a coefficient as given, or its default."""
        return self.values.get(key, self.model.defaults[key])

    def number(self, key: str) -> float | None:
        """Returns a coefficient, or None where each bond or site has one of its own."""
        value = self[key]
        return None if np.ndim(value) else float(value)  # type: ignore[arg-type]

    @property
    def model(self) -> Model:
        """The entry of `HAMILTONIANS`."""
        return HAMILTONIANS[self.name]

    @property
    def lattice_kind(self) -> str:
        """The word for the lattice; known before the size is."""
        return checked_choice("lattice", self.values.get("lattice", "chain"), LATTICES)

    @property
    def lattice(self) -> Lattice:
        """The lattice.

        Raises:
            ValueError: The size is open.
        """
        kind = LATTICES[self.lattice_kind]
        for key in _required_keys_of(kind):
            self._require(key)
        lattice = kind(**{k: v for k, v in self.values.items() if k in _keys_of(kind)})
        n_sites = self.values.get("n_sites", lattice.n_sites)
        if n_sites != lattice.n_sites:
            raise ValueError(
                f"Argument `n_sites` must be {lattice.n_sites} ({lattice.describe()}), but is"
                f" {n_sites!r}."
            )
        return lattice

    def build(self) -> PauliSum:
        """Returns the Hamiltonian.

        Raises:
            ValueError: The size is open, or a coefficient is not allowed.
        """
        arguments = {key: self.values[key] for key in self.model.defaults if key in self.values}
        for key, default in self.model.defaults.items():
            if default is inspect.Parameter.empty:
                self._require(key)
        return self.model.build(self.lattice, **arguments)

    def resized(self, size: int) -> Self:
        """Returns the same on a lattice all of whose sides are `size`; on a chain its sites.

        Raises:
            ValueError: There is only one such lattice: it is a graph.
        """
        if not self._size_keys:
            raise ValueError(
                f"Argument `lattice` must be one that grows, but is {self.lattice_kind!r}."
            )
        left = {key: value for key, value in self.values.items() if key != "n_sites"}
        return dataclasses.replace(self, values={**left, **dict.fromkeys(self._size_keys, size)})

    def with_n_sites(self, n_sites: int) -> Self:
        """Returns the same with a number of sites, which the sides of a square must fit."""
        return dataclasses.replace(self, values={**self.values, "n_sites": n_sites})

    def describe(self, *, with_size: bool = True) -> str:
        """Returns model, lattice and size in a few words, for titles.

        Args:
            with_size: Whether to tell the size; one that is open is not told.

        Example:
            >>> square = {"lattice": "square", "n_rows": 3, "n_columns": 4}
            >>> HamiltonianSettings("ising", square).describe()
            'Ising model, open square of 3 x 4'
            >>> HamiltonianSettings("xxz").describe()
            'XXZ model, open chain'
        """
        has_size = with_size and set(self._size_keys) <= set(self.values)
        if self._is_custom and not {"lattice", "periodic"} & set(self.values):
            size = f", {self.values['n_sites']} spins" if has_size else ""
            return f"{self.model.title}{size}"
        if has_size:
            return f"{self.model.title}, {self.lattice.describe()}"
        edges = "periodic" if self.values.get("periodic", False) else "open"
        return f"{self.model.title}, {edges} {self.lattice_kind}"

    @property
    def _is_custom(self) -> bool:
        return self.model.build is custom

    @property
    def _size_keys(self) -> tuple[str, ...]:
        return LATTICES[self.lattice_kind].SIZES

    @property
    def _keys(self) -> tuple[str, ...]:
        fields = _keys_of(LATTICES[self.lattice_kind])
        further = (FILE_KEY,) if self._is_custom else ()
        return tuple(dict.fromkeys(("lattice", *fields, "n_sites", *self.model.defaults, *further)))

    def _require(self, key: str) -> None:
        if key not in self.values:
            raise ValueError(
                f"Argument `config` must have the key `{key}`, but is {dict(self.values)}."
            )


def from_config(config: Mapping[str, object]) -> PauliSum:
    """Returns the Hamiltonian that a mapping of plain values describes.

    Args:
        config: Mapping that `HamiltonianSettings.from_mapping` takes.

    Returns:
        The Hamiltonian.

    Raises:
        ValueError: The name or a key is unknown, a key is missing, or a value is not
            allowed.

    Example:
        >>> from_config({"name": "heisenberg", "n_sites": 4, "periodic": True}).n_sites
        4
    """
    return HamiltonianSettings.from_mapping(config).build()


def _keys_of(kind: type[Lattice]) -> tuple[str, ...]:
    """Returns the fields of a kind of lattice that configurations may set."""
    return tuple(f.name for f in dataclasses.fields(kind) if f.init)  # type: ignore[arg-type]


def _required_keys_of(kind: type[Lattice]) -> tuple[str, ...]:
    """Returns those of them that have no default."""
    defaults = {f.name: f.default for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return tuple(key for key in _keys_of(kind) if defaults[key] is dataclasses.MISSING)
