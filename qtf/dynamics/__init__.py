"""Predicting the time evolution of spin chains."""

from qtf.lazy_names import lazy_names

_PLACES = {
    "FitResult": "qtf.dynamics.generator_fit",
    "LocalTerms": "qtf.dynamics.local_terms",
    "evaluate": "qtf.dynamics.evaluation",
    "fit_generator": "qtf.dynamics.generator_fit",
    "identify": "qtf.dynamics.generator_report",
}
_WITH_KERAS = {
    "LocalGenerator": "qtf.dynamics.local_generator",
    "Rollout": "qtf.dynamics.rollout",
    "TransferableSRU": "qtf.dynamics.transferable_sru",
}
__all__ = [*_PLACES, *_WITH_KERAS]
__getattr__, __dir__ = lazy_names(__name__, _PLACES, with_keras=_WITH_KERAS)
