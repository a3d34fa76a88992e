"""Figures of trajectories and errors, for the report and for TensorBoard."""

import math
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from qtf.dynamics.metrics import Summary
from qtf.physics import magnetization

COLORS = matplotlib.colormaps["tab10"].colors
EXACT = {"color": "black", "linewidth": 1.0, "linestyle": "--"}
PREDICTOR_STYLES = {
    "model": {"color": COLORS[0], "linewidth": 2.0},
    "persistence": {"color": COLORS[7], "linestyle": ":"},
    "straight line": {"color": COLORS[1], "linestyle": "-."},
    "least squares": {"color": COLORS[2], "linestyle": "--"},
}
N_COMPONENTS = 4


def amplitudes_figure(
    exact: Mapping[int, np.ndarray], predicted: Mapping[int, np.ndarray], dt: float
) -> Figure:
    """Draws |psi_x(t)| of the largest components, one panel for each chain length.

    Args:
        exact: n_sites -> one exact trajectory, (n_times, 2**n).
        predicted: n_sites -> the predicted one, of the same shape.
        dt: Time step.
    """
    figure, panels = _panels(exact, "time", "|amplitude|")
    for n_sites, panel in panels.items():
        times = dt * np.arange(len(exact[n_sites]))
        largest = np.argsort(-np.abs(exact[n_sites][0]))[:N_COMPONENTS]
        for color, index in zip(COLORS, largest, strict=False):
            label = format(index, f"0{n_sites}b")
            panel.plot(times, np.abs(predicted[n_sites][:, index]), color=color, label=label)
            panel.plot(times, np.abs(exact[n_sites][:, index]), **EXACT)
        panel.legend(
            fontsize="x-small", loc="best", title="dashed: exact", title_fontsize="x-small"
        )
    return figure


def components_figure(
    exact: np.ndarray, predicted: np.ndarray, steps: Sequence[int], dt: float
) -> Figure:
    """Draws |psi_x| of all components x of one trajectory at chosen steps.

    Args:
        exact: (n_times, 2**n).
        predicted: (n_times, 2**n).
        steps: The steps, one panel for each.
        dt: Time step.
    """
    figure = _figure(9.0, 1.8 * len(steps))
    panels = figure.subplots(len(steps), 1, sharex=True, squeeze=False)[:, 0]
    for step, panel in zip(steps, panels, strict=True):
        index = np.arange(exact.shape[-1])
        heights = np.abs(exact[step])
        # One shape, where 2**16 bars would take minutes.
        panel.fill_between(index, heights, step="mid", color="lightgray", lw=0, label="exact")
        panel.plot(index, np.abs(predicted[step]), ".", color=COLORS[0], label="model")
        panel.set_ylabel(f"t = {step * dt:.3g}")
    panels[0].legend(fontsize="small", loc="upper right")
    panels[0].set_title("|amplitude| of every basis state")
    panels[-1].set_xlabel("index of the basis state")
    return figure


def errors_figure(
    summaries: Mapping[int, Mapping[str, Summary]], dt: float, label: str, *, log: bool = True
) -> Figure:
    """Draws one metric of all predictors over time, one panel for each chain length.

    Args:
        summaries: n_sites -> predictor -> summary of the metric.
        dt: Time step.
        label: Name of the metric.
        log: Whether the vertical axis is logarithmic.
    """
    figure, panels = _panels(summaries, "time", label)
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
    next(iter(panels.values())).legend(fontsize="x-small")
    return figure


def magnetization_figure(
    exact: Mapping[int, np.ndarray], predicted: Mapping[int, np.ndarray], dt: float
) -> Figure:
    """Draws the mean z magnetisation of one trajectory, one panel for each length.

    Args:
        exact: n_sites -> one exact trajectory, (n_times, 2**n).
        predicted: n_sites -> the predicted one.
        dt: Time step.
    """
    figure, panels = _panels(exact, "time", r"$\langle Z \rangle$ a site")
    for n_sites, panel in panels.items():
        times = dt * np.arange(len(exact[n_sites]))
        panel.plot(times, magnetization(predicted[n_sites]), color=COLORS[0], label="model")
        panel.plot(times, magnetization(exact[n_sites]), label="exact", **EXACT)
    next(iter(panels.values())).legend(fontsize="small")
    return figure


def training_figure(rows: Sequence[Mapping[str, float]], names: Sequence[str]) -> Figure:
    """Draws validation metrics against the optimiser step.

    Args:
        rows: Rows of metrics.jsonl of kind "validation".
        names: The metrics to draw.
    """
    figure = _figure(7.0, 3.5)
    panel = figure.subplots()
    for color, name in zip(COLORS, names, strict=False):
        panel.plot(
            [row["step"] for row in rows], [row[name] for row in rows], color=color, label=name
        )
    panel.set_yscale("log")
    panel.set_xlabel("optimiser step")
    panel.set_ylabel("validation")
    panel.legend(fontsize="small")
    return figure


def pixels(figure: Figure) -> np.ndarray:
    """Returns a figure as uint8 (height, width, 3)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), dpi=110, layout="constrained")


def _smallest(values: np.ndarray) -> float:
    positive = values[(values > 0) & np.isfinite(values)]
    return float(positive.min()) if positive.size else 1e-16


def _panels(by_n_sites: Mapping[int, object], x_label: str, y_label: str) -> tuple[Figure, dict]:
    n_columns = math.ceil(math.sqrt(len(by_n_sites)))
    n_rows = -(-len(by_n_sites) // n_columns)
    figure = _figure(3.4 * n_columns + 0.4, 2.6 * n_rows + 0.2)
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    for unused in axes.flat[len(by_n_sites) :]:
        unused.set_axis_off()
    panels = dict(zip(by_n_sites, axes.flat, strict=False))
    for n_sites, panel in panels.items():
        panel.set_title(f"n = {n_sites}", fontsize="medium")
        panel.set_xlabel(x_label)
        panel.set_ylabel(y_label)
    return figure, panels
