"""Losses during training and in rollouts, and the transfer to one more spin."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qtf.figure_style import COLORS, add_grid, make_figure, ordered_colors, put_legend_below
from reproduce.sections.dynamics.figures.panels import (
    LABELS,
    PAPER_CLAIM,
    STEP,
    STYLES,
    SYSTEM,
    TRIVIAL,
    common_n_sites,
    label_of,
    predictors_of,
    series_of,
)
from reproduce.sections.dynamics.material import Evaluation, Material, Metrics, Run
from reproduce.sections.dynamics.one_step_losses import trivial_losses
from reproduce.sections.dynamics.paper_values import ROLLOUT_LOSS
from reproduce.sections.dynamics.runs import FINE_TUNED, LOCAL_GENERATOR, NOT_GROWN, TRANSFER_RUNS

ROLLOUT_STEPS = 100
TRANSFER_STYLES: dict[str, dict[str, Any]] = {
    "transfer_8": {"color": COLORS[0], "linewidth": 2.0},
    "scratch_8": {"color": COLORS[3], "linewidth": 1.6},
    NOT_GROWN: {"color": COLORS[9], "linewidth": 1.6},
    "transfer_8_base_rate": {"color": COLORS[0], "linewidth": 1.6, "linestyle": "--"},
    "scratch_8_base_rate": {"color": COLORS[3], "linewidth": 1.6, "linestyle": "--"},
}
LOWEST_MRE = 1e-8
# The local generator's are those of rounding, which would set the scale.
LOWEST_LOSS = 1e-9


def losses_figure(material: Material) -> Figure:
    """Draws training and validation losses of both presets, and losses of rollouts."""
    figure = make_figure(13.0, 5.0, title=f"{SYSTEM}: losses")
    panels = figure.subplots(1, 3)
    for panel, name in zip(panels, ("paper", "increment"), strict=False):
        if name in material.runs:
            _draw_training(panel, material.runs[name], LABELS[name])
    _draw_rollout_losses(panels[2], material)
    put_legend_below(figure)
    return figure


def transfer_figure(material: Material) -> Figure:
    """Draws validation losses and MRE of fine-tuning and training from scratch."""
    n_sites = next(iter(material.evaluations[FINE_TUNED].n_sites))
    figure = make_figure(11.5, 5.0, title=f"{SYSTEM}: transfer to n = {n_sites}")
    losses, errors = figure.subplots(1, 2)
    for name, style in TRANSFER_STYLES.items():
        label = TRANSFER_RUNS[name].words
        if name in material.runs:
            rows = material.runs[name].validation
            values = [row.loss for row in rows]
            epochs = [row.epoch for row in rows]
            losses.plot(epochs, values, marker="o", markersize=4, label=label, **style)
        if name in material.evaluations:
            metrics = material.evaluations[name].n_sites[n_sites]
            _draw_mre(errors, metrics, "model", label, style)
    _draw_trivial_lines(losses, material.runs[FINE_TUNED], [n_sites])
    _draw_other_errors(errors, material, n_sites)
    _finish(losses, "epoch", "validation loss")
    _finish(errors, STEP, "MRE")
    errors.set_ylim(LOWEST_MRE, 2.0)
    put_legend_below(figure)
    return figure


def _draw_training(panel: Axes, run: Run, title: str) -> None:
    steps, values = [row.step for row in run.training], [row.loss for row in run.training]
    panel.plot(steps, values, color="silver", linewidth=1.0, label="training")
    n_sites = run.n_sites
    for n, color in zip(n_sites, ordered_colors(len(n_sites)), strict=True):
        points = ([row.step for row in run.validation], [row.losses[n] for row in run.validation])
        panel.plot(*points, "o-", color=color, markersize=3, label=f"validation, n = {n}")
    _draw_trivial_lines(panel, run, n_sites)
    unit = {"mean_squared_error": "mean squared error", "squared_distance": "squared distance"}
    panel.xaxis.set_major_locator(MaxNLocator(4))
    _finish(panel, "optimiser step", f"loss of one step ({unit[run.loss]})", title)


def _draw_trivial_lines(panel: Axes, run: Run, n_sites: Sequence[int]) -> None:
    """Draws what the trivial predictors reach under teacher forcing, mean over n."""
    window = run.window
    by_n = {n: trivial_losses(run.physics, n, window) for n in n_sites}
    scale = run.loss == "mean_squared_error"
    for name in TRIVIAL:
        values = [by_n[n][name] / (2 * 2**n if scale else 1) for n in n_sites]
        panel.axhline(float(np.mean(values)), label=name, **STYLES[name])


def _draw_rollout_losses(panel: Axes, material: Material) -> None:
    by_network = {
        name: material.evaluations[name].n_sites for name in LABELS if name in material.evaluations
    }
    n_sites = common_n_sites(by_network)
    points: dict[str, list[tuple[int, float]]] = {}
    for n in n_sites:
        for label, (metrics, name) in predictors_of(by_network, n).items():
            errors = series_of(metrics, "mean_squared_error", name, "mean")
            points.setdefault(label, []).append((n, errors[1 : ROLLOUT_STEPS + 1].mean()))
    for name, values in points.items():
        style = STYLES[name] | {"marker": "o", "markersize": 4}
        label = label_of(name, [np.array(values)[:, 1]], LOWEST_LOSS)
        panel.plot(*zip(*values, strict=True), label=label, **style)
    panel.set_yscale("log")
    panel.set_ylim(bottom=LOWEST_LOSS)
    panel.axhline(ROLLOUT_LOSS, label="largest in the paper", **PAPER_CLAIM)
    panel.set_xticks(n_sites)
    _finish(panel, "n", "mean squared error", f"rollouts of {ROLLOUT_STEPS} steps")


def _draw_other_errors(panel: Axes, material: Material, n_sites: int) -> None:
    evaluated = material.evaluations.get(LOCAL_GENERATOR, Evaluation()).n_sites
    if n_sites in evaluated:
        metrics, name = evaluated[n_sites], LOCAL_GENERATOR
        values = series_of(metrics, "mean_relative_entropy", "model", "mean")
        _draw_mre(panel, metrics, "model", label_of(name, [values], LOWEST_MRE), STYLES[name])
    metrics = material.evaluations[FINE_TUNED].n_sites[n_sites]
    for name in TRIVIAL:
        _draw_mre(panel, metrics, name, name, STYLES[name])


def _draw_mre(
    panel: Axes, metrics: Metrics, name: str, label: str, style: Mapping[str, Any]
) -> None:
    values = series_of(metrics, "mean_relative_entropy", name, "mean")
    panel.plot(np.arange(1, len(values)), values[1:], label=label, **style)


def _finish(panel: Axes, x_label: str, y_label: str, title: str | None = None) -> None:
    panel.set_yscale("log")
    panel.set_xlabel(x_label)
    panel.set_ylabel(y_label)
    panel.set_title(title or "", fontsize="medium")
    add_grid(panel)
