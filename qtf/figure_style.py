"""The one style of all figures: colours, exact values, titles, panels and legends."""

import io
import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLORS = matplotlib.colormaps["tab10"].colors  # type: ignore[attr-defined]
# Of X, Y and Z, told apart by people who see colours differently, and in grey.
PAULI_COLORS = {"x": "#0072B2", "y": "#D55E00", "z": "#009E73"}
# Exact values look like this everywhere, and nothing else does.
EXACT: dict[str, Any] = {
    "color": "black",
    "linewidth": 1.1,
    "linestyle": (0, (4.0, 3.0)),
    "zorder": 3.0,
}
TIME = "time [1/J]"
DOTS_PER_INCH = 110
# Of a title, at its size.
LETTERS_PER_INCH = 11
MOST_COLUMNS = 6


class NotebookFigure(Figure):
    """A figure that notebooks show as a picture, also where pyplot was never imported."""

    def _repr_png_(self) -> bytes:
        """Returns what a notebook shows: a PNG file."""
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


def make_figure(width: float, height: float, *, title: str = "") -> Figure:
    """Returns an empty figure.

    Args:
        width: In inches.
        height: In inches.
        title: Names system and size.
    """
    figure = NotebookFigure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    if title:
        figure.suptitle(textwrap.fill(title, int(LETTERS_PER_INCH * width)), fontsize="medium")
    return figure


def make_panels(
    sizes: Iterable[int], x_label: str, y_label: str, *, title: str = ""
) -> tuple[Figure, dict[int, Axes]]:
    """Returns a figure with one panel for each number of spins, labels at its edges.

    Args:
        sizes: Numbers of spins.
        x_label: Below the lowest panels.
        y_label: Left of the first column.
        title: Names the system.
    """
    sizes = list(sizes)
    n_columns = max(1, min(3, math.ceil(math.sqrt(len(sizes)))))
    n_rows = max(1, -(-len(sizes) // n_columns))
    figure = make_figure(3.5 * n_columns + 0.5, 2.6 * n_rows + 1.0, title=title)
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    for unused in axes.flat[len(sizes) :]:
        unused.set_axis_off()
    panels = dict(zip(sizes, axes.flat, strict=False))
    for place, (size, panel) in enumerate(panels.items()):
        panel.set_title(f"n = {size}", fontsize="medium")
        add_grid(panel)
        if place % n_columns == 0:
            panel.set_ylabel(y_label)
        if place >= len(sizes) - n_columns:
            panel.set_xlabel(x_label)
    return figure, panels


def add_grid(panel: Axes) -> None:
    """Draws the lines behind everything else."""
    panel.grid(alpha=0.3)


def ordered_colors(n_colors: int) -> np.ndarray:
    """Returns colours of curves that have an order, (n_colors, 4)."""
    # Ends before its yellow, which is pale on white.
    return matplotlib.colormaps["plasma"](np.linspace(0.0, 0.8, n_colors))


def put_legend_below(
    figure: Figure,
    panels: Iterable[Axes] | None = None,
    *,
    entries: Mapping[str, Artist] | None = None,
    title: str | None = None,
) -> None:
    """Puts one legend below all panels, every label once, as many columns as fit.

    Args:
        figure: The figure.
        panels: Whose labels are taken; by default those of all its panels.
        entries: Label -> line, beside those of the panels.
        title: Of the legend.
    """
    artists: dict[str, Artist] = {}
    for panel in figure.axes if panels is None else panels:
        handles, labels = panel.get_legend_handles_labels()
        artists |= dict(zip(labels, handles, strict=True))
    artists |= entries or {}
    if not artists:
        return
    renderer = FigureCanvasAgg(figure).get_renderer()
    for n_columns in range(min(MOST_COLUMNS, len(artists)), 0, -1):
        legend = figure.legend(
            artists.values(),
            artists.keys(),
            loc="outside lower center",
            ncols=n_columns,
            frameon=False,
            fontsize="small",
            title=title,
        )
        if legend.get_window_extent(renderer).width < 0.98 * figure.bbox.width or n_columns == 1:
            return
        legend.remove()


def put_legend_beside(panel: Axes, *, title: str | None = None) -> None:
    """Puts the legend of one panel right of it, where its labels are of no other panel."""
    panel.legend(
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        frameon=False,
        fontsize="x-small",
        handlelength=1.0,
        borderaxespad=0.2,
        title=title,
        title_fontsize="x-small",
    )


def label_exact(
    curves: Mapping[str, Sequence[float]], word: str = "exact"
) -> dict[str, str | None]:
    """Returns the label of each exact curve: one for all, which says which of them coincide.

    Args:
        curves: Name -> values, all of one length.
        word: What they are.

    Example:
        >>> label_exact({"X": [0.0, 0.0], "Y": [0.0, 1e-15], "Z": [1.0, 2.0]})
        {'X': 'exact (X = Y)', 'Y': None, 'Z': None}
    """
    scale = max(float(np.abs(values).max()) for values in curves.values())
    names = list(curves)
    equal = [
        f"{a} = {b}"
        for place, a in enumerate(names)
        for b in names[place + 1 :]
        if np.abs(np.subtract(curves[a], curves[b])).max() <= 1e-6 * scale
    ]
    text = f"{word} ({', '.join(equal)})" if equal else word
    return {name: text if name == names[0] else None for name in names}
