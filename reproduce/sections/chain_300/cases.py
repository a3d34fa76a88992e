"""How far the open Heisenberg chain grows, and what has to hold."""

from reproduce.engine.cases import Case
from reproduce.searches.growths import GrowthCase
from reproduce.searches.limits import BULK_OFF, ERROR, INFINITE, TOTAL_MINUTES, Limit

LONGEST = 300

GROWTHS = (
    GrowthCase(
        Case(
            "heisenberg",
            "Open Heisenberg chain",
            "trainers.ground_state",
            "configs/ground_state/grow_chain.py",
            (
                "--config.network.context=True",
                f"--config.growth.sizes={','.join(map(str, range(20, LONGEST + 1, 20)))}",
                # From 100 spins on as many as roth2020.
                "--config.growth.n_steps=300,300,300,100",
                "--config.sampling.grow_at=(0.6,)",
                "--config.sampling.grow_to=(2,)",
            ),
            minutes=180,
        ),
        (
            Limit("error", ERROR, 1e-4),
            Limit("energy a site, distance from 1/4 - ln 2", BULK_OFF, 1e-5, INFINITE),
            Limit("minutes in all", TOTAL_MINUTES, 180.0, LONGEST),
        ),
        tiny=("--config.growth.sizes=4,6",),
    ),
)
