"""The page `docs/open_system_results.md`."""

from collections.abc import Iterator
from dataclasses import replace

from reports.requirements import Requirement, tally
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
    missing = "; ".join(case.words for case in CASES if case.name not in results.cases)
    pictures = (f"{words}:\n\n![{words}](figures/{name}.png)" for name, words in captions(results))
    page = PARTS["page"].format(
        made=results.made.lines(),
        tally=tally(requirement for *_, requirement in rows),
        rows=table(head, [_row(*row) for row in rows]),
    )
    open_cases = f"Not finished yet: {missing}." if missing else ""
    return join_parts([page, *_origins(results), open_cases, *pictures])


def _origins(results: Results) -> Iterator[str]:
    """Yields what was measured at another time or on another machine than the page says."""
    made = results.made
    origins: dict[str, list[str]] = {}
    for case, entry, _ in results.rows():
        if entry.machine and (entry.machine, entry.date) != (made.machine, made.date):
            origins.setdefault(f"{entry.machine}, {entry.date}", []).append(case.words)
    for origin, words in origins.items():
        yield f"Measured on {origin}: {'; '.join(words)}."


def lines(results: Results) -> Iterator[str]:
    """Yields a line about each run."""
    for *_, requirement in results.rows():
        yield requirement.line


def summary(results: Results) -> Iterator[Requirement]:
    """Yields what the page of all results tells of this one."""
    for _, entry, requirement in results.rows():
        yield replace(requirement, measured=_distance(entry.off_by))


def _row(case: Case, entry: OpenSystem, requirement: Requirement) -> list[str]:
    off_by, estimated = _distance(entry.off_by), entry.estimated_distance
    exact = ", ".join(map(_format, (entry.exact_x, entry.exact_y, entry.exact_z)))
    if case.measure == ONLY_Z:
        off_by = f"{_distance(entry.distance)}; <Z> off by {off_by}"
    return [
        case.words,
        ", ".join(map(_format, (entry.x, entry.y, entry.z))),
        f"{exact}{_of_trajectories(entry.reference_error)}",
        off_by,
        "" if estimated is None else _distance(estimated),
        requirement.limit,
        requirement.cell,
        f"{entry.minutes:.1f}",
    ]


def _of_trajectories(error: float | None) -> str:
    return "" if error is None else f" +- {error:.1e}"


def _distance(value: float) -> str:
    return f"{value:.4f}" if value >= 1e-3 else f"{value:.1e}"


def _format(value: float) -> str:
    # Zero has no sign.
    return f"{round(value, 4) + 0.0:.4f}"


PAGE = Page(NAME, Results, collect, text, lines, figures, dpi=150)
