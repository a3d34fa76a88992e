"""Bars of ratios, one figure for each room that compares with peers or bounds."""

import io
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.rows import BOUND, LIMIT, PEER, Row
from qtf.files import write_atomically

# Room -> name of its figure's file.
FIGURES = {
    "SRU layer": "sru_layer",
    "SRU parallel in time": "parallel_scan",
    "training step": "training_step",
    "rollout": "rollout",
    "generation": "generation",
}
PREFIX = "benchmarks_"
COLORS = {PEER: "tab:blue", BOUND: "tab:orange"}
BAR_INCHES = 0.27


def write_figures(rows: Sequence[Row], folder: Path) -> None:
    """Writes every figure as `benchmarks_NAME.png`, from the rows of the last device."""
    folder.mkdir(parents=True, exist_ok=True)
    for room, name in FIGURES.items():
        here = [row for row in rows if row.room == room and row.unit == "ms"]
        here = [row for row in here if row.device == here[-1].device]
        if here:
            content = io.BytesIO()
            ratio_figure(here).savefig(content, format="png", metadata={"Software": None})
            write_atomically(folder / f"{PREFIX}{name}.png", content.getvalue())


def ratio_figure(rows: Sequence[Row]) -> Figure:
    """Draws how long others take, ours being 1, for every piece of work in the rows.

    Peers are longer than ours where we are faster; a bound is shorter than ours.
    """
    rows = [row for row in rows if not row.against.startswith(LIMIT)]
    names = list(dict.fromkeys(row.name for row in rows))
    height = BAR_INCHES * (len(rows) + 2 * len(names)) + 0.8
    figure = Figure(figsize=(9.0, height), dpi=110, layout="constrained")
    axes = figure.subplots()
    labels, at = [], 0.0
    for name in names:
        axes.text(0.0, at, name, transform=axes.get_yaxis_transform(), fontsize=9, weight="bold")
        at += 1.0
        for row in (row for row in rows if row.name == name):
            relative = row.ratio if row.kind == PEER else 1.0 / row.ratio
            axes.barh(at, relative - 1.0, left=1.0, color=COLORS[row.kind], height=0.75)
            side = "left" if relative >= 1.0 else "right"
            axes.text(relative, at, f" {relative:.3g} ", fontsize=8, va="center", ha=side)
            labels.append((at, row.against))
            at += 1.0
        at += 1.0
    axes.axvline(1.0, color="black", linewidth=1.0)
    axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.set_yticks(*zip(*labels, strict=True), fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("time over ours (blue: peers; orange: bounds)")
    return figure
