"""The page `docs/full_scale.md` and its numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qtf.files import read_object
from reports.provenance import Made
from reports.sentences import fill_text
from reports.tables import table
from reproduce.engine.cases import Case
from reproduce.engine.layout import Layout
from reproduce.engine.pages import Page, pick
from reproduce.engine.texts import join_parts, read_parts
from reproduce.sections.full_scale.cases import CASES, measurement

NAME = "full_scale"
HEAD = (
    "",
    "steps",
    "seconds to the first",
    "seconds a further one",
    "steps after resuming",
    "GiB of memory",
)
PARTS = read_parts(__file__)


@dataclass(frozen=True)
class Part:
    """What was seen of one start; seconds of a further step are None without one."""

    n_steps: int
    seconds_to_first_step: float
    seconds_a_step: float | None
    peak_gib: float


@dataclass(frozen=True)
class Tried:
    """What was seen of a configuration, and the command as a user would type it."""

    parts: tuple[Part, ...]
    command: str


@dataclass(frozen=True)
class Results:
    """Numbers of the page, by the names of cases."""

    made: Made
    cases: Mapping[str, Tried]

    def rows(self) -> list[tuple[Case, Tried]]:
        """Returns each case that was tried."""
        return pick(CASES, self.cases)


def collect(layout: Layout) -> dict[str, Any]:
    """Returns the numbers of all configurations that were tried."""
    paths = {case: measurement(layout, case) for case in CASES}
    return {
        "cases": {
            case.name: {**read_object(path), "command": case.command}
            for case, path in paths.items()
            if path.exists()
        }
    }


def text(results: Results) -> str:
    """Returns the page as markdown."""
    rows = results.rows()
    page = fill_text(
        PARTS["page"],
        made=results.made.lines(),
        n_tried=len(rows),
        n_cases=len(CASES),
        n_resumed=sum(len(tried.parts) > 1 for _, tried in rows),
        missing=_missing(results),
        rows=table(HEAD, [_row(*row) for row in rows]),
        commands="\n".join(f"- {case.words}: `{tried.command}`" for case, tried in rows),
    )
    return join_parts([page])


def _missing(results: Results) -> str:
    words = [case.words for case in CASES if case.name not in results.cases]
    return f"Not tried yet: {'; '.join(words)}." if words else ""


def lines(results: Results) -> Iterator[str]:
    """Yields a line about each configuration."""
    for row in results.rows():
        cells = zip(HEAD, _row(*row), strict=True)
        yield ", ".join(f"{name} {cell}" if name else cell for name, cell in cells)


def _row(case: Case, tried: Tried) -> list[str]:
    start, *further = tried.parts
    return [
        case.words,
        str(start.n_steps),
        f"{start.seconds_to_first_step:.0f}",
        "" if start.seconds_a_step is None else f"{start.seconds_a_step:.1f}",
        str(further[0].n_steps) if further else "not tried",
        f"{max(part.peak_gib for part in tried.parts):.1f}",
    ]


PAGE = Page(NAME, Results, collect, text, lines, keeps="cases")
