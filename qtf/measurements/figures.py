"""Figures of what was learned from shots, and of predictions. Matplotlib is imported here alone."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qtf.figure_style import COLORS, EXACT, TIME, add_grid, make_figure, put_legend_below

if TYPE_CHECKING:
    from qtf.measurements.result import ShotFit

# Error bars hold 95 %.
DEVIATIONS = 1.96
# Panels beside each other.
N_COLUMNS = 3
# Of names of parameters, in inches.
ROW_HEIGHT = 0.24
# More points would hide one another, and make the file large.
MOST_POINTS = 4000
# Mean squares of residuals from 0 to twice what a right model leaves.
LARGEST_SHOWN = 2.0


def bands_figure(
    times: np.ndarray,
    bands: Mapping[str, np.ndarray],
    *,
    exact: Mapping[str, np.ndarray] | None = None,
    title: str = "",
) -> Figure:
    """Draws observables over time with their bands, a panel each.

    Args:
        times: Times, (n_times,).
        bands: Word of the observable -> value, low and high end of the band, (n_times, 3).
        exact: The same words -> true means, where they are known, (n_times,).
        title: Names system and size.
    """
    n_columns = min(N_COLUMNS, len(bands))
    n_rows = -(-len(bands) // n_columns)
    figure = make_figure(3.4 * n_columns + 0.4, 2.4 * n_rows + 1.0, title=title)
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True)
    for panel in panels.flat[len(bands) :]:
        panel.set_axis_off()
    for place, (name, panel) in enumerate(zip(bands, panels.flat, strict=False)):
        value, low, high = bands[name].T
        color = COLORS[0]
        panel.fill_between(times, low, high, color=color, alpha=0.25, label="95 % of the draws")
        panel.plot(times, value, color=color, label="prediction")
        if exact is not None:
            panel.plot(times, exact[name], label="exact", **EXACT)
        panel.set_ylabel(label_of(name))
        if place >= len(bands) - n_columns:
            panel.set_xlabel(TIME)
            panel.tick_params(labelbottom=True)
        add_grid(panel)
    put_legend_below(figure)
    return figure


def label_of(word: str) -> str:
    r"""Returns a word of an observable as a formula.

    Args:
        word: The word.

    Example:
        >>> print(label_of("ZIZ"), label_of("X@2"))
        $\langle Z_i Z_{i+2} \rangle$ $\langle X_{2} \rangle$
    """
    letters, _, place = word.partition("@")
    sites = [(k, letter) for k, letter in enumerate(letters) if letter != "I"]
    if place:
        parts = [f"{letter}_{{{int(place) + k}}}" for k, letter in sites]
    else:
        parts = [f"{letter}_{{i+{k}}}" if k else f"{letter}_i" for k, letter in sites]
    return rf"$\langle {' '.join(parts)} \rangle$"


def parameters_figure(fit: "ShotFit") -> Figure:
    """Draws every parameter with its bar of 95 %, and beside it that of the sandwich.

    Args:
        fit: The fit.
    """
    names, rows = fit.model.names, np.arange(fit.model.size)
    title = f"{fit.model.n_sites} sites, {fit.shots} shots"
    figure = make_figure(6.4, ROW_HEIGHT * len(names) + 1.4, title=title)
    panel = figure.subplots()
    kinds = (("Fisher information", fit.errors, -0.12), ("sandwich", fit.sandwich_errors, 0.12))
    for color, (label, errors, shift) in zip(COLORS, kinds, strict=False):
        shown = fit.free & np.isfinite(errors)
        panel.errorbar(
            fit.parameters[shown],
            rows[shown] + shift,
            xerr=DEVIATIONS * errors[shown],
            fmt=".",
            color=color,
            label=f"95 %, {label}",
            capsize=2.0,
        )
    given = ~fit.free
    if given.any():
        panel.plot(fit.parameters[given], rows[given], "x", color="black", label="given")
    panel.set_yticks(rows, names, fontsize="small")
    panel.set_ylim(len(names) - 0.5, -0.5)
    panel.set_xlabel("couplings and rates [J], probabilities")
    panel.axvline(0.0, color="gray", linewidth=0.8)
    add_grid(panel)
    put_legend_below(figure)
    return figure


def residuals_figure(residuals: Mapping[float, Sequence[float]]) -> Figure:
    """Draws the mean square of the residuals by time and site, 1 where the model is right.

    Args:
        residuals: Time -> one number for each site, see `Goodness`.
    """
    times = sorted(residuals)
    table = np.array([residuals[time] for time in times])
    title = "Mean square of residuals, 1 where the model is right"
    figure = make_figure(6.4, min(8.0, 0.28 * len(times) + 1.6), title=title)
    panel = figure.subplots()
    image = panel.imshow(
        table,
        cmap="RdBu_r",
        # White is 1, however large the largest is.
        norm=TwoSlopeNorm(1.0, vmin=0.0, vmax=max(LARGEST_SHOWN, float(table.max()))),
        aspect="auto",
        interpolation="nearest",
        extent=(0.5, table.shape[1] + 0.5, len(times) - 0.5, -0.5),
    )
    several = np.unique(np.linspace(0, len(times) - 1, min(len(times), 20)).astype(int))
    panel.set_yticks(several, [f"{times[k]:.4g}" for k in several])
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set_xlabel("site")
    panel.set_ylabel(TIME)
    figure.colorbar(image, ax=panel, label="mean square")
    return figure


def marginals_figure(marginals: Mapping[str, np.ndarray]) -> Figure:
    """Draws measured against predicted means, a panel for each kind.

    Args:
        marginals: Kind -> predicted, measured and error bar of each mean, (m, 3).
    """
    kinds = list(marginals)
    figure = make_figure(4.0 * len(kinds) + 0.4, 4.4, title="Means of all settings")
    for kind, panel in zip(kinds, np.ravel(figure.subplots(1, len(kinds))), strict=True):
        points = marginals[kind]
        points = points[:: -(-len(points) // MOST_POINTS)]
        panel.errorbar(
            points[:, 0],
            points[:, 1],
            yerr=points[:, 2],
            fmt=".",
            markersize=3,
            elinewidth=0.5,
            color=COLORS[0],
            alpha=0.5,
            label="one setting, error bar of its shots",
        )
        panel.plot([-1, 1], [-1, 1], label="equal", **EXACT)
        panel.set_xlabel(f"predicted {kind}")
        panel.set_ylabel(f"measured {kind}")
        add_grid(panel)
    put_legend_below(figure)
    return figure
