"""Bars of ratios, one figure for each room that compares with peers or bounds."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmarks.rows import BOUND, LIMIT, PEER, Row
from qtf.figure_style import make_figure, put_legend_below
from reports.figures import write_set

# Room -> name of its figure's file.
FIGURES = {
    "SRU layer": "sru_layer",
    "SRU parallel in time": "parallel_scan",
    "training step": "training_step",
    "rollout": "rollout",
    "generation": "generation",
}
COLORS = {PEER: "tab:blue", BOUND: "tab:orange"}
WORDS = {PEER: "peers", BOUND: "bounds"}
BAR_INCHES = 0.27


def write_figures(rows: Sequence[Row], folder: Path) -> None:
    """Writes every figure as `benchmarks_NAME.png`, from the rows of the last device."""
    drawn = {}
    for room, name in FIGURES.items():
        here = [row for row in rows if row.room == room and row.unit == "ms"]
        here = [row for row in here if row.device == here[-1].device]
        if here:
            drawn[name] = ratio_figure(here)
    write_set(folder, "benchmarks", drawn, whole=False)


def ratio_figure(rows: Sequence[Row]) -> Figure:
    """Draws how long others take, ours being 1, for every piece of work in the rows.

    Peers are longer than ours where we are faster; a bound is shorter than ours.
    """
    rows = [row for row in rows if not row.against.startswith(LIMIT)]
    by_name = {row.name: [other for other in rows if other.name == row.name] for row in rows}
    height = BAR_INCHES * (len(rows) + 2 * len(by_name)) + 1.4
    figure = make_figure(9.0, height, title=f"{rows[0].room}: time over ours")
    axes = figure.subplots()
    labels: list[tuple[float, str]] = []
    ratios, at = [], 0.0
    for name, group in by_name.items():
        # Heads stand among the labels, where no bar and no line passes.
        labels.append((at, name))
        at += 1.0
        for place, row in enumerate(group):
            relative = row.ratio if row.kind == PEER else 1.0 / row.ratio
            axes.barh(at + place, relative - 1.0, left=1.0, color=COLORS[row.kind], height=0.75)
            ratios.append(relative)
            end = max(relative, 1.0)
            axes.text(end, at + place, f" {relative:.3g} ", fontsize=8, va="center", ha="left")
            labels.append((at + place, row.against))
        axes.vlines(1.0, at - 0.5, at + len(group) - 0.5, color="black", linewidth=1.0)
        at += len(group) + 1.0
    _finish(axes, labels, set(by_name), ratios)
    kinds = {row.kind for row in rows}
    entries = {WORDS[kind]: Patch(color=COLORS[kind]) for kind in COLORS if kind in kinds}
    put_legend_below(figure, [], entries=entries)
    return figure


def _finish(
    axes: Axes, labels: Sequence[tuple[float, str]], heads: set[str], ratios: Sequence[float]
) -> None:
    axes.set_xscale("log")
    low, high = min([1.0, *ratios]), max([1.0, *ratios])
    # Room at the right for the numbers.
    axes.set_xlim(low / 1.2, high * max(1.2, (high / low) ** 0.12))
    axes.set_ylim(labels[0][0] - 0.7, labels[-1][0] + 0.7)
    axes.set_yticks(*zip(*labels, strict=True), fontsize=8)
    for tick, (_, text) in zip(axes.yaxis.get_major_ticks(), labels, strict=True):
        if text in heads:
            tick.label1.set_weight("bold")
            tick.tick1line.set_visible(False)
    axes.invert_yaxis()
    axes.set_xlabel("time over ours")
