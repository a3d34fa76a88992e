"""Jumps as configurations and recorded runs hold them."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from qtf.physics.jumps import (
    JUMP_MATRICES,
    JumpOperator,
    checked_rates,
    jump_operators,
    read_jump,
)
from qtf.settings import Settings


@dataclass(frozen=True)
class JumpSettings(Settings, section="jumps", free=True):
    """Rates of jumps by their kinds, and matrices of one's own.

    Attributes:
        values: For each kind of `JUMP_MATRICES` its rate, one number or one for each site. Other
            names stand for jumps of their own, {"matrix": G, "rate": rate}; complex entries of
            G may be words such as "0.5+1j", and are kept as such.

    Raises:
        ValueError: A value is not allowed. The number of rates is checked by `build`.

    Example:
        >>> jumps = JumpSettings({"decay": 1.0, "left": {"matrix": [[0, 1j], [0, 0]], "rate": 2}})
        >>> jumps.as_mapping()
        {'decay': 1.0, 'left': {'matrix': [[0.0, '1j'], [0.0, 0.0]], 'rate': 2.0}}
        >>> len(jumps.build(3))
        6
        >>> jumps.describe()
        'decay and left'
    """

    values: Mapping[str, object] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        plain = {name: _as_plain(name, entry) for name, entry in self.values.items()}
        object.__setattr__(self, "values", plain)

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> Self:
        """Returns the settings that a configuration holds.

        Raises:
            ValueError: As above.
        """
        return cls(values)

    def changed(self, values: Mapping[str, object]) -> Self:
        """Returns other settings: a configuration replaces all jumps."""
        return self.from_mapping(values)

    def as_mapping(self) -> dict[str, object]:
        """Returns all of it as JSON values."""
        return copy.deepcopy(dict(self.values))

    def build(self, n_sites: int) -> tuple[JumpOperator, ...]:
        """Returns the jumps of every spin.

        Raises:
            ValueError: Rates are not one for each site.
        """
        return jump_operators(n_sites, self.values)  # type: ignore[arg-type]

    def has_rates(self) -> bool:
        """Tells whether any spin jumps at all."""
        return any(np.any(_rate(entry)) for entry in self.values.values())

    def describe(self) -> str:
        """Returns the names of the jumps that there are, for titles; "no jumps" if none."""
        names = [name for name, entry in self.values.items() if np.any(_rate(entry))]
        *first, last = names or ["no jumps"]
        return f"{', '.join(first)} and {last}" if first else last


def _rate(entry: object) -> Any:
    return entry["rate"] if isinstance(entry, Mapping) else entry


def _as_plain(name: str, entry: object) -> object:
    """Returns an entry as JSON values, if it is allowed."""
    title, (matrix, *_), rate = read_jump(name, entry)
    rate = rate.tolist() if isinstance(rate, np.ndarray) else rate
    several = isinstance(rate, list | tuple)
    rates = checked_rates(title, rate, len(rate) if several else 1).tolist()
    plain = rates if several else rates[0]
    if name in JUMP_MATRICES:
        return plain
    return {"matrix": [[_as_entry(number) for number in row] for row in matrix], "rate": plain}


def _as_entry(number: complex) -> float | str:
    return str(complex(number)).strip("()") if number.imag else float(number.real)
