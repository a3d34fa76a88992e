"""Measurements that are planned as data come in, against random ones."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from qtf.measurements.drawn_settings import random_settings
from qtf.measurements.experiments import Experiments, Setting
from qtf.measurements.fit import fit_shots
from qtf.measurements.model import ShotModel
from qtf.measurements.planning import plan_shots
from qtf.measurements.result import ShotFit
from qtf.measurements.simulation import simulate_shots
from reproduce.sections.measurements.cases import local_coefficients
from reproduce.sections.measurements.further import FurtherCase, Limit

# With the number of a draw, its seed.
SEED = 9
TIMES = (0.25, 0.5, 1.0, 2.0)
N_CANDIDATES = 400
SHOTS = 40_000
# Of all shots: random ones first, then two batches that are planned.
FIRST, BATCHES = 0.1, 2


def draw_plan(number: int) -> dict[str, Any]:
    """Returns errors of a planned and of a random experiment of as many shots.

    Args:
        number: Number of the draw.
    """
    model, truth, _ = local_coefficients(np.random.default_rng((SEED, number)), shots=500)
    seed = 1000 * SEED + 10 * number
    candidates = random_settings(
        model.n_sites, TIMES, N_CANDIDATES // len(TIMES), preparation="random", seed=seed
    )
    every = [_measured(one, SHOTS // N_CANDIDATES) for one in candidates]
    uniform = fit_shots(model, simulate_shots(model, truth, every, seed=seed), candidates=())
    planned, settings = _plan_and_measure(model, truth, candidates, seed)
    at_one_time = [one for one in candidates if one.time == 1.0]
    return {
        "number": number,
        "shots": sum(setting.shots for setting in settings),
        "random_shots": sum(setting.shots for setting in every),
        "square": float(np.mean((planned.parameters - truth) ** 2)),
        "random_square": float(np.mean((uniform.parameters - truth) ** 2)),
        "bound": float(np.mean(planned.errors**2)),
        "random_bound": float(np.mean(uniform.errors**2)),
        "share": plan_shots(model, truth, candidates, shots=SHOTS).share,
        "share_at_one_time": plan_shots(model, truth, at_one_time, shots=SHOTS).share,
    }


def summarise(draws: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Returns the numbers of all draws.

    Args:
        draws: What `draw_plan` returned.
    """
    mean = {key: float(np.mean([draw[key] for draw in draws])) for key in draws[0]}
    shots = mean["shots"] / mean["random_shots"]
    return {
        "n_draws": len(draws),
        # Squares of errors fall as one over the shots.
        "share_of_shots": shots * mean["square"] / mean["random_square"],
        "share_by_error_bars": shots * mean["bound"] / mean["random_bound"],
        "share_at_the_truth": mean["share"],
        "share_at_one_time": mean["share_at_one_time"],
        "rms": mean["square"] ** 0.5,
        "random_rms": mean["random_square"] ** 0.5,
    }


def _plan_and_measure(
    model: ShotModel, truth: np.ndarray, candidates: Sequence[Setting], seed: int
) -> tuple[ShotFit, list[Setting]]:
    """Returns the fit of all batches, and their settings."""
    few = candidates[:: int(1 / FIRST)]
    settings = [_measured(one, round(FIRST * SHOTS) // len(few)) for one in few]
    shots = simulate_shots(model, truth, settings, seed=seed + 1)
    fit = fit_shots(model, shots, candidates=())
    for _ in range(BATCHES):
        number = round((1 - FIRST) * SHOTS) // BATCHES
        plan = plan_shots(model, fit.parameters, candidates, shots=number, measured=settings)
        new = simulate_shots(model, truth, plan.settings, seed=seed + 1, first=len(settings))
        settings += plan.settings
        shots = Experiments.join([shots, new])
        start = dict(zip(model.names, fit.parameters, strict=True))
        fit = fit_shots(model, shots, candidates=(), start=start)
    return fit, settings


def _measured(setting: Setting, shots: int) -> Setting:
    return Setting(setting.preparation, setting.time, setting.basis, shots)


PLAN = FurtherCase(
    "plan",
    f"4 sites, 18 coefficients, {SHOTS:,} shots",
    n_draws=20,
    minutes=5.0,
    draw=draw_plan,
    summarise=summarise,
    limits=(
        Limit("share_of_shots", "planned shots over random ones for the same error", most=0.7),
        Limit("share_by_error_bars", "the same by error bars"),
        Limit("share_at_the_truth", "the same of one plan at the true parameters"),
        Limit("share_at_one_time", "the same if all settings are at t = 1"),
    ),
)
