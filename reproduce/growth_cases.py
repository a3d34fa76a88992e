"""The lattices that ground states are grown on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One growth by `trainers.ground_state`.

    Attributes:
        name: Of its stage and run folder.
        words: In titles.
        config: Configuration file.
        minutes: Expected duration on two cores.
    """

    name: str
    words: str
    config: str
    minutes: float


FOLDER = "configs/ground_state"
CASES = (
    Case("chain", "Open Heisenberg chain", f"{FOLDER}/grow_chain.py", 35.0),
    Case("square", "Open Heisenberg square", f"{FOLDER}/grow_square.py", 60.0),
)
