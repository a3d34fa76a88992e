"""The lattices that ground states are grown on, and what has to hold."""

from reproduce.engine.cases import Case
from reproduce.searches.limits import (
    ERROR,
    FIRST,
    FURTHER,
    MINIBATCHES,
    MINUTES,
    SYMMETRIC,
    Limit,
)

# Relative error that an enlargement has to come back under.
BACK_UNDER = 1e-3

CASES = (
    Case(
        "chain",
        "Open Heisenberg chain",
        "trainers.ground_state",
        "configs/ground_state/grow_chain.py",
        minutes=35,
    ),
    Case(
        "square",
        "Open Heisenberg square",
        "trainers.ground_state",
        "configs/ground_state/grow_square.py",
        minutes=60,
    ),
)
LIMITS = {
    "chain": (
        Limit("error", ERROR, 3e-4),
        Limit("minutes", MINUTES, 30.0, FIRST),
        Limit(f"minibatches to {BACK_UNDER:.0e}", MINIBATCHES, 100.0, FURTHER),
    ),
    "square": (Limit("error", ERROR, 1e-3, 6), Limit("error with symmetries", SYMMETRIC, 1e-3, 6)),
}
