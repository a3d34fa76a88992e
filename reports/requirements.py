"""What must hold, and the words in which pages and commands say whether it does."""

from collections.abc import Iterable
from dataclasses import dataclass

HOLDS, FALLS_SHORT = "holds", "falls short"


@dataclass(frozen=True)
class Requirement:
    """One requirement beside what was measured.

    Attributes:
        words: What must hold, or what was measured.
        measured: Value in words.
        holds: Whether it is met; None where nothing is required.
        limit: Limit in words; empty where the words name it.
    """

    words: str
    measured: str
    holds: bool | None
    limit: str = ""

    @property
    def cell(self) -> str:
        """The verdict in a table; empty where nothing is required."""
        return {None: "", True: HOLDS, False: f"**{FALLS_SHORT}**"}[self.holds]

    @property
    def verdict(self) -> str:
        """The verdict on the terminal; empty where nothing is required."""
        return {None: "", True: HOLDS, False: FALLS_SHORT.upper()}[self.holds]

    @property
    def line(self) -> str:
        """The line on the terminal; what nothing is required of was merely run."""
        return f"{self.verdict or 'run':<12} {self.words}: {self.measured}"


def tally(requirements: Iterable[Requirement], noun: str = "requirements") -> str:
    """Returns how many of them hold, in words.

    Args:
        requirements: Requirements, of which those with a verdict count.
        noun: Their name.

    Example:
        >>> tally([Requirement("a", "1", True), Requirement("b", "2", None)])
        '1 of 1 requirements hold'
    """
    verdicts = [asked.holds for asked in requirements if asked.holds is not None]
    return f"{sum(verdicts)} of {len(verdicts)} {noun} hold"


def keeps(value: float | None, limit: float | None) -> bool | None:
    """Returns whether a value is at most a limit; what is unknown keeps none.

    Args:
        value: Measured value, None where it is unknown or not finite.
        limit: Largest value, None where nothing is required.
    """
    if limit is None:
        return None
    return value is not None and value <= limit
