"""The page `docs/growth_results.md`."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from qtf.physics import HamiltonianSettings
from reports.requirements import Requirement
from reports.tables import table
from reproduce.engine.cases import Case
from reproduce.engine.layout import Layout
from reproduce.engine.pages import Page, pick
from reproduce.engine.texts import join_parts, read_parts
from reproduce.searches.limits import ERROR
from reproduce.searches.rows import TableRow, row_of
from reproduce.searches.sentences import (
    describe_reached,
    describe_samples,
    describe_size,
    describe_sizes_to_come,
    describe_verdict,
)
from reproduce.sections.growth.cases import BACK_UNDER, CASES
from reproduce.sections.growth.results import Growth, Results, Size, collect
from trainers.ground_state.growth.report import bulk_line
from trainers.ground_state.growth.rows import AVERAGED, BEFORE_IT, Row

NAME = "growth_results"
NO_BULK = "There are too few sizes for the energy of the infinite lattice."
FIGURES = ("relative_error", "retraining")
PARTS = read_parts(__file__)


def text(results: Results) -> str:
    """Returns the page as markdown."""
    pairs = pick(CASES, results.growths)
    page = PARTS["page"].format(
        made=results.made.lines(),
        tally=describe_verdict([each for _, growth in pairs for each in growth.requirements]),
        reached="\n".join(_reached(*pair) for pair in pairs),
        back_under=BACK_UNDER,
    )
    return join_parts([page, *(_part(*pair) for pair in pairs)])


def lines(results: Results) -> Iterator[str]:
    """Yields a line about each size and requirement."""
    for case, growth in pick(CASES, results.growths):
        for row in (size.row for size in growth.rows):
            error = _error(row, "")
            yield f"{case.name} {row.size}: {error} after {row.n_steps} minibatches"
        for limited in growth.requirements:
            requirement = limited.requirement
            verdict, words = requirement.verdict, f"{case.name}: {limited.words}"
            yield f"{verdict:<12} {words}, {limited.where}, {requirement.measured}"


def summary(results: Results) -> Iterator[Requirement]:
    """Yields what the page of all results tells of this one: the errors."""
    for name, growth in results.growths.items():
        for limited in growth.requirements:
            if limited.key.startswith(ERROR) and limited.found is not None:
                words = f"growing Heisenberg {name}, {limited.words}, {limited.where}"
                yield replace(limited.requirement, words=words)


def table_rows(results: Results) -> Iterator[TableRow]:
    """Yields the rows of the table of all ground states."""
    for growth in results.growths.values():
        if growth.hamiltonian is None:
            continue
        hamiltonian, minutes = HamiltonianSettings.from_mapping(growth.hamiltonian), 0.0
        for size in growth.rows:
            minutes += size.minutes or 0.0
            yield row_of(
                size.row,
                hamiltonian,
                n_weights=growth.n_weights,
                minutes=minutes,
                machine=results.made.machine,
                date=results.made.date,
            )


def figures(layout: Layout, results: Results) -> Iterator[tuple[str, Path]]:
    """Yields the figures that the growths have drawn."""
    for name in results.growths:
        for figure in FIGURES:
            yield f"growth_{name}_{figure}", layout.run(name) / f"{figure}.png"


def _part(case: Case, growth: Growth) -> str:
    bulk = growth.bulk
    return PARTS["growth"].format(
        name=case.name,
        title=case.words,
        command=case.command,
        samples=_samples(growth),
        rows=_rows(growth),
        requirements=table(
            ["", "of", "found", "asked for", ""], [each.cells for each in growth.requirements]
        ),
        bulk=NO_BULK if bulk is None else f"{bulk_line(bulk).replace('+-', '±')}.",
    )


def _reached(case: Case, growth: Growth) -> str:
    last = growth.rows[-1].row
    minutes = [size.minutes for size in growth.rows]
    averaged = last.relative_error_with_symmetries is not None
    size, hamiltonian = last.size, growth.hamiltonian
    return describe_reached(
        case.words,
        f"size {size}" if hamiltonian is None else describe_size(size, hamiltonian),
        None if None in minutes else sum(filter(None, minutes)),
        error=_error(last, AVERAGED if averaged else ""),
        averaged=averaged,
    )


def _samples(growth: Growth) -> str:
    averaged = any(size.row.energy_with_symmetries is not None for size in growth.rows)
    sentences = [
        describe_samples(
            (size.row.n_evaluation for size in growth.rows),
            (growth.averages or (growth.n_averages,)) if averaged else (),
        ),
        describe_sizes_to_come(growth.sizes_to_come),
    ]
    return " ".join(filter(None, sentences))


def _rows(growth: Growth) -> str:
    head = ["size", "minibatches", "samples of each", "energy per site", "reference per site"]
    errors = ["error", "error with symmetries", "error before"]
    head += [*errors, f"minibatches to {BACK_UNDER:.0e}", "minutes"]
    return table(head, map(_row, growth.rows))


def _row(size: Size) -> list[str]:
    row = size.row
    return [
        str(row.size),
        f"{row.n_steps}+{row.n_symmetric_steps}" if row.n_symmetric_steps else str(row.n_steps),
        str(row.n_samples),
        f"{row.energy / row.n_sites:.7f} ± {row.energy_error / row.n_sites:.0e}",
        _reference(row),
        *(_error(row, suffix) for suffix in ("", AVERAGED, BEFORE_IT)),
        "" if size.minibatches_until_back is None else str(size.minibatches_until_back),
        "" if size.minutes is None else f"{size.minutes:.1f}",
    ]


def _reference(row: Row) -> str:
    if row.reference_energy is None:
        return ""
    kind = f"{row.reference_kind}: " if row.reference_kind else ""
    return f"{row.reference_energy / row.n_sites:.7f} ({kind}{row.reference_source})"


def _error(row: Row, suffix: str) -> str:
    error, bar = row.error(suffix)
    return "" if error is None else f"{error:.1e} ± {bar:.0e}"


PAGE = Page(NAME, Results, collect, text, lines, figures, keeps="growths")
