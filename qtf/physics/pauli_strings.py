"""Products of Pauli matrices on different sites."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qtf.physics._checks import checked_integer, checked_number

# The product of two different Pauli matrices is i or -i times the third.
THIRD = {("X", "Y"): ("Z", 1), ("Y", "Z"): ("X", 1), ("Z", "X"): ("Y", 1)}
THIRD |= {(b, a): (c, -sign) for (a, b), (c, sign) in THIRD.items()}

# Sites in ascending order, each with its letter
PauliString = tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class PauliTerm:
    """A real coefficient times a product of Pauli matrices on different sites.

    Args:
        coefficient: Finite real number.
        sites: Sites the matrices act on, counted from 0; empty for the identity.
        paulis: One letter X, Y or Z for each site.

    Raises:
        ValueError: The coefficient is not finite and real, a site is negative or repeated,
            or `paulis` is not one letter X, Y or Z for each site.

    Example:
        >>> PauliTerm(-1.0, (0, 1), "ZZ")
        PauliTerm(coefficient=-1.0, sites=(0, 1), paulis='ZZ')
    """

    coefficient: float
    sites: tuple[int, ...]
    paulis: str

    def __post_init__(self) -> None:
        coefficient = checked_number("coefficient", self.coefficient)
        if not isinstance(self.sites, Sequence):
            raise ValueError(f"Argument `sites` must be a tuple of sites, but is {self.sites!r}.")
        sites = tuple(checked_integer("sites", site, minimum=0) for site in self.sites)
        if len(set(sites)) < len(sites):
            raise ValueError(f"Argument `sites` must not repeat a site, but is {sites}.")
        letters = isinstance(self.paulis, str) and set(self.paulis) <= set("XYZ")
        if not letters or len(self.paulis) != len(sites):
            raise ValueError(
                f"Argument `paulis` must be one letter X, Y or Z for each of {len(sites)} sites,"
                f" but is {self.paulis!r}."
            )
        object.__setattr__(self, "coefficient", coefficient)
        object.__setattr__(self, "sites", sites)

    @property
    def string(self) -> PauliString:
        """Its sites in ascending order, each with its letter."""
        return tuple(sorted(zip(self.sites, self.paulis, strict=True)))

    def to_dict(self) -> dict[str, Any]:
        """Returns the term as a number, a list and a text."""
        return {
            "coefficient": self.coefficient,
            "sites": list(self.sites),
            "paulis": self.paulis,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "PauliTerm":
        """Returns the term that `to_dict` wrote.

        Args:
            content: Mapping with the keys `coefficient`, `sites` and `paulis`.

        Raises:
            ValueError: A key is missing or unknown, or a value is not allowed.
        """
        check_keys("content", content, ("coefficient", "sites", "paulis"))
        return cls(content["coefficient"], content["sites"], content["paulis"])


def multiply_strings(a: PauliString, b: PauliString) -> tuple[int, PauliString]:
    """Returns k and c of a b = i^k c."""
    letters, power = dict(a), 0
    for site, letter in b:
        before = letters.pop(site, None)
        if before is None:
            letters[site] = letter
        elif before != letter:
            letters[site], sign = THIRD[before, letter]
            power += sign
    return power % 4, tuple(sorted(letters.items()))


def masks_of(string: PauliString, n_sites: int) -> tuple[int, int]:
    """Returns the bits that a string flips and the bits that give it a sign."""
    bits = {site: 1 << (n_sites - 1 - site) for site, _ in string}
    flip = sum(bits[site] for site, pauli in string if pauli in "XY")
    sign = sum(bits[site] for site, pauli in string if pauli in "YZ")
    return flip, sign


def check_keys(name: str, content: object, known: tuple[str, ...]) -> None:
    """Checks that a mapping has some keys and no others."""
    if not isinstance(content, Mapping) or set(content) != set(known):
        listed = ", ".join(known)
        raise ValueError(f"Argument `{name}` must have the keys {listed}, but is {content!r}.")
