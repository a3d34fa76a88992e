"""The settings that a command takes from its flags, printed instead with --print_config."""

import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

from absl import flags

from qtf.configuration import from_config
from qtf.configuration_files import PRINT_CONFIG
from qtf.settings import Settings, flatten

S = TypeVar("S", bound=Settings)

DEFAULT, FILE, FLAG = "default", "file", "flag"


def settings_from_flags(kind: type[S]) -> S:
    """Returns the settings that --config and its changes ask for.

    With --print_config they are printed, each with its source, and the command ends.

    Args:
        kind: Class of the settings of the whole configuration.

    Raises:
        ValueError: A key is unknown, a value has the wrong type or breaks its rule.
    """
    flag: Any = flags.FLAGS["config"]
    settings = from_config(kind, flag.value)
    if flags.FLAGS[PRINT_CONFIG].value:
        print(f"# --config={flag.config_filename}")
        for line in lines_of(settings, changed=flag.override_values):
            print(line)
        sys.exit(0)
    return settings


def lines_of(settings: Settings, *, changed: Collection[str]) -> list[str]:
    """Returns a line for each setting: its key, its value, and where the value is from.

    Args:
        settings: The settings.
        changed: Keys that flags have set, joined by dots; of entries, with their brackets.

    Returns:
        Lines in the order of the settings. A value of a file that equals the default is a default.

    Example:
        >>> from qtf.training.settings import TrainingSettings
        >>> lines = lines_of(TrainingSettings(n_epochs=3, seed=7), changed=["seed"])
        >>> [line.split() for line in lines if DEFAULT not in line]
        [['n_epochs', '=', '3', '#', 'file'], ['seed', '=', '7', '#', 'flag']]
    """
    defaults = flatten(type(settings)().as_mapping())
    rows = list(_rows(flatten(settings.as_mapping()), defaults, changed))
    key_width, value_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [f"{key:{key_width}} = {value:{value_width}}  # {source}" for key, value, source in rows]


def _rows(
    values: Mapping[str, Any],
    defaults: Mapping[str, Any],
    changed: Collection[str],
) -> Iterator[tuple[str, str, str]]:
    for key, value in values.items():
        is_set = any(name == key or name.startswith((f"{key}.", f"{key}[")) for name in changed)
        of_file = key not in defaults or value != defaults[key]
        yield key, repr(value), FLAG if is_set else FILE if of_file else DEFAULT
