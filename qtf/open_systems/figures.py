"""Figures of open systems."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qtf.figure_style import (
    EXACT,
    PAULI_COLORS,
    TIME,
    add_grid,
    label_exact,
    make_figure,
    ordered_colors,
    put_legend_below,
)


def curves_figure(
    rows: Sequence[Mapping[str, float]], *, n_steady: int = 0, title: str = ""
) -> Figure:
    """Draws <X>, <Y> and <Z> in time, beside the exact ones where they are known.

    Args:
        rows: Validations of a task, one for each epoch: "x", "y", "z", "time" and perhaps
            "exact_x", "x_error" and so on.
        n_steady: Epochs of the search for the steady state, at the beginning; where there are
            any, the axis counts epochs instead of time.
        title: Names system and size.
    """
    figure, axes = _figure_with_panel(4.4, title)
    along = np.arange(1, len(rows) + 1) if n_steady else [row["time"] for row in rows]
    exact = {
        name: [row[f"exact_{name}"] for row in rows]
        for name in PAULI_COLORS
        if f"exact_{name}" in rows[0]
    }
    labels = _labels_of_exact(exact)
    for name, color in PAULI_COLORS.items():
        if name in exact:
            axes.plot(along, exact[name], label=labels[name], **EXACT)
        means = np.array([row[name] for row in rows])
        axes.plot(along, means, color=color, linewidth=1.6, label=_mean_of(name))
        if f"{name}_error" in rows[0]:
            error = np.array([row[f"{name}_error"] for row in rows])
            axes.fill_between(
                along, means - error, means + error, color=color, alpha=0.3, linewidth=0
            )
    if 0 < n_steady < len(rows):
        axes.axvline(n_steady + 0.5, color="gray", linewidth=0.8, label="first step of time")
    axes.set_xlabel("epoch" if n_steady else TIME)
    if n_steady:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("mean over sites")
    put_legend_below(figure)
    return figure


def fields_figure(
    measured: Mapping[float, Mapping[str, float]],
    exact: Mapping[float, Mapping[str, float]],
    *,
    title: str = "",
    word: str = "exact",
) -> Figure:
    """Draws <X>, <Y> and <Z> of steady states against the field.

    Args:
        measured: Field -> "x", "y", "z", drawn as points.
        exact: The same of as many fields as make a curve.
        title: Names system and size.
        word: What that curve is.
    """
    figure, axes = _figure_with_panel(4.4, title)
    curves = {name: [exact[field][name] for field in sorted(exact)] for name in PAULI_COLORS}
    labels = _labels_of_exact(curves, word)
    for name, color in PAULI_COLORS.items():
        axes.plot(sorted(exact), curves[name], label=labels[name], **EXACT)
        points = [measured[field][name] for field in sorted(measured)]
        axes.plot(sorted(measured), points, "o", color=color, label=_mean_of(name))
    axes.set_xlabel("transverse field g [J]")
    axes.set_ylabel("mean over sites of the steady state")
    put_legend_below(figure)
    return figure


def strings_figure(runs: Mapping[int, Sequence[Mapping[str, float]]], *, title: str = "") -> Figure:
    """Draws how far <X>, <Y> and <Z> are off, for several numbers of strings.

    Args:
        runs: Number of strings -> validations of a task with "distance", one for each epoch.
        title: Names system and size.
    """
    figure, axes = _figure_with_panel(4.0, title)
    colors = ordered_colors(len(runs))
    for (n_strings, rows), color in zip(sorted(runs.items()), colors, strict=True):
        name = "one string" if n_strings == 1 else f"{n_strings} strings"
        distances = [row["distance"] for row in rows]
        axes.semilogy(np.arange(1, len(rows) + 1), distances, ".-", color=color, label=name)
    axes.set_xlabel("epoch")
    axes.set_ylabel("largest distance from exact mean")
    put_legend_below(figure)
    return figure


def losses_figure(runs: Mapping[str, Sequence[Mapping[str, float]]], *, title: str = "") -> Figure:
    """Draws the loss of searches for steady states.

    Args:
        runs: Name of a run and of its norm -> rows of its training with "step" and "loss".
        title: Of the figure.
    """
    figure, axes = _figure_with_panel(4.0, title)
    for name, rows in runs.items():
        steps, losses = ([row[key] for row in rows] for key in ("step", "loss"))
        axes.semilogy(steps, losses, ".-", label=name)
    axes.set_xlabel("optimiser step")
    axes.set_ylabel("loss")
    put_legend_below(figure)
    return figure


def runs_figure(
    runs: Sequence[Mapping[str, float]], exact: Mapping[str, float], *, title: str = ""
) -> Figure:
    """Draws <X>, <Y> and <Z> of several runs and of their average, as differences from exact.

    Args:
        runs: "x", "y", "z" of each.
        exact: The same.
        title: Names system and size.
    """
    figure, axes = _figure_with_panel(4.0, title)
    numbers = np.arange(1, len(runs) + 1)
    for name, color in PAULI_COLORS.items():
        differences = np.array([run[name] - exact[name] for run in runs])
        axes.plot(numbers, differences, "o", color=color, label=_mean_of(name))
        axes.axhline(
            differences.mean(), color=color, linewidth=1.2, label=f"{_mean_of(name)}, average"
        )
    axes.axhline(0.0, label="exact", **EXACT)
    axes.set_xticks(numbers)
    axes.set_xlabel("run")
    axes.set_ylabel("difference from exact")
    put_legend_below(figure)
    return figure


def _figure_with_panel(height: float, title: str) -> tuple[Figure, Axes]:
    figure = make_figure(6.0, height, title=title)
    axes = figure.add_subplot()
    add_grid(axes)
    return figure, axes


def _mean_of(name: str) -> str:
    return f"$\\langle {name.upper()} \\rangle$"


def _labels_of_exact(
    curves: Mapping[str, Sequence[float]], word: str = "exact"
) -> dict[str, str | None]:
    named = {_mean_of(name): values for name, values in curves.items()}
    labels = label_exact(named, word) if named else {}
    return {name: labels[_mean_of(name)] for name in curves}
