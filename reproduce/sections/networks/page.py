"""The page `docs/networks_results.md`."""

import functools
from collections.abc import Iterator

from matplotlib.figure import Figure

from qtf.figure_style import add_grid, make_figure, put_legend_below
from reports.tables import table
from reproduce.engine.layout import Layout
from reproduce.engine.pages import Page
from reproduce.engine.texts import read_parts
from reproduce.searches.cells import number, with_bar
from reproduce.searches.results import Results, Size, collect
from reproduce.searches.rows import rows_of
from reproduce.sections.networks.cases import GROWTHS, MINUTES, SHARED

PARTS = read_parts(__file__)


def _trained(results: Results) -> list[tuple[str, Size]]:
    """Returns words and numbers of the networks that have been trained."""
    found = ((g.case.words, results.growths[g.case.name].sizes) for g in GROWTHS)
    return [(words, sizes[-1]) for words, sizes in found if sizes]


def _text(results: Results) -> str:
    trained = _trained(results)
    case = GROWTHS[0].case
    machines = dict.fromkeys(f"{size.machine} ({size.date})" for _, size in trained)
    missing = [g.case.words for g in GROWTHS if not results.growths[g.case.name].sizes]
    machine = f" The trainings ran on {'; '.join(machines)}." if machines else ""
    if machines and missing:
        machine += f" Not run yet: {'; '.join(missing)}."
    flags = [
        [g.case.words, " ".join(f"`{flag}`" for flag in g.case.flags if flag not in SHARED)]
        for g in GROWTHS
    ]
    return (
        PARTS["page"].format(
            machine=machine,
            minutes=MINUTES,
            best=_best(trained),
            measured=_measured(trained),
            command=f"python -m {case.module} --config={case.config} {' '.join(SHARED)}",
            flags=table(["network", "flags"], flags, right=()),
        )
        + "\n"
    )


def _measured(trained: list[tuple[str, Size]]) -> str:
    if not trained:
        return "The table and the figure appear here as soon as one of them is trained."
    return PARTS["measured"].format(rows=_rows(trained))


def _rows(trained: list[tuple[str, Size]]) -> str:
    head = ["network", "weights", "minibatches", "error", "error averaged"]
    rows = [
        [
            words,
            f"{size.n_weights:,}",
            str(size.n_steps),
            with_bar(size.relative_error, size.relative_error_bar),
            with_bar(size.relative_error_with_symmetries, size.relative_error_bar_with_symmetries),
            number(size.v_score, ".1e"),
            number(size.v_score_with_symmetries, ".1e"),
            f"{size.minutes:.1f}",
        ]
        for words, size in trained
    ]
    return table([*head, "V-score", "V-score averaged", "minutes"], rows)


def _best(trained: list[tuple[str, Size]]) -> str:
    if not trained:
        return "None of them has been trained yet."
    words, size = min(trained, key=lambda pair: pair[1].v_score)
    return f"The smallest V-score, {size.v_score:.1e}, is that of {words}, as it was trained."


def _lines(results: Results) -> Iterator[str]:
    for words, size in _trained(results):
        error = with_bar(size.relative_error, size.relative_error_bar)
        yield f"{words}: {error}, V-score {size.v_score:.1e}"


def _figures(layout: Layout, results: Results) -> Iterator[tuple[str, Figure]]:
    trained = [(words, size) for words, size in _trained(results) if size.curve]
    if trained:
        yield "networks_minutes", minutes_figure(trained)


def minutes_figure(trained: list[tuple[str, Size]]) -> Figure:
    """Draws relative errors and V-scores of validations against minutes.

    Args:
        trained: Words and numbers of each network.
    """
    side = trained[0][1].size
    title = f"Open Heisenberg square, {side} x {side}, from random weights"
    figure = make_figure(9.0, 4.8, title=title)
    errors, scores = figure.subplots(1, 2)
    for place, (words, size) in enumerate(trained):
        minutes = [point.minutes for point in size.curve]
        style = {"color": f"C{place % 10}", "marker": ".", "label": words}
        # A logarithm has no place for what is not positive.
        found = [max(point.relative_error, 0.0) or float("nan") for point in size.curve]
        errors.plot(minutes, found, **style)
        found = [point.v_score or float("nan") for point in size.curve]
        scores.plot(minutes, found, **style)
    for panel, label in ((errors, "relative error of the energy"), (scores, "V-score")):
        panel.set_yscale("log")
        panel.set_xlabel("training [minutes]")
        panel.set_ylabel(label)
        add_grid(panel)
    put_legend_below(figure)
    return figure


PAGE = Page(
    "networks_results",
    Results,
    functools.partial(collect, section="networks", growths=GROWTHS),
    _text,
    _lines,
    _figures,
)
table_rows = rows_of
