"""What a run folder holds: which trainer wrote it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

DYNAMICS, GROUND_STATES, OPEN_SYSTEMS = "dynamics", "ground states", "open systems"
HELD = {
    DYNAMICS: "a model of dynamics",
    GROUND_STATES: "a ground state",
    OPEN_SYSTEMS: "an open system",
}


def kind_of(config: Mapping[str, Any]) -> str:
    """Returns the kind of a run whose folder does not record it, as those of version 0.1.0.

    Args:
        config: Recorded configuration, whose keys tell the kind.

    Example:
        >>> kind_of({"wave_function": {}})
        'ground states'
    """
    if "measurement" in config:
        return OPEN_SYSTEMS
    return GROUND_STATES if "wave_function" in config else DYNAMICS


def check_kind(held: str, kind: str, *, flag: str, folder: Path | str) -> None:
    """Checks that a run is of the kind that a command can use.

    Args:
        held: Kind of the run, see `RunFolder.kind`.
        kind: Kind that is needed.
        flag: Name of the flag that names the folder.
        folder: The folder.

    Raises:
        ValueError: It holds something else.
    """
    if held != kind:
        raise ValueError(
            f"Flag --{flag} must name a run of {HELD[kind]}, but {folder} holds {HELD[held]}."
        )
