"""Pages of growths that are kept."""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from qtf.figure_style import add_grid, make_figure, ordered_colors, put_legend_below
from qtf.physics import LATTICES, HamiltonianSettings
from reports.requirements import Requirement
from reports.sentences import fill_text
from reports.tables import table
from reproduce.engine.layout import Layout
from reproduce.engine.pages import Page
from reproduce.engine.texts import join_parts, read_parts
from reproduce.searches.cells import number, with_bar
from reproduce.searches.growths import GrowthCase
from reproduce.searches.limits import ABOVE, ERROR, SYMMETRIC
from reproduce.searches.results import Grown, Results, Size, collect
from reproduce.searches.sentences import (
    describe_reached,
    describe_samples,
    describe_size,
    describe_sizes_to_come,
    describe_verdict,
)

PARTS = read_parts(__file__)
# Points of a curve that the page prints.
N_POINTS = 6
# Keys of limits of relative errors.
ERRORS = (ERROR, SYMMETRIC, ABOVE)


def make_page(section: str, growths: Sequence[GrowthCase], module_file: str) -> Page[Results]:
    """Returns the page `SECTION_results` of growths.

    Args:
        section: Name of the section.
        growths: Its growths.
        module_file: `__file__` of the module beside whose `page.md` its part `page` is, with a
            fields {tally}, {reached} and {reading}.
    """
    introduction = read_parts(module_file)["page"]

    def text(results: Results) -> str:
        pairs = [(g, results.growths[g.case.name]) for g in growths]
        page = introduction.format(
            tally=describe_verdict([each for _, grown in pairs for each in grown.requirements]),
            reached="\n".join(_reached(growth.case.words, grown) for growth, grown in pairs),
            reading=PARTS["reading"],
        )
        parts = [_part(section, growth, grown) for growth, grown in pairs]
        return join_parts([page, *parts])

    return Page(
        f"{section}_results",
        Results,
        functools.partial(collect, section=section, growths=growths),
        text,
        functools.partial(_lines, growths),
        functools.partial(_figures, section, growths),
    )


def summarize(results: Results, growths: Sequence[GrowthCase]) -> Iterator[Requirement]:
    """Yields what the page of all results tells of growths: errors of the sizes that are there."""
    for growth in growths:
        for limited in results.growths[growth.case.name].requirements:
            if limited.key in ERRORS and limited.found is not None:
                words = f"{growth.case.words}, {limited.words}, {limited.where}"
                requirement = limited.requirement
                yield Requirement(
                    words, requirement.measured, requirement.holds, limit=requirement.limit
                )


def _lines(growths: Sequence[GrowthCase], results: Results) -> Iterator[str]:
    for growth in growths:
        grown = results.growths[growth.case.name]
        for size in grown.sizes:
            error = with_bar(size.relative_error, size.relative_error_bar)
            yield f"{growth.case.words} {size.size}: {error} after {size.n_steps} minibatches"
        for limited in grown.requirements:
            verdict = limited.requirement.verdict
            words = f"{growth.case.words}: {limited.words}, {limited.where}"
            yield f"{verdict:<12} {words}, {limited.requirement.measured}"


def _part(section: str, growth: GrowthCase, grown: Grown) -> str:
    head = ["", "of", "found", "asked for", ""]
    return fill_text(
        PARTS["growth"],
        title=growth.case.words,
        command=grown.command,
        state=_state(grown),
        rows=_rows(grown) if grown.sizes else "",
        bulk=_bulk(grown),
        magnetizations=_magnetizations(growth, grown),
        published=_published(grown),
        curves=_curves(f"figures/{_figure_name(section, growth)}.png", grown),
        requirements=table(head, [each.cells for each in grown.requirements]),
    )


def _reached(words: str, grown: Grown) -> str:
    if grown.hamiltonian is None or not grown.sizes:
        return f"- {words}: nothing has been trained yet."
    last = grown.sizes[-1]
    return describe_reached(
        words,
        describe_size(last.size, grown.hamiltonian),
        last.total_minutes,
        error=with_bar(*last.best_error),
        averaged=last.relative_error_with_symmetries is not None,
    )


def _state(grown: Grown) -> str:
    if not grown.sizes:
        return "It has not been run yet."
    averaged = any(size.energy_with_symmetries is not None for size in grown.sizes)
    sentences = [
        describe_samples(
            (size.n_evaluation for size in grown.sizes), [grown.n_averages] if averaged else []
        )
    ]
    weights = sorted({size.n_weights for size in grown.sizes if size.n_weights})
    if weights:
        sentences.append(f"The network has {' or '.join(f'{n:,}' for n in weights)} weights.")
    sentences.append(describe_sizes_to_come(grown.sizes_to_come))
    machines = dict.fromkeys(f"{size.machine} ({size.date})" for size in grown.sizes)
    sentences.append(f"It ran on {'; '.join(machines)}.")
    return " ".join(filter(None, sentences))


def _rows(grown: Grown) -> str:
    head = ["size", "minibatches", "samples of each", "energy per site", "averaged"]
    head += ["reference per site", "error", "error averaged", "V-score", "V-score averaged"]
    return table([*head, "minutes", "minutes in all"], map(_row, grown.sizes))


