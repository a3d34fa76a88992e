"""The models that a configuration can name; importing this registers their classes."""

from typing import Any

import keras

from qtf.dynamics import transferable_sru
from qtf.dynamics.local_generator import LocalGenerator
from qtf.dynamics.transferable_sru import TransferableSRU

LOCAL_GENERATOR = "local_generator"
PRESETS = (*transferable_sru.PRESETS, LOCAL_GENERATOR)


def make_model(preset: str, **arguments: Any) -> keras.Model:
    """Makes the model of a preset.

    Args:
        preset: One of `PRESETS`: a network, or "local_generator".
        **arguments: Of `TransferableSRU.from_preset` or of `LocalGenerator`.

    Raises:
        ValueError: The preset is unknown, or an argument is out of range.

    Example:
        >>> make_model("local_generator", dt=0.002).terms.size
        20
    """
    if preset not in PRESETS:
        known = ", ".join(PRESETS)
        raise ValueError(f'Argument `preset` must be one of {known}, but is "{preset}".')
    if preset == LOCAL_GENERATOR:
        return LocalGenerator(**arguments)
    return TransferableSRU.from_preset(preset, **arguments)
