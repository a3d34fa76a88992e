"""Cases beside plain fits: what one draw comes to, what all draws come to, what has to hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.requirements import Requirement

Numbers = Mapping[str, float]


@dataclass(frozen=True)
class Limit:
    """What one number has to be.

    Attributes:
        key: Key of the number.
        words: What it is, for tables.
        most: Largest value, or None.
        least: Smallest value, or None.
        unit: What stands behind it in tables.
        form: How it is written.
    """

    key: str
    words: str
    most: float | None = None
    least: float | None = None
    unit: str = ""
    form: str = ".3g"

    def requirement(self, numbers: Numbers) -> Requirement:
        """Returns the requirement beside what was measured."""
        value, rules = numbers[self.key], []
        if self.least is not None:
            rules.append((value >= self.least, f"at least {self.least:g}{self.unit}"))
        if self.most is not None:
            rules.append((value <= self.most, f"at most {self.most:g}{self.unit}"))
        holds = all(rule[0] for rule in rules) if rules else None
        limit = ", ".join(rule[1] for rule in rules)
        return Requirement(self.words, f"{value:{self.form}}{self.unit}", holds, limit)


@dataclass(frozen=True)
class FurtherCase:
    """A kind of experiment with numbers of its own.

    Attributes:
        name: Name of its stage.
        words: Its name in tables.
        n_draws: Number of draws.
        minutes: Expected duration on two cores.
        draw: Returns what came out of the draw of a number; it can be written as JSON.
        summarise: Returns the numbers of all draws.
        limits: What has to hold of them.
    """

    name: str
    words: str
    n_draws: int
    minutes: float
    draw: Callable[[int], dict[str, Any]]
    summarise: Callable[[Sequence[dict[str, Any]]], dict[str, float]]
    limits: tuple[Limit, ...]

    def requirements(self, numbers: Numbers) -> list[Requirement]:
        """Returns what has to hold, beside what was measured."""
        return [limit.requirement(numbers) for limit in self.limits]
