"""Quantum many-body physics with TensorFlow and Keras.

What one asks for most is here: `find_ground_state`, `learn_hamiltonian`, `learn_from_shots`,
`train_dynamics`, `steady_state`, `evolve_open`, `load`, `export` and pictures; see docs/python.md.
The rooms behind it are `qtf.physics`, `qtf.ground_states` and so on.
"""

from qtf.extras import name_missing_extras
from qtf.lazy_names import lazy_names

__version__ = "0.1.0"
_PLACES = {
    "evolve_open": "qtf.api",
    "find_ground_state": "qtf.api",
    "learn_from_shots": "qtf.api",
    "learn_hamiltonian": "qtf.api",
    "load": "qtf.api",
    "plot_correlations": "qtf.pictures",
    "plot_curves": "qtf.pictures",
    "plot_learning": "qtf.pictures",
    "plot_profile": "qtf.pictures",
    "steady_state": "qtf.api",
    "train_dynamics": "qtf.api",
}
_ROOMS = (
    "autoregressive",
    "data",
    "dynamics",
    "export",
    "ground_states",
    "layers",
    "measurements",
    "open_systems",
    "physics",
    "training",
)
# `qtf.export` is a room that can be called.
__all__ = ["__version__", "export", *_PLACES]
__getattr__, _names = lazy_names(__name__, _PLACES)
name_missing_extras()


def __dir__() -> list[str]:
    """Returns what users ask for, without what only the rooms share."""
    return sorted({*__all__, *_ROOMS})
