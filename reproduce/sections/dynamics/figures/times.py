"""The paper's table of times as bars, its own numbers beside ours."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from qtf.figure_style import make_figure, put_legend_below
from reproduce.sections.dynamics.figures.panels import SYSTEM
from reproduce.sections.dynamics.material import Times
from reproduce.sections.dynamics.paper_values import TIMES

BAR_INCHES = 0.2
BARS = {
    "paper: exact diagonalisation": "lightcoral",
    "paper: network, Tesla P40": "tab:red",
    "one trajectory at a time": "silver",
    "best exact method": "tab:green",
    "network (increment)": "tab:blue",
}


def times_figure(rows: Sequence[Times]) -> Figure:
    """Draws the times of the largest number of spins, a group of bars for each batch.

    Args:
        rows: Rows of the speed table.
    """
    n_sites = max(row.n_sites for row in rows)
    chosen = [row for row in rows if row.n_sites == n_sites]
    title = f"{SYSTEM}, n = {n_sites}: 100 steps"
    # Bars lie, so that their numbers have room beside them.
    figure = make_figure(8.0, BAR_INCHES * (len(BARS) + 1) * len(chosen) + 1.4, title=title)
    panel = figure.subplots()
    groups = np.arange(len(chosen)) * (len(BARS) + 1)
    for place, (label, color) in enumerate(BARS.items()):
        seconds = [_seconds(row)[label] for row in chosen]
        bars = panel.barh(groups + place, seconds, 0.85, label=label, color=color)
        panel.bar_label(bars, fmt="{:.3g}", fontsize=8, padding=2)
    panel.set_xscale("log")
    panel.margins(x=0.12)
    labels = [f"batch {row.batch_size}" for row in chosen]
    panel.set_yticks(groups + (len(BARS) - 1) / 2, labels)
    panel.invert_yaxis()
    panel.set_xlabel("time [s]")
    put_legend_below(figure)
    return figure


def _seconds(row: Times) -> dict[str, float]:
    quoted = TIMES.get(row.n_sites, {}).get(row.batch_size, (np.nan, np.nan))
    values = (*quoted, row.one_at_a_time, row.exact, row.network)
    return dict(zip(BARS, values, strict=True))
