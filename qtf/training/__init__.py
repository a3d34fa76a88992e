"""The one training loop; knows no physics and no model."""

from qtf.lazy_names import lazy_names

_PLACES = {
    "TrainingSettings": "qtf.training.settings",
}
_WITH_KERAS = {
    "RunFolder": "qtf.training.run_folder",
    "Training": "qtf.training.training",
    "read_metrics": "qtf.training.logbook",
    "train": "qtf.training.loop",
}
__all__ = [*_PLACES, *_WITH_KERAS]
__getattr__, __dir__ = lazy_names(__name__, _PLACES, with_keras=_WITH_KERAS)
