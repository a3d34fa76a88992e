"""Figures of open systems."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

COLORS = dict(zip("xyz", matplotlib.colormaps["tab10"].colors, strict=False))


def curves_figure(rows: Sequence[Mapping[str, Any]], *, n_steady: int = 0) -> Figure:
    """Draws <X>, <Y> and <Z> in time, beside the exact ones where they are known.

    Args:
        rows: Validations of a task, one for each epoch: "x", "y", "z", "time" and perhaps
            "exact_x", "x_error" and so on.
        n_steady: Epochs of the search for the steady state, at the beginning; where there are
            any, the axis counts epochs instead of time.
    """
    figure = Figure(figsize=(6.0, 4.0), layout="constrained")
    axes = figure.add_subplot()
    along = np.arange(1, len(rows) + 1) if n_steady else [row["time"] for row in rows]
    for name, color in COLORS.items():
        if f"exact_{name}" in rows[0]:
            exact = [row[f"exact_{name}"] for row in rows]
            axes.plot(along, exact, color=color, linewidth=4, alpha=0.3)
        found = np.array([row[name] for row in rows])
        axes.plot(
            along, found, color=color, linewidth=1.2, label=f"$\\langle {name.upper()} \\rangle$"
        )
        if f"{name}_error" in rows[0]:
            error = np.array([row[f"{name}_error"] for row in rows])
            axes.fill_between(
                along, found - error, found + error, color=color, alpha=0.3, linewidth=0
            )
    if 0 < n_steady < len(rows):
        axes.axvline(n_steady + 0.5, color="gray", linewidth=0.8)
        axes.text(n_steady + 0.7, axes.get_ylim()[1], "steps of time", va="top", color="gray")
    axes.set_xlabel("epoch" if n_steady else "time")
    axes.set_ylabel("mean over sites")
    axes.legend(frameon=False, ncols=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("Pale: exact" if "exact_x" in rows[0] else "", fontsize="small", loc="left")
    return figure


def fields_figure(
    found: Mapping[float, Mapping[str, float]], exact: Mapping[float, Mapping[str, float]]
) -> Figure:
    """Draws <X>, <Y> and <Z> of steady states against the field.

    Args:
        found: Field -> "x", "y", "z", drawn as points.
        exact: The same of as many fields as make a curve.
    """
    figure = Figure(figsize=(6.0, 4.0), layout="constrained")
    axes = figure.add_subplot()
    for name, color in COLORS.items():
        curve = [exact[field][name] for field in sorted(exact)]
        axes.plot(sorted(exact), curve, color=color, linewidth=4, alpha=0.3)
        points = [found[field][name] for field in sorted(found)]
        label = f"$\\langle {name.upper()} \\rangle$"
        axes.plot(sorted(found), points, "o", color=color, label=label)
    axes.set_xlabel("transverse field g")
    axes.set_ylabel("mean over sites of the steady state")
    axes.legend(frameon=False, ncols=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("Pale: exact", fontsize="small", loc="left")
    return figure


def strings_figure(runs: Mapping[int, Sequence[Mapping[str, Any]]]) -> Figure:
    """Draws how far <X>, <Y> and <Z> are off, for several numbers of strings.

    Args:
        runs: Number of strings -> validations of a task with "distance", one for each epoch.
    """
    figure = Figure(figsize=(6.0, 3.6), layout="constrained")
    axes = figure.add_subplot()
    colors = matplotlib.colormaps["viridis"](np.linspace(0.85, 0.0, len(runs)))
    for (n_strings, rows), color in zip(sorted(runs.items()), colors, strict=True):
        name = "one string" if n_strings == 1 else f"{n_strings} strings"
        distances = [row["distance"] for row in rows]
        axes.semilogy(np.arange(1, len(rows) + 1), distances, ".-", color=color, label=name)
    axes.set_xlabel("epoch")
    axes.set_ylabel("largest distance from exact mean")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def losses_figure(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Draws the loss of searches for steady states.

    Args:
        runs: Name of a run and of its norm -> rows of its training with "step" and "loss".
    """
    figure = Figure(figsize=(6.0, 3.6), layout="constrained")
    axes = figure.add_subplot()
    for name, rows in runs.items():
        steps, losses = ([row[key] for row in rows] for key in ("step", "loss"))
        axes.semilogy(steps, losses, ".-", label=name)
    axes.set_xlabel("optimiser step")
    axes.set_ylabel("loss")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize="small")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def runs_figure(runs: Sequence[Mapping[str, float]], exact: Mapping[str, float]) -> Figure:
    """Draws <X>, <Y> and <Z> of several runs and of their average, as differences from exact.

    Args:
        runs: "x", "y", "z" of each.
        exact: The same.
    """
    figure = Figure(figsize=(6.0, 3.6), layout="constrained")
    axes = figure.add_subplot()
    numbers = np.arange(1, len(runs) + 1)
    for name, color in COLORS.items():
        differences = np.array([run[name] - exact[name] for run in runs])
        label = f"$\\langle {name.upper()} \\rangle$"
        axes.plot(numbers, differences, "o", color=color, label=label)
        axes.axhline(differences.mean(), color=color, linewidth=1.2)
    axes.axhline(0.0, color="gray", linewidth=0.8, linestyle=":")
    axes.set_xticks(numbers)
    axes.set_xlabel("run")
    axes.set_ylabel("difference from exact; lines: their average")
    axes.legend(frameon=False, ncols=3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
