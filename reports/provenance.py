"""On what machine, when and with what versions a page of numbers was made."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from qtf import provenance

TO = " to "
# In the order in which pages name them.
PACKAGES = ("python", *provenance.PACKAGES)


@dataclass(frozen=True)
class Made:
    """Origin of numbers.

    Attributes:
        date: A day, or the first and the last one.
        machine: Processor, cores, memory and system in words.
        versions: Package -> version.
    """

    date: str
    machine: str
    versions: Mapping[str, str]

    @classmethod
    def now(cls) -> Self:
        """Returns the origin of what is measured now."""
        return cls(provenance.today(), provenance.machine(), provenance.versions())

    def is_like(self, other: Self) -> bool:
        """Tells whether machine and versions are the same, so that numbers go together."""
        return (self.machine, self.versions) == (other.machine, other.versions)

    def join(self, earlier: Self) -> Self:
        """Returns the origin of numbers of both, which are alike."""
        first = earlier.date.split(TO)[0]
        return self if first == self.date else replace(self, date=f"{first}{TO}{self.date}")

    def lines(self) -> str:
        """Returns a list in markdown."""
        names = sorted(self.versions, key=lambda name: (PACKAGES + (name,)).index(name))
        versions = ", ".join(f"{name} {self.versions[name]}" for name in names)
        return f"- Machine: {self.machine}\n- Date: {self.date}\n- Versions: {versions}"
