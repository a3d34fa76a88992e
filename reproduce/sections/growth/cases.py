"""The lattices that ground states are grown on, and what has to hold."""

from dataclasses import dataclass

from reproduce.engine.cases import Case

# Relative error that an enlargement has to come back under.
BACK_UNDER = 1e-3
EVERY, FIRST, FURTHER = "every size", "the first size", "every enlargement"
ERROR, SYMMETRIC, MINUTES = "relative_error", "relative_error_with_symmetries", "minutes"
MINIBATCHES = "minibatches_until_back"


@dataclass(frozen=True)
class Limit:
    """Largest value of a number of some sizes.

    Attributes:
        words: What is limited.
        key: Its key in the row of a size.
        limit: The value.
        sizes: `EVERY`, `FIRST`, `FURTHER`, or one size.
    """

    words: str
    key: str
    limit: float
    sizes: str | int = EVERY


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
