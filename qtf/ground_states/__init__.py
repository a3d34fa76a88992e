"""Ground states by variational Monte Carlo with autoregressive wave functions."""

from qtf.lazy_names import lazy_names

_PLACES = {
    "EnergyEstimate": "qtf.ground_states.estimates",
}
_WITH_KERAS = {
    "ListedWaveFunction": "qtf.ground_states.listed_wave_function",
    "LocalEnergy": "qtf.ground_states.local_energy",
    "SymmetricWaveFunction": "qtf.ground_states.symmetries",
    "WaveFunction": "qtf.ground_states.wave_function",
    "expectation": "qtf.ground_states.observables",
    "renyi_entropy": "qtf.ground_states.observables",
    "sample_chain": "qtf.ground_states.markov_chain",
    "state_vector": "qtf.ground_states.exact_sums",
}
__all__ = [*_PLACES, *_WITH_KERAS]
__getattr__, __dir__ = lazy_names(__name__, _PLACES, with_keras=_WITH_KERAS)
