"""The figure of a sweep: a metric against a setting, means and spreads over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from qtf.figure_style import add_grid, make_figure, ordered_colors, put_legend_below
from trainers.sweep.table import Row
from trainers.sweep.trials import SEED

MAX_CURVES = 12


@dataclass(frozen=True)
class Point:
    """A point of a curve.

    Attributes:
        place: Value of the setting, as it is written.
        mean: Mean of the metric over seeds.
        spread: Standard deviation over seeds, 0 of one.
    """

    place: str
    mean: float
    spread: float


def make_curves(rows: Sequence[Row], metric: str, against: str) -> dict[str, list[Point]]:
    """Returns the curve of every combination of the other settings.

    Args:
        rows: Rows of the table.
        metric: Name of the metric; rows without it are left out.
        against: Key of the setting along the horizontal axis.

    Example:
        >>> rows = [{"g": "1", SEED: "0", "e": 1.0}, {"g": "1", SEED: "1", "e": 3.0}]
        >>> make_curves(rows, "e", "g")
        {'': [Point(place='1', mean=2.0, spread=1.0)]}
    """
    values: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        if isinstance(number := row.get(metric), int | float):
            of_curve = values.setdefault(_label(row, against), {})
            of_curve.setdefault(str(row[against]), []).append(number)
    return {
        label: [Point(p, float(np.mean(n)), float(np.std(n))) for p, n in of_curve.items()]
        for label, of_curve in values.items()
    }


def draw(rows: Sequence[Row], metric: str, against: str, *, title: str) -> Figure:
    """Returns the figure of a metric against a setting.

    Args:
        rows: Rows of the table.
        metric: Name of the metric.
        against: Key of the setting.
        title: Names the sweep.

    Raises:
        ValueError: There are more curves than anybody can tell apart.
    """
    curves = make_curves(rows, metric, against)
    if len(curves) > MAX_CURVES:
        raise ValueError(
            f"Flag --against must leave at most {MAX_CURVES} curves, but `{against}` leaves"
            f" {len(curves)}."
        )
    figure = make_figure(6.0, 4.0, title=title)
    panel = figure.subplots()
    add_grid(panel)
    places = _places(curves)
    for (label, points), color in zip(curves.items(), ordered_colors(len(curves)), strict=True):
        panel.errorbar(
            [places[point.place] for point in points],
            [point.mean for point in points],
            yerr=[point.spread for point in points],
            label=label or None,
            color=color,
            marker="o",
            markersize=4,
            capsize=3,
            linewidth=1.2,
        )
    if not _are_numbers(places):
        panel.set_xticks(list(places.values()), list(places))
    panel.set_xlabel(against)
    panel.set_ylabel(metric.replace("_", " "))
    put_legend_below(figure)
    return figure


def _label(row: Row, against: str) -> str:
    """Returns the other settings of a row in words."""
    settings = list(row)[: list(row).index("status")] if "status" in row else list(row)
    others = [key for key in settings if "." in key and key not in (against, SEED)]
    return ", ".join(f"{key.split('.')[-1]} = {row[key]}" for key in others)


def _places(curves: Mapping[str, Sequence[Point]]) -> dict[str, float]:
    """Returns the place of every value along the axis: the value, or its number in the order."""
    names = list(dict.fromkeys(point.place for points in curves.values() for point in points))
    if _are_numbers(names):
        return {name: float(name) for name in names}
    return {name: float(place) for place, name in enumerate(names)}


def _are_numbers(names: Sequence[str] | Mapping[str, float]) -> bool:
    try:
        return all(np.isfinite(float(name)) for name in names)
    except ValueError:
        return False
