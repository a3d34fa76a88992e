"""Single trajectories, from the paper's printed initial states."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from qtf.dynamics.baselines import persistence, straight_line
from qtf.physics import magnetization
from reproduce.panels import EXACT, LABELS, NETWORKS, STYLES, figure_of, joint_legend, panels_of

N_COMPONENTS = 3
COMPONENT_COLORS = ("tab:blue", "tab:red", "tab:green")
STEPS = 100
Trajectories = Mapping[str, np.ndarray]


def amplitudes_figure(printed: Trajectories, n_sites: Sequence[int]) -> Figure:
    """Draws |psi_x| of the components that change most.

    Args:
        printed: `exact_nN` and `NAME_nN`, (n_times, 2**N).
        n_sites: Numbers of spins.
    """
    figure, panels = panels_of(n_sites, "step", "|amplitude|")
    steps = np.arange(STEPS + 1)
    for n, panel in panels.items():
        exact = printed[f"exact_n{n}"][: STEPS + 1]
        line = straight_line(exact[None])[0]
        predicted = printed[f"increment_n{n}"]
        changing = np.argsort(-np.ptp(np.abs(exact), axis=0))[:N_COMPONENTS]
        for color, x in zip(COMPONENT_COLORS, changing, strict=True):
            panel.plot(steps, np.abs(predicted[: STEPS + 1, x]), color=color, linewidth=2.2)
            panel.plot(steps, np.abs(line[:, x]), color=color, linewidth=1.1, linestyle="-.")
            first = np.full(STEPS + 1, abs(exact[0, x]))
            panel.plot(steps, first, color=color, linewidth=1.0, linestyle=":")
            panel.plot(steps, np.abs(exact[:, x]), **EXACT)
            panel.annotate(
                f"{x:0{n}b}",
                (STEPS, abs(exact[-1, x])),
                xytext=(3, 0),
                fontsize=7,
                textcoords="offset points",
                va="center",
                color=color,
            )
        panel.set_xlim(0, 122)
        panel.set_xticks(range(0, STEPS + 1, 20))
    _legend_of_line_styles(figure, panels[n_sites[0]])
    return figure


def components_figure(printed: Trajectories, n_sites: int) -> Figure:
    """Draws all components at step 100, and how far every predictor is from them.

    Args:
        printed: `exact_nN` and `NAME_nN`, (n_times, 2**N).
        n_sites: Number of spins.
    """
    figure = figure_of(11.0, 5.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    exact = np.abs(printed[f"exact_n{n_sites}"][STEPS])
    index = np.arange(len(exact))
    above.bar(index, exact, width=0.85, color="lightgray", label="exact")
    markers = {"increment": ".", "paper": "x", "straight line": "_", "persistence": "|"}
    for name, trajectory in _predictions(printed, n_sites):
        if name not in markers:
            continue
        values = np.abs(trajectory[STEPS])
        style = {"color": STYLES[name]["color"], "markersize": 4.5, "linestyle": ""}
        above.plot(index, values, markers[name], label=LABELS.get(name, name), **style)
        below.plot(index, np.abs(values - exact), markers[name], **style)
    above.set_ylabel(f"|amplitude| at step {STEPS}")
    below.set_ylabel("difference to exact")
    below.set_yscale("log")
    below.set_xlabel(f"index of the basis state, n = {n_sites}")
    above.margins(x=0.01)
    joint_legend(figure, [above])
    return figure


def magnetization_figure(printed: Trajectories, n_sites: Sequence[int]) -> Figure:
    """Draws the mean z magnetisation.

    Args:
        printed: `exact_nN` and `NAME_nN`, (n_times, 2**N).
        n_sites: Numbers of spins.
    """
    figure, panels = panels_of(n_sites, "step", r"$\langle Z \rangle$ a site")
    for n, panel in panels.items():
        exact = magnetization(printed[f"exact_n{n}"])
        for name, trajectory in _predictions(printed, n):
            label = LABELS.get(name, name)
            panel.plot(magnetization(trajectory), label=label, **STYLES[name])
        panel.plot(exact, label="exact", **EXACT)
        panel.axvline(100, color="lightgray", linewidth=0.8, zorder=0)
    joint_legend(figure, panels.values())
    return figure


def _predictions(printed: Trajectories, n_sites: int) -> Iterator[tuple[str, np.ndarray]]:
    for name in NETWORKS:
        if f"{name}_n{n_sites}" in printed:
            yield name, printed[f"{name}_n{n_sites}"]
    exact = printed[f"exact_n{n_sites}"][None]
    yield "straight line", straight_line(exact)[0]
    yield "persistence", persistence(exact)[0]


def _legend_of_line_styles(figure: Figure, panel: object) -> None:
    from matplotlib.lines import Line2D

    gray = {"color": "gray"}
    handles = [
        Line2D([], [], linewidth=2.2, label="increment", **gray),
        Line2D([], [], label="exact", **EXACT),
        Line2D([], [], linewidth=1.1, linestyle="-.", label="straight line", **gray),
        Line2D([], [], linewidth=1.0, linestyle=":", label="persistence", **gray),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, fontsize=9)
