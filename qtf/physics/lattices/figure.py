"""Pictures of lattices."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from qtf.figure_style import COLORS, make_figure, put_legend_below

# How the bonds of each order look.
STYLES: dict[str, dict[str, Any]] = {
    "nearest": {"color": "0.25", "linewidth": 1.6, "linestyle": "-", "zorder": 2.0},
    "next nearest": {"color": "0.6", "linewidth": 0.9, "linestyle": (0, (3, 2.5)), "zorder": 1.0},
}
# Share of a bond around a periodic edge that is drawn at each of its ends.
STUB = 0.35
# Height of the bonds that pass over sites, on a line.
BOW = 0.4
# Inches between neighbours, of the longest side, and of title and legend.
PER_UNIT, MOST, WORDS = 0.75, 9.0, 0.9
# Around the sites, between neighbours.
MARGIN = 0.65


def draw_lattice(
    places: NDArray[np.float64],
    bonds: Sequence[tuple[Sequence[tuple[int, int]], NDArray[np.float64]]],
    *,
    dark: Collection[int] = (),
    title: str = "",
) -> Figure:
    """Returns a picture of a lattice: numbered sites, nearest and next-nearest bonds.

    Args:
        places: Position (x, y) of every site, (n_sites, 2).
        bonds: For each order the bonds as (from, to), and the ways along them, (n_bonds, 2).
        dark: Sites that are drawn dark, those of one of two sublattices.
        title: Names kind and size.

    Example:
        >>> places = np.array([[0.0, 0.0], [1.0, 0.0]])
        >>> figure = draw_lattice(places, [([(0, 1)], places[1:])])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['0', '1']
    """
    lowest, highest = places.min(axis=0) - MARGIN, places.max(axis=0) + MARGIN
    width, height = (highest - lowest) * min(PER_UNIT, MOST / float((highest - lowest).max()))
    figure = make_figure(max(width, 3.2), height + WORDS, title=title)
    panel = figure.add_subplot(aspect="equal")
    panel.set_axis_off()
    panel.set(xlim=(lowest[0], highest[0]), ylim=(lowest[1], highest[1]))
    # On a line next-nearest bonds pass over sites.
    bow = 0.0 if places[:, 1].any() else BOW
    for (ends, ways), label, height in zip(bonds, STYLES, (0.0, bow), strict=False):
        if len(ends):
            _draw_bonds(panel, places, np.array(ends, np.int64), ways, label=label, bow=height)
    _draw_sites(panel, places, dark)
    put_legend_below(figure)
    return figure


def _draw_bonds(
    panel: Axes,
    places: NDArray[np.float64],
    ends: NDArray[np.int64],
    ways: NDArray[np.float64],
    *,
    label: str,
    bow: float,
) -> None:
    """Draws the bonds of an order, those around periodic edges as stubs."""
    starts, stops = places[ends[:, 0]], places[ends[:, 1]]
    inside = np.isclose(starts + ways, stops).all(axis=1)
    lines = [
        *_lines(starts[inside], ways[inside], 0.0, 1.0, bow),
        *_lines(starts[~inside], ways[~inside], 0.0, STUB, bow),
        *_lines((stops - ways)[~inside], ways[~inside], 1.0 - STUB, 1.0, bow),
    ]
    panel.add_collection(LineCollection(lines, **STYLES[label]))
    panel.plot([], [], label=label, **STYLES[label])


def _lines(
    starts: NDArray[np.float64], ways: NDArray[np.float64], begin: float, end: float, bow: float
) -> NDArray[np.float64]:
    """Returns points of a part of each way, (n_ways, n_points, 2)."""
    shares = np.linspace(begin, end, 20)[:, None]
    return starts[:, None] + shares * ways[:, None] + bow * np.sin(np.pi * shares) * [0.0, 1.0]


def _draw_sites(panel: Axes, places: NDArray[np.float64], dark: Collection[int]) -> None:
    """Draws the sites with their numbers."""
    colors = [COLORS[0] if site in dark else "white" for site in range(len(places))]
    panel.scatter(places[:, 0], places[:, 1], s=190, c=colors, edgecolors="0.25", zorder=3.0)
    for site, (x, y) in enumerate(places):
        color = "white" if site in dark else "black"
        panel.text(x, y, str(site), color=color, fontsize=7, ha="center", va="center", zorder=4.0)
