"""Open quantum systems as probabilities of the outcomes of measurements."""

from qtf.lazy_names import lazy_names

_WITH_KERAS = {
    "OutcomeDistribution": "qtf.open_systems.outcome_distribution",
    "PauliObservables": "qtf.open_systems.observables",
    "PovmLiouvillian": "qtf.open_systems.povm_liouvillian",
}
__all__ = [*_WITH_KERAS]
__getattr__, __dir__ = lazy_names(__name__, {}, with_keras=_WITH_KERAS)
