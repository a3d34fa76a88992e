"""How far the open Heisenberg square grows, and what has to hold."""

from reproduce.engine.cases import Case
from reproduce.searches.growths import GrowthCase
from reproduce.searches.limits import AVERAGED_SCORE, ERROR, SYMMETRIC, TOTAL_MINUTES, Limit

AVERAGED = {6: 1e-4, 8: 2e-4, 10: 4e-4, 12: 8e-4, 16: 1.5e-3}
SHARED = (
    "--config.network.context=True",
    "--config.growth.learning_rates=(0.05,)",
    "--config.training.average_last=0.2",
)
TINY = ("--config.growth.sizes=2,4",)


def _up_to_six(name: str, minutes: float, flags: tuple[str, ...], *limits: Limit) -> GrowthCase:
    """Returns a growth to 6 x 6 alone, as close as some minutes allow."""
    flags = (
        *SHARED,
        *flags,
        "--config.growth.sizes=4,6",
        "--config.growth.n_prefixes=(4,)",
        "--config.growth.n_averages=0,10000",
    )
    case = Case(
        f"heisenberg_{name}",
        f"Open Heisenberg square in {minutes:g} minutes",
        "trainers.ground_state",
        "configs/ground_state/grow_square.py",
        flags,
        minutes=minutes,
    )
    return GrowthCase(case, (*limits, Limit("minutes in all", TOTAL_MINUTES, minutes, 6)), TINY)


GROWTHS = (
    GrowthCase(
        Case(
            "heisenberg",
            "Open Heisenberg square",
            "trainers.ground_state",
            "configs/ground_state/grow_square.py",
            (
                *SHARED,
                "--config.network.units=64",
                "--config.growth.sizes=4,6,8,10,12,16",
                "--config.growth.n_steps=900,400,300,200,100",
                "--config.growth.n_samples=512,512,512,512,256",
                "--config.growth.n_prefixes=4,8,10,12,16",
                "--config.growth.n_averages=0,10000,10000,2000,2000,0",
            ),
            minutes=480,
        ),
        (
            *(Limit("error averaged", SYMMETRIC, limit, side) for side, limit in AVERAGED.items()),
            Limit("minutes in all", TOTAL_MINUTES, 480.0, 16),
        ),
        TINY,
    ),
    _up_to_six(
        "hour",
        60.0,
        (
            "--config.network.units=64",
            "--config.training.n_epochs=6",
            "--config.growth.n_steps=1200",
            # Beyond some hundred steps the noise of 512 samples is what is left.
            "--config.sampling.grow_at=(0.4,0.8)",
            "--config.sampling.grow_to=(2,4)",
        ),
        Limit("error", ERROR, 3e-4, 6),
        Limit("error averaged", SYMMETRIC, 1e-4, 6),
        Limit("V-score averaged", AVERAGED_SCORE, 3e-4, 6),
    ),
    _up_to_six(
        "quarter",
        15.0,
        ("--config.growth.n_steps=900",),
        Limit("error averaged", SYMMETRIC, 3e-4, 6),
    ),
)
