"""Errors over time: the paper's figures of the relative entropy, and the fidelity."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qtf.figure_style import make_panels, put_legend_below
from reproduce.sections.dynamics.figures.panels import (
    PAPER_CLAIM,
    STEP,
    STYLES,
    SYSTEM,
    ByNetwork,
    common_n_sites,
    label_of,
    predictors_of,
    series_of,
)
from reproduce.sections.dynamics.material import Metrics
from reproduce.sections.dynamics.paper_values import MRE_100

# Below the accuracy of anything in single precision; the local generator is told in words.
LOWEST = 1e-8
# Metrics and name of a predictor -> its values, and low and high of them where known.
Curves = Callable[[Metrics, str], tuple[np.ndarray, ...]]


def mre_figure(by_network: ByNetwork, n_steps: int) -> Figure:
    """Draws the MRE of every predictor with its 95 % interval.

    Args:
        by_network: Metrics of each network.
        n_steps: How far.
    """
    title = f"{SYSTEM}: mean relative entropy (MRE) to step {n_steps}"
    figure, panels = make_panels(common_n_sites(by_network), STEP, "MRE", title=title)
    _draw(panels, by_network, _mre_of(n_steps))
    for panel in panels.values():
        label = "largest MRE in the paper, to step 100"
        panel.plot([0, 100], [MRE_100, MRE_100], label=label, **PAPER_CLAIM)
    put_legend_below(figure)
    return figure


def fidelity_figure(by_network: ByNetwork) -> Figure:
    """Draws 1 - fidelity of every predictor, median over the states.

    Args:
        by_network: Metrics of each network.
    """
    label = "1 - fidelity (median)"
    title = f"{SYSTEM}: infidelity"
    figure, panels = make_panels(common_n_sites(by_network), STEP, label, title=title)
    _draw(panels, by_network, _infidelity_of)
    for panel in panels.values():
        panel.axhline(0.01, label="fidelity 0.99", **PAPER_CLAIM)
        panel.axvline(100, color="lightgray", linewidth=0.8, zorder=0)
    put_legend_below(figure)
    return figure


def _mre_of(n_steps: int) -> Curves:
    def curves(metrics: Metrics, name: str) -> tuple[np.ndarray, ...]:
        parts = ("mean", "low", "high")
        return tuple(
            series_of(metrics, "mean_relative_entropy", name, part)[: n_steps + 1] for part in parts
        )

    return curves


def _infidelity_of(metrics: Metrics, name: str) -> tuple[np.ndarray, ...]:
    return (1 - series_of(metrics, "fidelity", name, "median"),)


def _draw(panels: Mapping[int, Axes], by_network: ByNetwork, curves: Curves) -> None:
    """Draws every predictor into every panel, with its interval where there is one."""
    by_n = {n: predictors_of(by_network, n) for n in panels}
    for key in next(iter(by_n.values())):
        drawn = {n: curves(*predictors[key]) for n, predictors in by_n.items()}
        label = label_of(key, (values for values, *_ in drawn.values()), LOWEST)
        for n, (values, *interval) in drawn.items():
            steps = np.arange(len(values))[1:]
            panels[n].plot(steps, values[1:], label=label, **STYLES[key])
            if interval:
                low, high = (part[1:] for part in interval)
                color = STYLES[key]["color"]
                panels[n].fill_between(steps, low, high, color=color, alpha=0.2, linewidth=0)
    for panel in panels.values():
        panel.set_yscale("log")
        panel.set_ylim(LOWEST, 2.0)
