"""The picture of a prediction: magnetisations and probabilities over time."""

import io
from typing import cast

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from qtf.figure_style import EXACT, PAULI_COLORS, TIME, add_grid, make_figure, put_legend_below
from qtf.physics import magnetization
from serving.prediction.report import Prediction

FORMATS = ("png", "pdf", "svg")
DOTS_PER_INCH = 120
_MOST_LABELS = 16


def picture(prediction: Prediction, image_format: str) -> bytes:
    """Returns the picture as a file's content.

    Args:
        prediction: With states.
        image_format: One of `FORMATS`.
    """
    figure = _figure(prediction)
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        figure.savefig(buffer, format=image_format, dpi=DOTS_PER_INCH)
    return buffer.getvalue()


def _figure(prediction: Prediction) -> Figure:
    heights = [3.0, 3.6] if prediction.exact is None else [3.0, 3.6, 2.2]
    figure = make_figure(7.5, sum(heights), title=prediction.title)
    # The narrow column holds the colour bar, so that all panels keep one width.
    grid = figure.add_gridspec(len(heights), 2, width_ratios=[1, 0.03], height_ratios=heights)
    panels = [figure.add_subplot(grid[0, 0])]
    panels += [figure.add_subplot(grid[row, 0], sharex=panels[0]) for row in range(1, len(heights))]
    _draw_magnetizations(panels[0], prediction)
    _draw_probabilities(panels[1], figure.add_subplot(grid[1, 1]), prediction)
    if prediction.exact is not None:
        _draw_errors(panels[2], prediction)
    for panel in panels[:-1]:
        panel.tick_params(labelbottom=False)
    panels[-1].set_xlabel(TIME)
    put_legend_below(figure)
    return figure


def _draw_magnetizations(panel: Axes, prediction: Prediction) -> None:
    for axis, color in PAULI_COLORS.items():
        values = getattr(prediction.observables, f"magnetization_{axis}")
        panel.plot(prediction.times, values, color=color, linewidth=2.0, label=axis)
    if prediction.exact is not None:
        for k, axis in enumerate(PAULI_COLORS):
            label = "exact" if k == 0 else None
            values = magnetization(prediction.exact.psi, axis)
            panel.plot(prediction.times, values, label=label, **EXACT)
    panel.set_ylabel("magnetisation a site")
    add_grid(panel)
    panel.margins(x=0)


def _draw_probabilities(panel: Axes, bar: Axes, prediction: Prediction) -> None:
    probabilities = np.square(np.abs(cast("np.ndarray", prediction.psi))).T
    n_states, n_times = probabilities.shape
    n_sites = n_states.bit_length() - 1
    half = prediction.dt / 2
    image = panel.imshow(
        probabilities,
        aspect="auto",
        interpolation="nearest",
        cmap="viridis",
        vmin=0.0,
        extent=(-half, prediction.times[-1] + half, n_states - 0.5, -0.5),
    )
    ticks = np.arange(0, n_states, max(1, n_states // _MOST_LABELS))
    labels = [format(index, f"0{n_sites}b") for index in ticks]
    panel.set_yticks(ticks, labels, family="monospace", fontsize="small")
    panel.set_ylabel("basis state, 0 is up")
    panel.figure.colorbar(image, cax=bar, label="probability")


def _draw_errors(panel: Axes, prediction: Prediction) -> None:
    styles = {"distance": ("black", "-"), "infidelity": ("#CC79A7", "-")}
    for name, (color, line) in styles.items():
        # The initial state has no error, which a logarithm cannot show.
        values = getattr(prediction.exact, name)[1:]
        panel.plot(prediction.times[1:], values, color=color, linestyle=line, label=name)
    panel.set_yscale("log")
    panel.set_ylabel("error")
    add_grid(panel)
