"""Trajectories as files and as batches: the format, the readers, the in-memory source.

The package itself imports nothing, so that processes without TensorFlow can use
`qtf.data.schema`, `qtf.data.loading` and `qtf.data.exact_source`.
"""

from qtf.lazy_names import lazy_names

_PLACES = {
    "ExactSource": "qtf.data.exact_source",
    "Manifest": "qtf.data.schema",
    "load_trajectories": "qtf.data.loading",
    "write_trajectories": "qtf.data.given",
}
_WITH_KERAS = {
    "TrajectoryReader": "qtf.data.reader",
}
__all__ = [*_PLACES, *_WITH_KERAS]
__getattr__, __dir__ = lazy_names(__name__, _PLACES, with_keras=_WITH_KERAS)
