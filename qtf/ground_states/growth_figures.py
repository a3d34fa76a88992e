"""Figures of a wave function that is retrained on ever larger lattices."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from qtf.figure_style import COLORS, add_grid, make_figure, ordered_colors, put_legend_below

BEFORE, AFTER, AVERAGE = "before retraining", "after retraining", "and averaged over symmetries"


def errors_figure(
    sizes: Sequence[int],
    errors: Mapping[str, tuple[Sequence[float | None], Sequence[float | None]]],
    size_name: str,
    *,
    title: str = "",
) -> Figure:
    """Draws relative errors of the energy against the size.

    Args:
        sizes: Spins of a chain or of the side of a square.
        errors: Name of a curve -> relative errors and their error bars, None where unknown.
        size_name: What a size is, for the label.
        title: Names the system.
    """
    figure = make_figure(6.4, 4.8, title=title)
    panel = figure.subplots()
    for (name, (values, bars)), color in zip(errors.items(), COLORS, strict=False):
        height, bar = (np.array(part, float) for part in (values, bars))
        # A bar that reaches zero has no end on a logarithmic axis.
        lower = np.minimum(bar, 0.9 * height)
        style = {"color": color, "marker": "o", "capsize": 3.0, "label": name}
        panel.errorbar(sizes, height, yerr=(lower, bar), **style)
    panel.set_yscale("log")
    panel.set_xticks(list(sizes) if len(sizes) <= 14 else list(sizes)[::2])
    panel.set_xlabel(size_name)
    panel.set_ylabel("relative error of the energy")
    add_grid(panel)
    put_legend_below(figure)
    return figure


def retraining_figure(
    curves: Mapping[int, tuple[Sequence[float], Sequence[float | None]]],
    size_name: str,
    *,
    title: str = "",
) -> Figure:
    """Draws relative errors of the energy against minibatches after each enlargement.

    Args:
        curves: Size -> minibatches and relative errors there.
        size_name: What a size is, for the legend.
        title: Names the system.
    """
    figure = make_figure(6.4, 4.8, title=title)
    panel = figure.subplots()
    colors = ordered_colors(len(curves))
    for color, (size, (steps, errors)) in zip(colors, curves.items(), strict=True):
        # A logarithm has no place for zero.
        values = np.array(errors, float)
        values = np.where(values > 0.0, values, np.nan)
        panel.plot(steps, values, color=color, linewidth=1.4, label=f"{size}")
    panel.set_yscale("log")
    panel.set_xlabel("minibatches after the enlargement")
    panel.set_ylabel("relative error of the energy")
    add_grid(panel)
    put_legend_below(figure, title=size_name)
    return figure
