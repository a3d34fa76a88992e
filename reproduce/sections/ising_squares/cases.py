"""The fields of the Ising squares, and what has to hold."""

from reproduce.engine.cases import Case
from reproduce.searches.growths import GrowthCase
from reproduce.searches.limits import (
    ABOVE,
    ABS_OFF,
    AVERAGED_SCORE,
    MAGNETIZATION,
    TOTAL_MINUTES,
    Limit,
)

SIDE, LARGE_SIDE = 12, 21
# Field -> mean of |mean Z| at 12 x 12 by sharir2020.
ABS_MAGNETIZATIONS = {2.0: 0.78326, 2.5: 0.57572, 3.0: 0.16179, 3.5: 0.11094, 4.0: 0.09725}
# Where it goes on to a larger square, and where both orientations have to be found.
CRITICAL, FERROMAGNET = 3.0, 2.0
# Steps and samples at 6, 8 and 12, and at 21 as at 12 but fewer samples; at field 3 twice as many
# steps leave a V-score of 7e-7.
FLAGS = (
    "--config.network.context=True",
    "--config.growth.n_steps=200,200,250",
    "--config.growth.learning_rates=(0.05,)",
    "--config.training.average_last=0.2",
)
# Sizes, samples of each but the first, and samples whose averages over symmetries are measured.
UP_TO_12 = ("4,6,8,12", "512,512,512", "0,0,0,1000")
UP_TO_21 = ("4,6,8,12,21", "512,512,512,256", "0,0,0,1000,1000")


def _limits(field: float) -> tuple[Limit, ...]:
    limits = [
        Limit("energy above the reference", ABOVE, 5e-6, SIDE),
        Limit("V-score averaged", AVERAGED_SCORE, 5e-6, SIDE),
        Limit("mean of abs(mean Z), distance from NAQS", ABS_OFF, 2e-3, SIDE),
        Limit("minutes in all", TOTAL_MINUTES, 40.0, SIDE),
    ]
    if field == FERROMAGNET:
        limits.append(Limit("mean Z in its error bars", MAGNETIZATION, 2.0, SIDE))
    if field == CRITICAL:
        limits.append(Limit("V-score averaged", AVERAGED_SCORE, 3e-5, LARGE_SIDE))
        limits.append(Limit("minutes in all", TOTAL_MINUTES, 120.0, LARGE_SIDE))
    return tuple(limits)


def _growth(field: float) -> GrowthCase:
    name = f"field_{field:g}".replace(".", "_")
    grows_on = field == CRITICAL
    sizes, n_samples, n_averages = UP_TO_21 if grows_on else UP_TO_12
    growth = {"sizes": sizes, "n_samples": n_samples, "n_averages": n_averages}
    case = Case(
        name,
        f"Ising square, field {field:g}",
        "trainers.ground_state",
        f"configs/ground_state/grow_ising.py:{field:g}",
        (*FLAGS, *(f"--config.growth.{key}={value}" for key, value in growth.items())),
        minutes=120 if grows_on else 40,
    )
    known = (SIDE, ABS_MAGNETIZATIONS[field], "NAQS")
    return GrowthCase(case, _limits(field), ("--config.growth.sizes=2,3",), known)


GROWTHS = tuple(map(_growth, ABS_MAGNETIZATIONS))
