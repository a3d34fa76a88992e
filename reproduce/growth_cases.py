"""The lattices that ground states are grown on."""

from dataclasses import dataclass

# Relative error that an enlargement has to come back under.
BACK_UNDER = 1e-3
EVERY, FIRST, FURTHER = "every size", "the first size", "every enlargement"
ERROR, SYMMETRIC, MINUTES = "relative_error", "relative_error_with_symmetries", "minutes"
MINIBATCHES = "minibatches_until_back"


@dataclass(frozen=True)
class Requirement:
    """A number that must not be larger than a limit.

    Attributes:
        words: In tables.
        key: Of the row of a size.
        limit: Its largest value.
        sizes: `EVERY`, `FIRST`, `FURTHER`, or one size.
    """

    words: str
    key: str
    limit: float
    sizes: str | int = EVERY


@dataclass(frozen=True)
class Case:
    """One growth by `trainers.ground_state`.

    Attributes:
        name: Of its stage and run folder.
        words: In titles.
        config: Configuration file.
        minutes: Expected duration on two cores.
        requirements: What has to hold.
    """

    name: str
    words: str
    config: str
    minutes: float
    requirements: tuple[Requirement, ...]


FOLDER = "configs/ground_state"
CASES = (
    Case(
        "chain",
        "Open Heisenberg chain",
        f"{FOLDER}/grow_chain.py",
        35.0,
        (
            Requirement("error", ERROR, 3e-4),
            Requirement("minutes", MINUTES, 30.0, FIRST),
            Requirement(f"minibatches to {BACK_UNDER:.0e}", MINIBATCHES, 100.0, FURTHER),
        ),
    ),
    Case(
        "square",
        "Open Heisenberg square",
        f"{FOLDER}/grow_square.py",
        60.0,
        (
            Requirement("error", ERROR, 1e-3, 6),
            Requirement("error with symmetries", SYMMETRIC, 1e-3, 6),
        ),
    ),
)
