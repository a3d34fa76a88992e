"""Single trajectories, from the paper's printed initial states."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from qtf.dynamics.baselines import persistence, straight_line
from qtf.figure_style import (
    COLORS,
    EXACT,
    make_figure,
    make_panels,
    put_legend_below,
    put_legend_beside,
)
from qtf.physics import magnetization
from reproduce.sections.dynamics.figures.panels import LABELS, NETWORKS, STEP, STYLES, SYSTEM

N_COMPONENTS = 3
COMPONENT_COLORS = (COLORS[0], COLORS[3], COLORS[2])
STEPS = 100
LINE: dict[str, Any] = {"linewidth": 1.1, "linestyle": "-."}
FIRST: dict[str, Any] = {"linewidth": 1.0, "linestyle": ":"}
Trajectories = Mapping[str, np.ndarray]


def amplitudes_figure(printed: Trajectories, n_sites: Sequence[int]) -> Figure:
    """Draws |psi_x| of the components that change most.

    Args:
        printed: `exact_nN` and `NAME_nN`, (n_times, 2**N).
        n_sites: Numbers of spins.
    """
    title = f"{SYSTEM}: the components that change most, from the printed states"
    figure, panels = make_panels(n_sites, STEP, "|amplitude|", title=title)
    steps = np.arange(STEPS + 1)
    for n, panel in panels.items():
        exact = printed[f"exact_n{n}"][: STEPS + 1]
        line = straight_line(exact[None])[0]
        predicted = np.abs(printed[f"increment_n{n}"][: STEPS + 1])
        changing = np.argsort(-np.ptp(np.abs(exact), axis=0))[:N_COMPONENTS]
        for color, x in zip(COMPONENT_COLORS, changing, strict=True):
            label = f"{x:0{n}b}"
            panel.plot(steps, predicted[:, x], color=color, linewidth=2.2, label=label)
            panel.plot(steps, np.abs(line[:, x]), color=color, **LINE)
            panel.plot(steps, np.full(STEPS + 1, abs(exact[0, x])), color=color, **FIRST)
            panel.plot(steps, np.abs(exact[:, x]), **EXACT)
        panel.set_xticks(range(0, STEPS + 1, 20))
        put_legend_beside(panel)
    of_styles = {
        "increment, of the basis state beside": Line2D([], [], linewidth=2.2, color="gray"),
        "exact": Line2D([], [], **EXACT),
        "straight line": Line2D([], [], color="gray", **LINE),
        "persistence": Line2D([], [], color="gray", **FIRST),
    }
    put_legend_below(figure, [], entries=of_styles)
    return figure


def components_figure(printed: Trajectories, n_sites: int) -> Figure:
    """Draws all components at step 100, and how far every predictor is from them.

    Args:
        printed: `exact_nN` and `NAME_nN`, (n_times, 2**N).
        n_sites: Number of spins.
    """
    title = f"{SYSTEM}, n = {n_sites}: all components at step {STEPS}"
    figure = make_figure(11.0, 6.0, title=title)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    exact = np.abs(printed[f"exact_n{n_sites}"][STEPS])
    index = np.arange(len(exact))
    above.step(index, exact, where="mid", label="exact", **EXACT)
    markers = {"increment": ".", "paper": "x", "straight line": "_", "persistence": "|"}
    for name, trajectory in _predict(printed, n_sites):
        if name not in markers:
            continue
        values = np.abs(trajectory[STEPS])
        style = {"color": STYLES[name]["color"], "markersize": 4.5, "linestyle": ""}
        above.plot(index, values, markers[name], label=LABELS.get(name, name), **style)
        below.plot(index, np.abs(values - exact), markers[name], **style)
    above.set_ylabel("|amplitude|")
    below.set_ylabel("difference to exact")
    below.set_yscale("log")
    below.set_xlabel("index of the basis state")
    above.margins(x=0.01)
    put_legend_below(figure)
    return figure


def magnetization_figure(printed: Trajectories, n_sites: Sequence[int]) -> Figure:
    """Draws the mean z magnetisation.

    Args:
        printed: `exact_nN` and `NAME_nN`, (n_times, 2**N).
        n_sites: Numbers of spins.
    """
    figure, panels = make_panels(
        n_sites,
        STEP,
        r"$\langle Z \rangle$ a site",
        title=f"{SYSTEM}: magnetisation, from the printed states",
    )
    for n, panel in panels.items():
        exact = magnetization(printed[f"exact_n{n}"])
        for name, trajectory in _predict(printed, n):
            label = LABELS.get(name, name)
            panel.plot(magnetization(trajectory), label=label, **STYLES[name])
        panel.plot(exact, label="exact", **EXACT)
        panel.axvline(100, color="lightgray", linewidth=0.8, zorder=0)
    put_legend_below(figure)
    return figure


def _predict(printed: Trajectories, n_sites: int) -> Iterator[tuple[str, np.ndarray]]:
    for name in NETWORKS:
        if f"{name}_n{n_sites}" in printed:
            yield name, printed[f"{name}_n{n_sites}"]
    exact = printed[f"exact_n{n_sites}"][None]
    yield "straight line", straight_line(exact)[0]
    yield "persistence", persistence(exact)[0]
