"""Pictures of results: curves, profiles in time, correlations of sites, courses of trainings."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from qtf.checks import ARGUMENT, OneOf, check
from qtf.figure_style import COLORS, EXACT, TIME, add_grid, make_figure, put_legend_below

# Of quantities of either sign; white is 0.
SIGNED = "RdBu_r"
# Metrics of trainings that a picture shows, and what they are called.
COURSES = {
    "energy": r"energy [$J$]",
    "energy_variance": r"energy variance [$J^2$]",
    "v_score": "V-score",
    "loss": "loss",
    "mre": "mean relative entropy",
    "distance": "distance from exact means",
}
ENERGY = "energy"


def plot_curves(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    exact: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    x_label: str = TIME,
    y_label: str,
    logarithmic: str = "",
    title: str = "",
) -> Figure:
    """Draws curves in one panel, and exact ones beside them as they are drawn everywhere.

    Args:
        curves: Label -> x and y, each (n_points,); estimates with errors are points with bars.
        exact: The same, of what is known; y may also be (n_points, n_curves) under one label.
        x_label: Below the panel, with units.
        y_label: Left of the panel, with units.
        logarithmic: Axes whose scale is logarithmic: "", "x", "y" or "xy".
        title: Names system and size.

    Raises:
        ValueError: There is no curve, a curve has not one y for each x, or no axis is so called.

    Example:
        >>> times = np.linspace(0.0, 2.0, 21)
        >>> curves = {"one spin": (times, np.cos(times))}
        >>> plot_curves(curves, y_label="mean of Z").axes[0].get_xlabel()
        'time [1/J]'
    """
    if not curves:
        raise ValueError("Argument `curves` must hold at least one curve, but is empty.")
    check("logarithmic", logarithmic, OneOf(("", "x", "y", "xy")), kind=ARGUMENT)
    figure = make_figure(6.0, 4.0, title=title)
    panel = figure.subplots()
    for place, (label, (x, y)) in enumerate(curves.items()):
        _check_curve("curves", label, x, y, (1,))
        style: dict[str, Any] = {"color": COLORS[place % len(COLORS)], "label": label}
        if hasattr(y, "error"):
            panel.errorbar(
                np.asarray(x), np.asarray(y), y.error, fmt="o", markersize=4, capsize=2, **style
            )
        else:
            panel.plot(np.asarray(x), np.asarray(y), linewidth=1.4, **style)
    for label, (x, y) in (exact or {}).items():
        _check_curve("exact", label, x, y, (1, 2))
        panel.plot(np.asarray(x), np.asarray(y), label=label, **EXACT)
    for axis in logarithmic:
        getattr(panel, f"set_{axis}scale")("log")
    panel.set_xlabel(x_label)
    panel.set_ylabel(y_label)
    add_grid(panel)
    put_legend_below(figure)
    return figure


def plot_profile(
    values: ArrayLike,
    *,
    times: ArrayLike | None = None,
    label: str = r"$\langle Z_i \rangle$",
    title: str = "",
) -> Figure:
    """Draws a quantity of every site, in time as a map or once as a curve.

    Args:
        values: (n_times, n_sites) or (n_sites,); estimates with errors have error bars.
        times: Time of each row, uniform, (n_times,).
        label: What is drawn, with its units if it has any.
        title: Names system and size.

    Raises:
        ValueError: The values are no such array, or the times are not one for each row, uniform
            and ascending.
    """
    array = np.asarray(values, np.float64)
    if array.ndim not in (1, 2) or not array.size:
        raise ValueError(
            "Argument `values` must be (n_times, n_sites) or (n_sites,), but has shape"
            f" {array.shape}."
        )
    if array.ndim == 1:
        figure = make_figure(6.0, 3.4, title=title)
        _draw_sites(figure.subplots(), array, getattr(values, "error", None), label)
        return figure
    moments = (
        np.arange(len(array), dtype=np.float64)
        if times is None
        else _checked_times(times, len(array))
    )
    figure = make_figure(6.0, 4.2, title=title)
    panel = figure.subplots()
    step = moments[1] - moments[0] if len(moments) > 1 else 1.0
    extent = (-0.5, array.shape[1] - 0.5, moments[0] - step / 2, moments[-1] + step / 2)
    _draw_map(figure, panel, array, label, extent=extent, aspect="auto", origin="lower")
    panel.set_xlabel("site")
    panel.set_ylabel("step" if times is None else TIME)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def plot_correlations(correlations: ArrayLike, *, paulis: str = "ZZ", title: str = "") -> Figure:
    """Draws the correlations of every two sites as a map, the diagonal left white.

    Args:
        correlations: (n_sites, n_sites).
        paulis: Two letters, for the label.
        title: Names system and size.

    Raises:
        ValueError: They are no square matrix.
    """
    array = np.array(correlations, np.float64)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
        raise ValueError(
            f"Argument `correlations` must be (n_sites, n_sites), but has shape {array.shape}."
        )
    np.fill_diagonal(array, np.nan)
    figure = make_figure(5.4, 4.6, title=title)
    panel = figure.subplots()
    label = rf"$\langle {paulis[0]}_i {paulis[1]}_j \rangle$"
    _draw_map(figure, panel, array, label, origin="lower")
    panel.set_xlabel("site j")
    panel.set_ylabel("site i")
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    return figure


def plot_learning(
    rows: Sequence[Mapping[str, Any]],
    *,
    names: Sequence[str] | None = None,
    reference: float | None = None,
    title: str = "",
) -> Figure:
    """Draws the validations of a training, a panel for each metric.

    Args:
        rows: Validations, with their `step`, oldest first, as in `metrics.jsonl`.
        names: Metrics to draw; None: energy and its variance, or the loss and what is beside it.
        reference: Energy that is known; the energy is drawn as its distance from there.
        title: Names system and size.

    Raises:
        ValueError: There are no rows, or they have no such metric.
    """
    if not rows:
        raise ValueError("Argument `rows` must hold at least one validation, but is empty.")
    available = [name for name in COURSES if name in rows[-1]]
    if names is None:
        # The loss of a ground state is its energy.
        names = [n for n in available if not (n == "loss" and ENERGY in available)][:3]
    missing = [name for name in names if name not in rows[-1]]
    if missing or not names:
        raise ValueError(
            f"Argument `names` must hold metrics of the rows, {', '.join(available)}, but holds"
            f" {', '.join(missing) or 'none'}."
        )
    figure = make_figure(3.6 * len(names) + 0.6, 3.4, title=title)
    for panel, name in zip(np.ravel(figure.subplots(1, len(names))), names, strict=True):
        _draw_course(panel, rows, name, reference if name == ENERGY else None)
    put_legend_below(figure)
    return figure


def _check_curve(
    name: str, label: str, x: ArrayLike, y: ArrayLike, n_axes: tuple[int, ...]
) -> None:
    if np.ndim(x) != 1 or np.ndim(y) not in n_axes or np.shape(x) != np.shape(y)[:1]:
        raise ValueError(
            f"Argument `{name}` must hold one y for each x, each (n_points,), but {label!r} has"
            f" the shapes {np.shape(x)} and {np.shape(y)}."
        )


def _draw_sites(panel: Axes, values: np.ndarray, error: Any, label: str) -> None:
    panel.errorbar(np.arange(len(values)), values, error, fmt="o-", color=COLORS[0], markersize=4)
    panel.set_xlabel("site")
    panel.set_ylabel(label)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    add_grid(panel)


def _draw_map(figure: Figure, panel: Axes, array: np.ndarray, label: str, **options: Any) -> None:
    largest = float(np.nanmax(np.abs(array), initial=0.0)) or 1.0
    image = panel.imshow(
        array, cmap=SIGNED, vmin=-largest, vmax=largest, interpolation="nearest", **options
    )
    figure.colorbar(image, ax=panel, label=label)


def _draw_course(
    panel: Axes, rows: Sequence[Mapping[str, Any]], name: str, reference: float | None
) -> None:
    kept = [row for row in rows if row.get(name) is not None]
    steps = [row["step"] for row in kept]
    values = np.array([row[name] for row in kept], np.float64)
    label = COURSES.get(name, name)
    if reference:
        values, label = np.abs(values / reference - 1.0), r"$|E / E_0 - 1|$"
    positive = np.isfinite(values) & (values > 0.0)
    if positive.any() and (positive | (values == 0.0)).all():
        panel.set_yscale("log")
        # A logarithm has no place for what is solved to the last digit.
        values = np.where(positive, values, np.nan)
    elif reference is not None:
        panel.axhline(reference, label="exact", **EXACT)
    panel.plot(steps, values, color=COLORS[0], marker=".", markersize=4)
    panel.set_xlabel("optimiser step")
    panel.set_ylabel(label)
    add_grid(panel)


def _checked_times(times: ArrayLike, n_times: int) -> np.ndarray:
    moments = np.asarray(times, np.float64)
    if moments.shape != (n_times,) or not np.isfinite(moments).all():
        raise ValueError(
            f"Argument `times` must be one number for each of {n_times} rows, but has shape"
            f" {moments.shape}."
        )
    steps = np.diff(moments)
    if len(steps) and not (steps[0] > 0 and np.allclose(steps, steps[0], rtol=1e-6, atol=0.0)):
        raise ValueError(
            "Argument `times` must be uniform and ascending, but has steps from"
            f" {steps.min():.6g} to {steps.max():.6g}."
        )
    return moments
