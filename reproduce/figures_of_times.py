"""The paper's table of times as bars, its own numbers beside ours."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from reproduce.panels import figure_of
from reproduce.paper_values import TIMES

BARS = {
    "paper: exact diagonalisation": "lightcoral",
    "paper: network, Tesla P40": "tab:red",
    "one trajectory at a time": "silver",
    "best exact method": "tab:green",
    "network (increment)": "tab:blue",
}


def times_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """Draws the times of the largest number of spins, a group of bars for each batch.

    Args:
        rows: Of `reproduce.times`.
    """
    n_sites = max(row["n_sites"] for row in rows)
    chosen = [row for row in rows if row["n_sites"] == n_sites]
    figure = figure_of(9.5, 4.2)
    panel = figure.subplots()
    width = 0.85 / len(BARS)
    for position, (label, color) in enumerate(BARS.items()):
        heights = [_seconds(row)[label] for row in chosen]
        places = np.arange(len(chosen)) + (position - len(BARS) / 2 + 0.5) * width
        bars = panel.bar(places, heights, width, label=label, color=color)
        panel.bar_label(bars, fmt="{:.3g}", fontsize=7, padding=1)
    panel.set_yscale("log")
    panel.margins(y=0.12)
    panel.set_xticks(range(len(chosen)), [f"batch {row['batch_size']}" for row in chosen])
    panel.set_ylabel(f"seconds for 100 steps, n = {n_sites}")
    panel.legend(fontsize=8)
    return figure


def _seconds(row: dict[str, Any]) -> dict[str, float]:
    quoted = TIMES.get(row["n_sites"], {}).get(row["batch_size"], (np.nan, np.nan))
    values = (*quoted, row["one_at_a_time"], row["exact"], row["network"])
    return dict(zip(BARS, values, strict=True))
