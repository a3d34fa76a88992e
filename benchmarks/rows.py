"""The rows that all benchmarks write: what took how long, and held against what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.timing import Timings
from qtf.files import read_json, write_json
from qtf.provenance import today, versions
from reports.requirements import Requirement

# What a ratio says. Of a peer, how many times as long as ours it takes; of a bound, which
# nothing can beat, how many times as long as it we take; of memory, how many times as much as
# the other we take.
PEER, BOUND, MEMORY = "times faster than", "times the time of", "times the memory of"
SLOWER = "times slower than"
# How a limit in seconds is called.
LIMIT = "the limit of"


@dataclass(frozen=True)
class Row:
    """One measured ratio.

    Attributes:
        room: What part of the project, such as "rollout".
        name: What was measured.
        value: Median.
        low: Smallest of all runs.
        high: Largest of all runs.
        unit: Unit of these three.
        against: What it is held against; empty for a bare number.
        kind: `PEER`, `BOUND` or `MEMORY`.
        ratio: See `kind`; the median over runs that followed one another.
        limit: What `ratio` must be at least for a peer, at most for the others; None for
            nothing required.
        device: Machine in words.
        versions: Package -> version.
        date: Day of the measurement.
    """

    room: str
    name: str
    value: float
    low: float
    high: float
    unit: str
    against: str
    kind: str
    ratio: float
    limit: float | None = None
    device: str = ""
    versions: Mapping[str, str] | None = None
    date: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the limit is kept; None without one."""
        if self.limit is None:
            return None
        return self.ratio >= self.limit if self.kind == PEER else self.ratio <= self.limit

    @property
    def requirement(self) -> Requirement:
        """The promise beside what was measured."""
        word = "at least" if self.kind == PEER else "at most"
        limit = "" if self.limit is None else f"{word} {number(self.limit)}"
        ratio, kind = self.ratio, self.kind
        if kind == PEER and ratio < 1:
            ratio, kind = 1 / ratio, SLOWER
        measured = f"{number(ratio)} {kind} {self.against}"
        return Requirement(f"{self.room}, {self.name}", measured, self.holds, limit)


def compare(
    room: str,
    name: str,
    ours: Timings,
    against: str,
    theirs: Timings,
    kind: str,
    limit: float | None = None,
) -> Row:
    """Returns the row of two timings that were taken in turns."""
    milliseconds = [1e3 * seconds for seconds in ours.seconds]
    ratio = theirs.over(ours) if kind == PEER else ours.over(theirs)
    return Row(
        room=room,
        name=name,
        value=1e3 * ours.median,
        low=min(milliseconds),
        high=max(milliseconds),
        unit="ms",
        against=against,
        kind=kind,
        ratio=ratio,
        limit=limit,
    )


def compare_memory(
    room: str,
    name: str,
    ours: float,
    against: str,
    theirs: float,
    *,
    limit: float | None = None,
) -> Row:
    """Returns the row of two peaks of memory in MiB."""
    return Row(room, name, ours, ours, ours, "MiB", against, MEMORY, ours / theirs, limit)


def rate(room: str, name: str, amount: float, unit: str, timings: Timings) -> Row:
    """Returns the row of a rate, amount over seconds, held against nothing."""
    values = [amount / seconds for seconds in timings.seconds]
    return Row(
        room=room,
        name=name,
        value=amount / timings.median,
        low=min(values),
        high=max(values),
        unit=unit,
        against="",
        kind=BOUND,
        ratio=1.0,
    )


def constant_limit(room: str, name: str, ours: Timings, limit_seconds: float) -> Row:
    """Returns the row of a timing that must not be longer than a number of seconds."""
    bound = Timings((limit_seconds,) * len(ours.seconds))
    return compare(room, name, ours, f"{LIMIT} {limit_seconds:g} s", bound, BOUND, limit=1.0)


def number(value: float) -> str:
    """Returns three digits, thousands separated, without exponent."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def stamp(rows: Iterable[Row], device: str) -> list[Row]:
    """Returns the rows with device, versions and today's date."""
    return [replace(row, device=device, versions=versions(), date=today()) for row in rows]


def merge(old: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """Returns all rows; new ones take the place of old ones of the same work and peer."""
    return list({_key(row): row for row in (*old, *new)}.values())


def load_rows(path: Path) -> list[Row]:
    """Returns the rows of a file, none if there is no file.

    Raises:
        ValueError: The file holds no JSON.
    """
    return [_row(content) for content in read_json(path)] if path.exists() else []


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Writes the rows, with what they hold."""
    write_json(path, [{**asdict(row), "holds": row.holds} for row in rows])


def _row(content: Mapping[str, Any]) -> Row:
    return Row(**{key: value for key, value in content.items() if key != "holds"})


def _key(row: Row) -> tuple[str, str, str, str]:
    return row.room, row.name, row.against, row.device
