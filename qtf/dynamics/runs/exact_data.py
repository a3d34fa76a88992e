"""The source "exact": trajectories computed during the training. No TensorFlow."""

import numpy as np

from qtf.data.exact_source import ExactSource
from qtf.data.laws import RecordedLaw
from qtf.data.settings import DataSettings, ExactSettings
from qtf.physics import sample_trajectories
from qtf.progress import announced
from qtf.streams import Stream


def exact_source(data: DataSettings, exact: ExactSettings, *, seed: int) -> ExactSource:
    """Returns the source of training batches."""
    return ExactSource(
        exact.hamiltonian.as_mapping(),
        initial_states=exact.initial_states,
        dt=exact.dt,
        n_steps=exact.n_steps,
        n_sites=data.n_sites,
        weights=data.weights or None,
        batch_size=data.batch_size,
        window=data.window,
        seed=seed,
    )


def exact_validation(data: DataSettings, law: RecordedLaw, *, seed: int) -> dict[int, np.ndarray]:
    """Returns n_sites -> trajectories, complex (n_validation, n_times, 2**n)."""
    trajectories = {}
    with announced("exact trajectories for validation", len(data.n_sites)) as activity:
        for n_sites in data.n_sites:
            trajectories[n_sites] = sample_trajectories(
                law.as_mapping(),
                n_sites,
                data.n_validation,
                data.n_states,
                seed=seed,
                stream=Stream.VALIDATION_STATES,
            )
            activity.advance()
    return trajectories
