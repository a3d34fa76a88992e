"""Pages of results: numbers of runs, a text around them, figures."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from qtf.files import read_json, read_object, writable_folder, write_atomically, write_json
from reports.figures import put_figure
from reports.provenance import Made
from reports.records import read_record
from reproduce.engine.cases import Case
from reproduce.engine.layout import Layout

if TYPE_CHECKING:
    # Drawing is imported by the pages themselves, which --help does not wait for.
    from matplotlib.figure import Figure

T = TypeVar("T")
# What JSON files hold, before it is read into dataclasses.
Numbers = Mapping[str, Any]


class MissingRunsError(Exception):
    """There is no page without some runs, which the message names."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """What a page is made from.

    Attributes:
        name: Name of `NAME.md` and of `NAME.json`, which holds the numbers.
        results: Dataclass of these numbers.
        collect: Returns the numbers of the runs, `made` not among them.
        text: Returns the page as markdown.
        lines: Yields lines about it for the terminal.
        figures: Yields names and figures, drawn now or files of runs.
        keeps: Key whose entries stay from the page before where no run has new ones; empty for
            pages that hold what was run together.
        dpi: Resolution of the figures.
    """

    name: str
    results: type[T]
    collect: Callable[[Layout], dict[str, Any]]
    text: Callable[[T], str]
    lines: Callable[[T], Iterable[str]] = lambda _: ()
    figures: Callable[[Layout, T], Iterable[tuple[str, "Figure | Path"]]] = lambda *_: ()
    keeps: str = ""
    dpi: float | str = "figure"

    def read(self, docs: Path) -> T:
        """Returns the numbers that the page was last written from."""
        return read_record(self.results, read_object(docs / f"{self.name}.json"))


def measure_runs(
    layout: Layout,
    cases: Iterable[Case],
    file: str,
    measure: Callable[[Case, Path], dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """Returns name -> numbers of each case whose run has written a file.

    Args:
        layout: Where the runs are.
        cases: The cases.
        file: Name of the file in a run folder.
        measure: Returns the numbers of a case from its run folder.
    """
    folders = {case: layout.run(case.name) for case in cases}
    return {
        case.name: measure(case, folder)
        for case, folder in folders.items()
        if (folder / file).exists()
    }


def pick(cases: Iterable[Case], entries: Mapping[str, T]) -> list[tuple[Case, T]]:
    """Returns each case that has an entry, in the order of the cases, with its entry."""
    return [(case, entries[case.name]) for case in cases if case.name in entries]


def write_page(page: Page[T], layout: Layout, *, redraw: bool = False) -> Iterator[str]:
    """Writes page, numbers and figures, and yields lines about them.

    Args:
        page: The page.
        layout: Where the runs are, and where the page goes.
        redraw: Whether the numbers are those of the last time; figures of runs that are not there
            stay as they are.
    """
    docs = layout.docs
    try:
        results = page.read(docs) if redraw else _collect(page, layout)
    except MissingRunsError as error:
        yield str(error)
        return
    for name, figure in page.figures(layout, results):
        put_figure(writable_folder(docs / "figures") / f"{name}.png", figure, dpi=page.dpi)
    target = docs / f"{page.name}.md"
    write_atomically(target, page.text(results))
    yield from page.lines(results)
    yield f"Page: {target}"


def _collect(page: Page[T], layout: Layout) -> T:
    """Writes the numbers of the runs, beside those that stay, and returns all."""
    path = layout.docs / f"{page.name}.json"
    numbers, made = page.collect(layout), Made.now()
    if page.keeps:
        earlier, made = earlier_entries(path, page.keeps, made)
        numbers = {page.keeps: {**earlier, **numbers[page.keeps]}}
    numbers["made"] = asdict(made)
    write_json(path, numbers)
    return page.read(layout.docs)


def earlier_entries(path: Path, key: str, made: Made) -> tuple[Numbers, Made]:
    """Returns the entries that a file of numbers holds already, and when all of it was made.

    Stages that were run elsewhere or long ago so stay on the page, but only those of the same
    machine and versions.

    Args:
        path: The file, which need not exist.
        key: Key of the entries.
        made: Origin of the new ones.
    """
    numbers = read_json(path) if path.exists() else {}
    if "made" not in numbers:
        return {}, made
    earlier = read_record(Made, numbers["made"])
    return (numbers[key], made.join(earlier)) if made.is_like(earlier) else ({}, made)
