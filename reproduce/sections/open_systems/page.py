"""The page `docs/open_system_results.md`."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace

from reports.requirements import Requirement, tally
from reports.sentences import fill_text, list_shortfalls
from reports.tables import table
from reproduce.engine.cases import Case
from reproduce.engine.pages import Page
from reproduce.engine.texts import join_parts, read_parts
from reproduce.sections.open_systems.cases import CASES, ONLY_Z
from reproduce.sections.open_systems.figures import captions, figures
from reproduce.sections.open_systems.results import NAME, OpenSystem, Results, collect

PARTS = read_parts(__file__)


def text(results: Results) -> str:
    """Returns the page as markdown."""
    rows = results.rows()
    head = ["", "X, Y, Z at the end", "exact", "off by", "estimated", "asked for", "", "minutes"]
    origins = _origins(results)
    missing = "; ".join(case.words for case in CASES if case.name not in results.cases)
    pictures = (f"{words}:\n\n![{words}](figures/{name}.png)" for name, words in captions(results))
    page = fill_text(
        PARTS["page"],
        made=results.made.lines(),
        tally=tally(requirement for *_, requirement in rows),
        short=list_shortfalls(requirement for *_, requirement in rows),
        rows=table([*head, "note"], [_row(*row, _note(row[1], origins)) for row in rows]),
    )
    notes = "\n".join(f"- Note {note}: measured on {words}." for words, note in origins.items())
    open_cases = f"Not finished yet: {missing}." if missing else ""
    return join_parts([page, notes, open_cases, *pictures])


def _origins(results: Results) -> dict[str, str]:
    """Returns the note of each other day or machine on which something was measured."""
    made = results.made
    others = [_origin(entry) for _, entry, _ in results.rows() if entry.machine]
    of_page = f"{made.machine}, {made.date}"
    origins = dict.fromkeys(origin for origin in others if origin != of_page)
    return dict(zip(origins, map(str, itertools.count(1)), strict=False))


def _origin(entry: OpenSystem) -> str:
    return f"{entry.machine}, {entry.date}"


def _note(entry: OpenSystem, origins: Mapping[str, str]) -> str:
    return origins.get(_origin(entry), "")


def lines(results: Results) -> Iterator[str]:
    """Yields a line about each run."""
    for *_, requirement in results.rows():
        yield requirement.line


def summary(results: Results) -> Iterator[Requirement]:
    """Yields what the page of all results tells of this one."""
    for _, entry, requirement in results.rows():
        yield replace(requirement, measured=_distance(entry.off_by))


def _row(case: Case, entry: OpenSystem, requirement: Requirement, note: str) -> list[str]:
    off_by, estimated = _distance(entry.off_by), entry.estimated_distance
    exact = ", ".join(map(_format, (entry.exact_x, entry.exact_y, entry.exact_z)))
    if case.measure == ONLY_Z:
        off_by = f"{_distance(entry.distance)}; ⟨Z⟩ off by {off_by}"
    return [
        case.words,
        ", ".join(map(_format, (entry.x, entry.y, entry.z))),
        f"{exact}{_of_trajectories(entry.reference_error)}",
        off_by,
        "" if estimated is None else _distance(estimated),
        requirement.limit,
        requirement.cell,
        f"{entry.minutes:.1f}",
        note,
    ]


def _of_trajectories(error: float | None) -> str:
    return "" if error is None else f" +- {error:.1e}"


def _distance(value: float) -> str:
    return f"{value:.4f}" if value >= 1e-3 else f"{value:.1e}"


def _format(value: float) -> str:
    # Zero has no sign.
    return f"{round(value, 4) + 0.0:.4f}"


PAGE = Page(NAME, Results, collect, text, lines, figures, dpi=150)
