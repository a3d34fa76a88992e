"""Figures of exact samples beside Markov chains, and of trainings on both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from qtf.figure_style import COLORS, add_grid, make_figure, ordered_colors, put_legend_below
from qtf.ground_states.bits import checked_bits

DIRECT = "direct samples"
DIRECT_COLOR = COLORS[2]
OTHER_COLORS = (*COLORS[:2], *COLORS[3:])


@dataclass(frozen=True)
class TrainingCurve:
    """How far one training came.

    Attributes:
        steps: Optimiser steps at which it was measured.
        seconds: Time of the training until then, without that of the measurements and of the
            first step.
        energies: Energy.
        variances: <H^2> - <H>^2.
    """

    steps: Sequence[int]
    seconds: Sequence[float]
    energies: Sequence[float]
    variances: Sequence[float]


def principal_components(bits: np.ndarray, n_components: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean and the directions in which spins vary most.

    Args:
        bits: Samples, (n_samples, n_sites).
        n_components: Number of directions.

    Returns:
        Mean spins (n_sites,) and unit vectors (n_components, n_sites), whose entries add up to
        no negative number, so that up spins lie to the right.
    """
    spins = 1.0 - 2.0 * checked_bits(bits)
    mean = spins.mean(axis=0)
    # Eigenvectors of the covariance, the largest eigenvalue last.
    _, vectors = np.linalg.eigh((spins - mean).T @ (spins - mean))
    directions = vectors.T[::-1][:n_components]
    return mean, directions * np.where(directions.sum(axis=1) < 0.0, -1.0, 1.0)[:, None]


def modes_figure(
    components: Mapping[str, ArrayLike],
    magnetizations: Mapping[str, ArrayLike],
    *,
    title: str = "",
) -> Figure:
    """Draws which configurations each sampler visits, and its running magnetisation.

    Args:
        components: Name of the sampler -> first two principal components of its samples,
            (n_samples, 2).
        magnetizations: Name -> mean Z of its samples, one after another, (n_samples,).
        title: Names system and size.
    """
    figure = make_figure(9.5, 5.6, title=title)
    panels = figure.subplot_mosaic([[DIRECT, "running"], ["chains", "running"]])
    panels["chains"].sharex(panels[DIRECT])
    panels["chains"].sharey(panels[DIRECT])
    colors = iter(OTHER_COLORS * len(components))
    for name, points in components.items():
        direct = name == DIRECT
        color = DIRECT_COLOR if direct else next(colors)
        panel = panels[DIRECT if direct else "chains"]
        first, second = np.asarray(points).T
        panel.scatter(first, second, color=color, s=10, alpha=0.5, linewidths=0)
        values = np.asarray(magnetizations[name])
        numbers = np.arange(1, len(values) + 1)
        means = np.cumsum(values) / numbers
        # The direct samples, which are more, must not hide the chains.
        width, zorder = (2.2, 1) if direct else (1.4, 2)
        panels["running"].plot(
            numbers, means, color=color, label=name, linewidth=width, zorder=zorder
        )
    for name in (DIRECT, "chains"):
        panels[name].set_title(name, fontsize="medium")
        panels[name].set_ylabel("second component")
        add_grid(panels[name])
    panels[DIRECT].tick_params(labelbottom=False)
    panels["chains"].set_xlabel("first principal component of the spins")
    _draw_running_axes(panels["running"])
    put_legend_below(figure, [panels["running"]])
    return figure


def training_figure(
    curves: Mapping[str, TrainingCurve],
    reference: float,
    reference_name: str,
    *,
    title: str = "",
) -> Figure:
    """Draws relative error and variance of the energy, over steps and over time.

    Args:
        curves: Name -> curve; chains in the order of their steps.
        reference: Energy that counts as error 0.
        reference_name: One word that says which it is, for the label.
        title: Names system and size.
    """
    figure = make_figure(9.5, 6.6, title=title)
    panels = figure.subplots(2, 2, sharex="col", sharey="row")
    others = iter(ordered_colors(sum(name != DIRECT for name in curves)))
    for name, curve in curves.items():
        color = DIRECT_COLOR if name == DIRECT else next(others)
        errors = np.abs(np.asarray(curve.energies) / reference - 1.0)
        for row, values in zip(panels, (errors, np.asarray(curve.variances)), strict=True):
            # A logarithm has no place for the best energy itself.
            values = np.where(values > 0.0, values, np.nan)
            for panel, abscissa in zip(row, (curve.steps, curve.seconds), strict=True):
                width = 2.2 if name == DIRECT else 1.4
                panel.plot(abscissa, values, color=color, linewidth=width, label=name)
    for panel in panels.flat:
        panel.set_yscale("log")
        add_grid(panel)
    panels[1, 1].set_xscale("log")
    panels[0, 0].set_ylabel(rf"$|E / E_\mathrm{{{reference_name}}} - 1|$")
    panels[1, 0].set_ylabel(r"energy variance [$J^2$]")
    panels[1, 0].set_xlabel("optimiser step")
    panels[1, 1].set_xlabel("training time [s]")
    put_legend_below(figure, [panels[0, 0]])
    return figure


def _draw_running_axes(panel: Axes) -> None:
    panel.set_xscale("log")
    panel.set_xlim(left=1)
    panel.set_ylim(-1.05, 1.05)
    panel.axhline(0.0, color="gray", linewidth=0.8)
    add_grid(panel)
    panel.set_xlabel("samples so far")
    panel.set_ylabel(r"mean of $\langle Z \rangle$ a site so far")
