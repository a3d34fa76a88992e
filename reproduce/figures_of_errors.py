"""Errors over time: the paper's figures of the relative entropy, and the fidelity."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reproduce.panels import (
    LABELS,
    PAPER_CLAIM,
    STYLES,
    common_n_sites,
    joint_legend,
    note_below,
    panels_of,
    predictors_of,
    series_of,
)
from reproduce.paper_values import MRE_100

# Below the accuracy of anything in single precision; the local generator is told in words.
LOWEST = 1e-8
ByNetwork = Mapping[str, Mapping[str, Any]]


def mre_figure(by_network: ByNetwork, n_steps: int) -> Figure:
    """Draws the MRE of every predictor with its 95 % interval.

    Args:
        by_network: Network -> n -> metrics of `trainers.evaluate`.
        n_steps: How far.
    """
    figure, panels = panels_of(common_n_sites(by_network), "step", "MRE")
    for n, panel in panels.items():
        _draw(panel, predictors_of(by_network, str(n)), "mean_relative_entropy", n_steps)
        panel.plot(
            [0, 100],
            [MRE_100, MRE_100],
            label="largest MRE in the paper, to step 100",
            **PAPER_CLAIM,
        )
    joint_legend(figure, panels.values())
    return figure


def fidelity_figure(by_network: ByNetwork) -> Figure:
    """Draws 1 - fidelity of every predictor, median over the states.

    Args:
        by_network: Network -> n -> metrics of `trainers.evaluate`.
    """
    figure, panels = panels_of(common_n_sites(by_network), "step", "1 - fidelity (median)")
    for n, panel in panels.items():
        _draw(panel, predictors_of(by_network, str(n)), "fidelity", None)
        panel.axhline(0.01, label="fidelity 0.99", **PAPER_CLAIM)
        panel.axvline(100, color="lightgray", linewidth=0.8, zorder=0)
    joint_legend(figure, panels.values())
    return figure


def _draw(
    panel: Axes, predictors: dict[str, tuple[Any, str]], metric: str, n_steps: int | None
) -> None:
    for label, (metrics, name) in predictors.items():
        if metric == "fidelity":
            values = 1 - series_of(metrics, metric, name, "median")
        else:
            values = series_of(metrics, metric, name, "mean")[: n_steps + 1]
        steps = np.arange(len(values))
        panel.plot(steps[1:], values[1:], label=LABELS.get(label, label), **STYLES[label])
        if metric != "fidelity":
            low, high = (series_of(metrics, metric, name, part) for part in ("low", "high"))
            panel.fill_between(
                steps[1:],
                low[1 : len(values)],
                high[1 : len(values)],
                color=STYLES[label]["color"],
                alpha=0.2,
                linewidth=0,
            )
        if label in LABELS:
            note_below(panel, label, values, LOWEST)
    panel.set_yscale("log")
    panel.set_ylim(LOWEST, 2.0)
