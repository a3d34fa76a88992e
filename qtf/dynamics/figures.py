"""Figures of trajectories and errors, for the report and for TensorBoard."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from qtf.dynamics.metrics import Summary
from qtf.figure_style import (
    COLORS,
    EXACT,
    TIME,
    add_grid,
    make_figure,
    make_panels,
    put_legend_below,
    put_legend_beside,
)
from qtf.physics import magnetization

PREDICTOR_STYLES = {
    "model": {"color": COLORS[0], "linewidth": 2.0},
    "persistence": {"color": COLORS[7], "linestyle": ":"},
    "straight line": {"color": COLORS[1], "linestyle": "-."},
    "least squares": {"color": COLORS[2], "linestyle": "--"},
}
N_COMPONENTS = 4


def amplitudes_figure(
    exact: Mapping[int, np.ndarray],
    predicted: Mapping[int, np.ndarray],
    dt: float,
    *,
    title: str = "",
) -> Figure:
    """Draws |psi_x(t)| of the largest components, one panel for each chain length.

    Args:
        exact: n_sites -> one exact trajectory, (n_times, 2**n).
        predicted: n_sites -> the predicted one, of the same shape.
        dt: Time step.
        title: Names the system.
    """
    figure, panels = make_panels(exact, TIME, "|amplitude|", title=title)
    for n_sites, panel in panels.items():
        times = dt * np.arange(len(exact[n_sites]))
        largest = np.argsort(-np.abs(exact[n_sites][0]))[:N_COMPONENTS]
        for color, index in zip(COLORS, largest, strict=False):
            label = format(index, f"0{n_sites}b")
            panel.plot(times, np.abs(predicted[n_sites][:, index]), color=color, label=label)
            panel.plot(times, np.abs(exact[n_sites][:, index]), **EXACT)
        put_legend_beside(panel)
    of_styles = {
        "model, of the basis state beside": Line2D([], [], color="gray"),
        "exact": Line2D([], [], **EXACT),
    }
    put_legend_below(figure, [], entries=of_styles)
    return figure


def components_figure(
    exact: np.ndarray,
    predicted: np.ndarray,
    steps: Sequence[int],
    dt: float,
    *,
    title: str = "",
) -> Figure:
    """Draws |psi_x| of all components x of one trajectory at chosen steps.

    Args:
        exact: (n_times, 2**n).
        predicted: (n_times, 2**n).
        steps: The steps, one panel for each.
        dt: Time step.
        title: Names the system.
    """
    figure = make_figure(9.0, 1.8 * len(steps) + 0.8, title=title)
    panels = figure.subplots(len(steps), 1, sharex=True, squeeze=False)[:, 0]
    for step, panel in zip(steps, panels, strict=True):
        index = np.arange(exact.shape[-1])
        panel.plot(index, np.abs(predicted[step]), ".", color=COLORS[0], label="model")
        # One line, where 2**16 bars would take minutes.
        panel.step(index, np.abs(exact[step]), where="mid", label="exact", **EXACT)
        panel.set_title(f"|amplitude| at t = {step * dt:.3g} / J", fontsize="medium")
        panel.set_ylim(bottom=0.0)
    panels[-1].set_xlabel("index of the basis state")
    put_legend_below(figure)
    return figure


def errors_figure(
    summaries: Mapping[int, Mapping[str, Summary]],
    dt: float,
    label: str,
    *,
    log: bool = True,
    title: str = "",
) -> Figure:
    """Draws one metric of all predictors over time, one panel for each chain length.

    Args:
        summaries: n_sites -> predictor -> summary of the metric.
        dt: Time step.
        label: Name of the metric.
        log: Whether the vertical axis is logarithmic.
        title: Names the system.
    """
    figure, panels = make_panels(summaries, TIME, label, title=title)
    for n_sites, panel in panels.items():
        for predictor, summary in summaries[n_sites].items():
            style = PREDICTOR_STYLES[predictor]
            times = dt * np.arange(len(summary.mean))
            panel.plot(times[1:], summary.mean[1:], label=predictor, **style)
            panel.fill_between(
                times[1:], summary.low[1:], summary.high[1:], color=style["color"], alpha=0.2
            )
        if log:
            panel.set_yscale("log")
            # The straight line is exact in its first step, which would set the scale.
            panel.set_ylim(bottom=_smallest(summaries[n_sites]["model"].mean[1:]) / 10)
    put_legend_below(figure)
    return figure


def magnetization_figure(
    exact: Mapping[int, np.ndarray],
    predicted: Mapping[int, np.ndarray],
    dt: float,
    *,
    title: str = "",
) -> Figure:
    """Draws the mean z magnetisation of one trajectory, one panel for each length.

    Args:
        exact: n_sites -> one exact trajectory, (n_times, 2**n).
        predicted: n_sites -> the predicted one.
        dt: Time step.
        title: Names the system.
    """
    figure, panels = make_panels(exact, TIME, r"$\langle Z \rangle$ a site", title=title)
    for n_sites, panel in panels.items():
        times = dt * np.arange(len(exact[n_sites]))
        panel.plot(times, magnetization(predicted[n_sites]), color=COLORS[0], label="model")
        panel.plot(times, magnetization(exact[n_sites]), label="exact", **EXACT)
    put_legend_below(figure)
    return figure


def training_figure(
    rows: Sequence[Mapping[str, float]], names: Sequence[str], *, title: str = ""
) -> Figure:
    """Draws validation metrics against the optimiser step.

    Args:
        rows: Rows of metrics.jsonl of kind "validation".
        names: The metrics to draw.
        title: Names the system.
    """
    figure = make_figure(7.0, 3.8, title=title)
    panel = figure.subplots()
    for color, name in zip(COLORS, names, strict=False):
        panel.plot(
            [row["step"] for row in rows], [row[name] for row in rows], color=color, label=name
        )
    panel.set_yscale("log")
    panel.set_xlabel("optimiser step")
    panel.set_ylabel("validation")
    add_grid(panel)
    put_legend_below(figure)
    return figure


def pixels(figure: Figure) -> np.ndarray:
    """Returns a figure as uint8 (height, width, 3)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _smallest(values: np.ndarray) -> float:
    positive = values[(values > 0) & np.isfinite(values)]
    return float(positive.min()) if positive.size else 1e-16
