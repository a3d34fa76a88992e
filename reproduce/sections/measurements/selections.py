"""Selections of the terms that are there from a dictionary of many."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from qtf.measurements.experiments import DIRECTIONS, Setting
from qtf.measurements.model import ShotModel
from qtf.measurements.selection import dictionary_words, select_words
from qtf.measurements.simulation import simulate_shots
from reproduce.sections.measurements.cases import Problem
from reproduce.sections.measurements.further import FurtherCase, Limit

# With the number of a draw, its seed.
SEED = 8
N_SITES, N_TERMS, N_SETTINGS = 6, 12, 200
SHOTS = 1_000_000
WEAKEST = 0.05
# In no simple ratio: of times that are, couplings are told only up to whole turns.
TIMES = (0.15, 0.35, 0.65, 1.0)


def sparse_chain(random: np.random.Generator) -> Problem:
    """Returns a chain with few of all terms of one site and of neighbours, 0 for the others."""
    model = ShotModel.of_words(N_SITES, terms=dictionary_words(N_SITES))
    truth = np.zeros(model.size)
    there = random.choice(model.size, N_TERMS, replace=False)
    truth[there] = random.uniform(WEAKEST, 1.0, N_TERMS) * random.choice([-1, 1], N_TERMS)
    starts = [" ".join(random.choice([*DIRECTIONS], N_SITES)) for _ in range(20)]
    settings = [
        Setting(
            starts[k // len(TIMES) % len(starts)],
            TIMES[k % len(TIMES)],
            "".join(random.choice(list("XYZ"), N_SITES)),
            SHOTS // N_SETTINGS,
        )
        for k in range(N_SETTINGS)
    ]
    return Problem(model, truth, settings)


def draw_selection(number: int) -> dict[str, Any]:
    """Returns which words were kept in one draw.

    Args:
        number: Number of the draw.
    """
    model, truth, settings = sparse_chain(np.random.default_rng((SEED, number)))
    shots = simulate_shots(model, truth, settings, seed=1000 * SEED + number)
    selection = select_words(shots)
    there = {name for name, value in zip(model.names, truth, strict=True) if value}
    fit = selection.fit
    off = {name: fit[name] - truth[model.names.index(name)] for name in fit.model.names}
    return {
        "number": number,
        "n_words": model.size,
        "wrong": sorted(set(selection.kept) - there),
        "lost": sorted(there - set(selection.kept)),
        "rms": float(np.sqrt(np.mean(np.square(list(off.values()))))),
        "bound": float(np.sqrt(np.mean(fit.errors**2))),
        "held_out_gain": selection.held_out_gain,
        "p_value": fit.goodness.p_value,
        "plateau_p_value": selection.plateau.p_value if selection.plateau else 1.0,
        "seconds": fit.seconds,
    }


def summarise(draws: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Returns the numbers of all draws.

    Args:
        draws: What `draw_selection` returned.
    """
    rms, bound = (np.array([draw[key] for draw in draws]) for key in ("rms", "bound"))
    return {
        "n_draws": len(draws),
        "n_words": draws[0]["n_words"],
        "right": sum(not (draw["wrong"] or draw["lost"]) for draw in draws),
        "wrong": sum(len(draw["wrong"]) for draw in draws),
        "lost": sum(len(draw["lost"]) for draw in draws),
        "rms_over_bound": float(np.sqrt((rms**2).mean() / (bound**2).mean())),
        "held_out_gain": float(np.mean([draw["held_out_gain"] for draw in draws])),
        "least_p_value": min(draw["p_value"] for draw in draws),
        "least_plateau_p_value": min(draw["plateau_p_value"] for draw in draws),
    }


SELECTION = FurtherCase(
    "selection",
    f"{N_SITES} sites, {N_TERMS} of 63 terms, {SHOTS:,} shots",
    n_draws=20,
    minutes=8.0,
    draw=draw_selection,
    summarise=summarise,
    limits=(
        Limit("right", "draws of 20 in which exactly the right terms are kept", least=18),
        Limit("wrong", "wrong terms kept in all draws", most=0),
        Limit("lost", "terms lost in all draws"),
        Limit("rms_over_bound", "error of the terms kept over the bound", most=1.1),
        Limit("held_out_gain", "mean gain of the likelihood of held-out settings over all terms"),
    ),
)