def _row(size: Size) -> list[str]:
    n = size.n_sites
    return [
        str(size.size),
        str(size.n_steps),
        _samples(size),
        _energy(size.energy, size.energy_error, n),
        _energy(size.energy_with_symmetries, size.energy_error_with_symmetries, n),
        _reference(size),
        with_bar(size.relative_error, size.relative_error_bar),
        with_bar(size.relative_error_with_symmetries, size.relative_error_bar_with_symmetries),
        f"{size.v_score:.1e}",
        number(size.v_score_with_symmetries, ".1e"),
        number(size.minutes, ".1f"),
        number(size.total_minutes, ".0f"),
    ]


def _samples(size: Size) -> str:
    most = size.n_samples_at_end
    return f"{size.n_samples}" + ("" if most is None else f" to {most}")


def _reference(size: Size) -> str:
    if size.reference_energy is None:
        return ""
    source = f"{size.reference_kind}: {size.reference_source}"
    return f"{size.reference_energy / size.n_sites:.7f} ({source})"


def _bulk(grown: Grown) -> str:
    if grown.bulk_energy is None:
        return ""
    bar = "" if grown.bulk_error is None else f" ± {grown.bulk_error:.0e}"
    known = grown.known_bulk_energy
    beside = "" if known is None else f"; the known energy is {known:.7f}"
    return (
        f"A fit to these sizes gives {grown.bulk_energy:.7f}{bar} per site for the infinite"
        f" lattice{beside}."
    )


def _magnetizations(growth: GrowthCase, grown: Grown) -> str:
    if growth.abs_magnetization is None or not grown.sizes:
        return ""
    at, known, who = growth.abs_magnetization
    rows = [
        [
            str(size.size),
            f"{size.magnetization:.4f} ± {size.magnetization_error or 0.0:.0e}",
            f"{size.abs_magnetization:.5f}",
            f"{known:.5f}" if size.size == at else "",
        ]
        for size in grown.sizes
        if size.magnetization is not None and size.abs_magnetization is not None
    ]
    return table(["size", "mean Z", "mean of abs(mean Z)", f"the same, {who}"], rows)


def _published(grown: Grown) -> str:
    rows = [
        [
            str(size.size),
            entry.method,
            f"{entry.energy_per_site:.7f}" + (f" ± {entry.error:.0e}" if entry.error else ""),
            entry.kind,
            entry.source,
            _distance(size, entry.energy_per_site),
        ]
        for size in grown.sizes
        for entry in size.published
    ]
    if not rows:
        return ""
    averaged = any(size.energy_with_symmetries is not None for size in grown.sizes)
    which = (
        "averaged over symmetries where that was measured"
        if averaged
        else "not averaged over symmetries"
    )
    head = ["size", "found by", "energy", "kind", "source", "ours above it"]
    return PARTS["published"].format(which=which, rows=table(head, rows, right=(0, 2, 5)))


def _distance(size: Size, energy_per_site: float) -> str:
    energy, bar = (value / size.n_sites for value in size.best)
    scale = abs(energy_per_site)
    return f"{(energy - energy_per_site) / scale:.1e} ± {bar / scale:.0e}"


def _curves(figure: str, grown: Grown) -> str:
    sizes = [size for size in grown.sizes if size.curve]
    if not sizes:
        return ""
    rows = []
    for size in sizes:
        last = len(size.curve) - 1
        places = sorted({round(k * last / (N_POINTS - 1)) for k in range(N_POINTS)})
        points = [size.curve[place] for place in places]
        shown = [f"{point.minutes:.1f}: {point.relative_error:.1e}" for point in points]
        rows.append([str(size.size), *shown, *[""] * (N_POINTS - len(shown))])
    return PARTS["curves"].format(rows=table(["size", *[""] * N_POINTS], rows), figure=figure)


def _figure_name(section: str, growth: GrowthCase) -> str:
    return f"{section}_{growth.case.name}_minutes"


def _figures(
    section: str, growths: Sequence[GrowthCase], layout: Layout, results: Results
) -> Iterator[tuple[str, Figure | Path]]:
    for growth in growths:
        grown = results.growths[growth.case.name]
        if grown.hamiltonian and any(size.curve for size in grown.sizes):
            settings = HamiltonianSettings.from_mapping(grown.hamiltonian)
            yield _figure_name(section, growth), minutes_figure(grown.sizes, settings)


def minutes_figure(sizes: Sequence[Size], hamiltonian: HamiltonianSettings) -> Figure:
    """Draws the relative errors of validations against the minutes of the whole growth.

    Args:
        sizes: Numbers of each size.
        hamiltonian: The Hamiltonian; its size does not matter.
    """
    title = f"{hamiltonian.describe(with_size=False)}, growing"
    figure = make_figure(6.4, 4.8, title=title)
    panel = figure.subplots()
    drawn = [size for size in sizes if size.curve]
    for color, size in zip(ordered_colors(len(drawn)), drawn, strict=True):
        before = (size.total_minutes or 0.0) - (size.minutes or 0.0)
        minutes = [before + point.minutes for point in size.curve]
        # A logarithm has no place for zero.
        errors = [point.relative_error or float("nan") for point in size.curve]
        panel.plot(minutes, errors, color=color, marker=".", label=f"{size.size}")
    panel.set_yscale("log")
    panel.set_xlabel("training of all sizes up to here [minutes]")
    panel.set_ylabel("relative error of the energy")
    add_grid(panel)
    put_legend_below(figure, title=LATTICES[hamiltonian.lattice_kind].SIZE_NAME)
    return figure


def _energy(energy: float | None, bar: float | None, n_sites: int) -> str:
    return "" if energy is None else f"{energy / n_sites:.7f} ± {(bar or 0.0) / n_sites:.0e}"
