"""Networks that give exact conditionals, one outcome after another, and exact samples."""

from importlib import import_module
from typing import Any

from qtf.autoregressive.settings import NETWORKS

_FILES = {"AutoregressiveNetwork": "network"} | {
    name: file for kind in NETWORKS.values() for file, name in [kind.network.split(".")]
}
__all__ = ["NETWORKS", *_FILES]


def __getattr__(name: str) -> Any:
    """Imports a network when it is asked for: settings do without Keras."""
    if name not in _FILES:
        raise AttributeError(f"Module `{__name__}` has no attribute `{name}`.")
    return getattr(import_module(f"qtf.autoregressive.{_FILES[name]}"), name)
