"""Long chains with a field of its own on each site, against chains of ten."""

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from qtf.measurements.chain_fit import fit_chain
from qtf.measurements.experiments import Experiments, Setting
from qtf.measurements.fit import fit_shots
from qtf.measurements.model import ShotModel
from reproduce.sections.measurements.further import FurtherCase, Limit
from reproduce.sections.measurements.matrix_products import draw_shots, evolve_product

# With the number of a draw, its seed.
SEED = 10
TIMES = (0.2, 0.4, 0.6, 0.8, 1.0)
N_SETTINGS, SHOTS = 500, 100
WORDS = ("XX", "YY", "ZZ", "X@each")
SHORT, N_SHORT = 10, 10
WORKERS = 2


def draw_chain(number: int, *, n_sites: int) -> dict[str, Any]:
    """Returns errors of the fields of a long chain, and of short ones with as many shots.

    Args:
        number: Number of the draw.
        n_sites: Sites of the long chain.
    """
    random = np.random.default_rng((SEED, n_sites, number))
    couplings = random.uniform(-1.0, 1.0, 3)
    fields = random.uniform(-1.0, 1.0, n_sites)
    shots = experiment(couplings, fields, random)
    before = time.monotonic()
    fit = fit_chain(shots, terms=WORDS, workers=WORKERS)
    seconds = time.monotonic() - before
    squares, bounds = [], []
    for _ in range(N_SHORT):
        some = random.uniform(-1.0, 1.0, SHORT)
        model = ShotModel.of_words(SHORT, terms=WORDS)
        short = fit_shots(model, experiment(couplings, some, random), candidates=())
        squares.append(np.mean((short.parameters[3:] - some) ** 2))
        bounds.append(np.mean(short.errors[3:] ** 2))
    return {
        "number": number,
        "square": float(np.mean((fit.parameters[3:] - fields) ** 2)),
        "bound": float(np.mean(fit.errors[3:] ** 2)),
        "short_square": float(np.mean(squares)),
        "short_bound": float(np.mean(bounds)),
        "holds": float(np.mean(np.abs(fit.parameters[3:] - fields) < 1.96 * fit.errors[3:])),
        "p_value": fit.goodness.p_value,
        "converged": fit.converged,
        "seconds": seconds,
    }


def experiment(
    couplings: np.ndarray, fields: np.ndarray, random: np.random.Generator
) -> Experiments:
    """Returns the shots of a chain that begins all up, in random bases.

    Args:
        couplings: x, y, z.
        fields: h_i, (n_sites,).
        random: Draws bases and shots.
    """
    n_sites = len(fields)
    settings = [
        Setting(
            "+z",
            TIMES[k * len(TIMES) // N_SETTINGS],
            "".join(random.choice(list("XYZ"), n_sites)),
            SHOTS,
        )
        for k in range(N_SETTINGS)
    ]
    states = evolve_product(couplings, fields, settings[0], TIMES)
    return draw_shots(states, settings, TIMES, int(random.integers(2**31)))


def summarise(draws: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Returns the numbers of all draws.

    Args:
        draws: What `draw_chain` returned.
    """
    mean = {key: float(np.mean([draw[key] for draw in draws])) for key in draws[0]}
    return {
        "n_draws": len(draws),
        "rms": mean["square"] ** 0.5,
        "short_rms": mean["short_square"] ** 0.5,
        "rms_over_short": (mean["square"] / mean["short_square"]) ** 0.5,
        "bars_over_short": (mean["bound"] / mean["short_bound"]) ** 0.5,
        "rms_over_error_bars": (mean["square"] / mean["bound"]) ** 0.5,
        "coverage_95": 100 * mean["holds"],
        "least_p_value": min(draw["p_value"] for draw in draws),
        "seconds": mean["seconds"],
        "most_seconds": max(draw["seconds"] for draw in draws),
    }


def _case(n_sites: int, n_draws: int, minutes: float) -> FurtherCase:
    words = f"{n_sites} sites"
    return FurtherCase(
        f"chain_{n_sites}",
        f"{words}, a field on each, {N_SETTINGS * SHOTS:,} shots",
        n_draws=n_draws,
        minutes=minutes,
        draw=partial(draw_chain, n_sites=n_sites),
        summarise=summarise,
        limits=(
            Limit("rms_over_short", f"{words}: error of a field over that of 10 sites", most=1.2),
            Limit("bars_over_short", f"{words}: error bar of a field over that of 10 sites"),
            Limit("rms_over_error_bars", f"{words}: error of a field over its error bar"),
            Limit("coverage_95", f"{words}: 95 % intervals that hold the field", unit=" %"),
            Limit("seconds", f"{words}: mean time of a fit, two cores", unit=" s"),
            Limit("most_seconds", f"{words}: longest fit, two cores", most=900.0, unit=" s"),
        ),
    )


CHAINS = (_case(25, 3, 15.0), _case(50, 4, 40.0), _case(100, 2, 40.0))
