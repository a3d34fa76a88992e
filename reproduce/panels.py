"""What all figures share: colours, grids of panels, legends."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

NETWORKS = {
    "increment": {"color": "tab:blue", "linewidth": 2.0},
    "paper": {"color": "tab:purple", "linewidth": 1.6},
    "local_generator": {"color": "tab:green", "linewidth": 1.6},
}
STYLES: dict[str, dict[str, Any]] = {
    **NETWORKS,
    "straight line": {"color": "tab:orange", "linewidth": 1.4, "linestyle": "-."},
    "persistence": {"color": "dimgray", "linewidth": 1.4, "linestyle": ":"},
}
LABELS = {
    "increment": "increment",
    "paper": "preset paper, our budget",
    "local_generator": "local generator",
}
EXACT = {"color": "black", "linewidth": 1.1, "linestyle": "--"}
PAPER_CLAIM = {"color": "tab:red", "linewidth": 1.0, "linestyle": (0, (6, 3))}
# Of sums of double-precision numbers near 1; below it digits mean nothing.
ROUNDING = 1e-15
TRIVIAL = ("straight line", "persistence")


def figure_of(width: float, height: float) -> Figure:
    """Returns an empty figure of this size in inches."""
    return Figure(figsize=(width, height), dpi=110, layout="constrained")


def panels_of(n_sites: Sequence[int], x_label: str, y_label: str) -> tuple[Figure, dict[int, Axes]]:
    """Returns a figure with one panel for each number of spins, labels at its edges.

    Args:
        n_sites: Numbers of spins.
        x_label: Below the lowest panels.
        y_label: Left of the first column.
    """
    n_columns = min(3, math.ceil(math.sqrt(len(n_sites))))
    n_rows = math.ceil(len(n_sites) / n_columns)
    figure = figure_of(3.5 * n_columns + 0.3, 2.6 * n_rows + 0.6)
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    for unused in axes.flat[len(n_sites) :]:
        unused.set_axis_off()
    panels = dict(zip(n_sites, axes.flat, strict=False))
    for position, (n, panel) in enumerate(panels.items()):
        panel.set_title(f"n = {n}", fontsize="medium")
        if position % n_columns == 0:
            panel.set_ylabel(y_label)
        if position >= len(n_sites) - n_columns:
            panel.set_xlabel(x_label)
    return figure, panels


def joint_legend(figure: Figure, panels: Iterable[Axes]) -> None:
    """Draws one legend above all panels, every label once."""
    entries: dict[str, Any] = {}
    for panel in panels:
        handles, labels = panel.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    n_columns = 6 if figure.get_figwidth() > 9 else 3
    figure.legend(
        entries.values(), entries.keys(), loc="outside upper center", ncols=n_columns, fontsize=9
    )


def note_below(panel: Axes, label: str, values: np.ndarray, lowest: float) -> None:
    """Says in words what a logarithmic panel cannot show: a line below its lowest value."""
    largest = max(float(np.nanmax(values)), ROUNDING)
    if largest < lowest:
        words = f"{LABELS[label]}: at most {largest:.0e}"
        style = {"ha": "right", "fontsize": 8, "color": STYLES[label]["color"]}
        panel.text(0.97, 0.03, words, transform=panel.transAxes, **style)


def common_n_sites(by_network: Mapping[str, Mapping[str, Any]]) -> list[int]:
    """Returns the numbers of spins that all networks were evaluated for, ascending.

    Args:
        by_network: Network -> n -> metrics.
    """
    return sorted(set.intersection(*({int(n) for n in known} for known in by_network.values())))


def series_of(metrics: Mapping[str, Any], metric: str, predictor: str, part: str) -> np.ndarray:
    """Returns one list of an evaluation's metrics as an array; what was not finite is NaN."""
    values = metrics[metric][predictor][part]
    return np.array([np.nan if value is None else value for value in values])


def predictors_of(by_network: Mapping[str, Any], n_sites: str) -> dict[str, tuple[Any, str]]:
    """Returns what to draw for one number of spins: label -> (metrics, name in them).

    Args:
        by_network: Network -> n -> metrics.
        n_sites: Number of spins, as text.
    """
    found = {
        name: (metrics[n_sites], "model")
        for name, metrics in by_network.items()
        if n_sites in metrics
    }
    first = next(iter(found.values()))[0]
    return found | {name: (first, name) for name in TRIVIAL}
