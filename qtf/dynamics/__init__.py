"""Predicting the time evolution of spin chains."""

from importlib import import_module
from typing import Any

_MODELS = {
    "LocalGenerator": "qtf.dynamics.local_generator",
    "TransferableSRU": "qtf.dynamics.transferable_sru",
}
__all__ = [*_MODELS]


def __getattr__(name: str) -> Any:
    """Imports a model when it is asked for: fits and metrics do without Keras."""
    if name not in _MODELS:
        raise AttributeError(f"Module `{__name__}` has no attribute `{name}`.")
    return getattr(import_module(_MODELS[name]), name)
