"""Trajectories as files and as batches: the format, the readers, the in-memory source.

The package itself imports nothing, so that processes without TensorFlow can use
`qtf.data.schema`, `qtf.data.loading` and `qtf.data.exact_source`.
"""

from importlib import import_module
from typing import Any

_PLACES = {
    "TrajectoryReader": "qtf.data.reader",
    "load_trajectories": "qtf.data.loading",
    "write_trajectories": "qtf.data.given",
}
__all__ = [*_PLACES]


def __getattr__(name: str) -> Any:
    """Imports what is asked for when it is: only the reader needs TensorFlow."""
    if name not in _PLACES:
        raise AttributeError(f"Module `{__name__}` has no attribute `{name}`.")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    """Returns what there is, imported or not."""
    return sorted([*globals(), *__all__])
