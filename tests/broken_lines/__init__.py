"""Lines that `tests.mutation_check` breaks, by their text, and the tests that should notice."""

from tests.broken_lines.doors import COMMANDS, FRONT_DOOR
from tests.broken_lines.lines import BrokenLine
from tests.broken_lines.rooms import (
    DATA,
    GROUND_STATES,
    LAYERS,
    OPEN_SYSTEMS,
    PHYSICS,
    SERVING,
    TRAINING,
)

BROKEN_LINES = (
    *PHYSICS,
    *LAYERS,
    *DATA,
    *TRAINING,
    *GROUND_STATES,
    *OPEN_SYSTEMS,
    *SERVING,
    *COMMANDS,
    *FRONT_DOOR,
)

__all__ = ["BROKEN_LINES", "BrokenLine"]
