"""What a stage depends on, as one digest: its command, configuration and input files."""

import hashlib
import json
import runpy
from pathlib import Path

from reproduce.engine import layout
from reproduce.engine.stages import Stage

# Settings that networks have gained since journals were written; None leaves all as it was.
ADDED_TO_NETWORKS = ("feed_forward_units", "norm_last", "sinusoidal")


def fingerprint(stage: Stage, out_dir: Path) -> str:
    """Returns a digest that changes when the stage would compute something else.

    The configuration counts with its values, so that a comment in it changes nothing, and
    a missing input file counts as such. The code does not count: a training of hours is not
    thrown away for a changed line.

    Args:
        stage: The stage.
        out_dir: Folder of all outputs; its own name does not count.
    """
    command = ("-m", stage.journal_module or stage.module, *stage.options)
    content = {
        "command": [word.replace(str(out_dir), "OUT") for word in command],
        "config": None if stage.config is None else _config_values(stage.config),
        "inputs": [_digest(path) for path in stage.inputs],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _config_values(config: str) -> object:
    # What follows a colon is the argument of its function.
    name, *choice = config.split(":")
    path = layout.ROOT / name
    if not path.exists():
        raise FileNotFoundError(f"Configuration {path} does not exist.")
    values = runpy.run_path(str(path))["get_config"](*choice).to_dict()
    if "network" in values:
        values["network"] = {
            key: value
            for key, value in values["network"].items()
            if value is not None or key not in ADDED_TO_NETWORKS
        }
    return values


def _digest(path: Path) -> str | None:
    if not path.exists():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
