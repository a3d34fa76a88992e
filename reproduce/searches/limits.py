"""What has to hold of the sizes of a growth, and whether it does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.requirements import Requirement, keeps

EVERY, FIRST, FURTHER = "every size", "the first size", "every enlargement"
INFINITE = "the infinite lattice"
ERROR, SYMMETRIC = "relative_error", "relative_error_with_symmetries"
MINUTES, TOTAL_MINUTES = "minutes", "total_minutes"
# Of what is made of the numbers of a size, see `reproduce.searches.results`.
AVERAGED_SCORE, ABOVE = "v_score_with_symmetries", "above_reference"
MAGNETIZATION, ABS_OFF, BULK_OFF = "magnetization_in_errors", "abs_magnetization_off", "bulk_off"
MINIBATCHES = "minibatches_until_back"
NEVER = "not reached"
# Numbers that are shown without an exponent.
WHOLE = (MINUTES, TOTAL_MINUTES, MINIBATCHES)


@dataclass(frozen=True)
class Limit:
    """Largest value of a number of some sizes.

    Attributes:
        words: What is limited.
        key: Its key in the row of a size.
        limit: The value.
        sizes: `EVERY`, `FIRST`, `FURTHER`, `INFINITE`, or one size.
    """

    words: str
    key: str
    limit: float
    sizes: str | int = EVERY


@dataclass(frozen=True, kw_only=True)
class LimitedNumber(Limit):
    """The largest of some numbers beside its limit.

    Attributes:
        found: Largest value, `NEVER`, or None where it is unknown.
        holds: Whether it keeps the limit.
    """

    found: float | str | None
    holds: bool

    @property
    def where(self) -> str:
        """The sizes in words."""
        return self.sizes if isinstance(self.sizes, str) else f"size {self.sizes}"

    @property
    def requirement(self) -> Requirement:
        """The limit as pages have it."""
        form = ".0f" if self.key in WHOLE else ".1e"
        measured = "unknown" if self.found is None else self.found
        return Requirement(
            self.words,
            measured if isinstance(measured, str) else format(measured, form),
            self.holds,
            limit=self._limit_in_words(form.replace("1", "0")),
        )

    def _limit_in_words(self, form: str) -> str:
        short = format(self.limit, form)
        return short if float(short) == self.limit else format(self.limit, form.replace("0", "1"))

    @property
    def cells(self) -> list[str]:
        """Its row of a table: what, where, found, asked for, verdict."""
        requirement = self.requirement
        numbers = [requirement.measured, requirement.limit, requirement.cell]
        return [self.words, self.where, *numbers]


def judge(
    limit: Limit, rows: Sequence[Mapping[str, Any]], infinite: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Returns the largest value beside its limit, as a mapping of `LimitedNumber`.

    What is unknown or never reached at a size does not hold.

    Args:
        limit: The limit.
        rows: Numbers of each size, in their order.
        infinite: Numbers of the infinite lattice.
    """
    groups: dict[str | int, Sequence[Mapping[str, Any]]] = {row["size"]: [row] for row in rows}
    groups |= {EVERY: rows, FIRST: rows[:1], FURTHER: rows[1:]}
    groups[INFINITE] = [] if infinite is None else [infinite]
    values = [row[limit.key] for row in groups.get(limit.sizes, ())]
    if NEVER in values:
        return {**vars(limit), "found": NEVER, "holds": False}
    worst = None if None in values else max(values, default=None)
    return {**vars(limit), "found": worst, "holds": keeps(worst, limit.limit)}
