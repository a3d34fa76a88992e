"""The source "exact": trajectories computed during the training. No TensorFlow."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from qtf.data.exact_source import ExactSource
from qtf.physics import sample_trajectories
from qtf.progress import announced

# Apart from the streams of training batches.
VALIDATION_STREAM = 21


def exact_source(config: Mapping[str, Any]) -> ExactSource:
    """Returns the source of training batches of a resolved configuration."""
    data, exact = config["data"], config["exact"]
    return ExactSource(
        exact["hamiltonian"],
        initial_states=exact["initial_states"],
        dt=exact["dt"],
        n_steps=exact["n_steps"],
        n_sites=data["n_sites"],
        weights=data["weights"] or None,
        batch_size=data["batch_size"],
        window=data["window"],
        seed=config["training"]["seed"],
    )


def exact_validation(config: Mapping[str, Any]) -> dict[int, np.ndarray]:
    """Returns n_sites -> trajectories, complex (n_validation, n_times, 2**n)."""
    data, found = config["data"], {}
    with announced("exact trajectories for validation", len(data["n_sites"])) as activity:
        for n_sites in data["n_sites"]:
            found[n_sites] = sample_trajectories(
                exact_physics(config),
                n_sites,
                data["n_validation"],
                states_needed(data),
                seed=config["training"]["seed"],
                stream=VALIDATION_STREAM,
            )
            activity.advance()
    return found


def exact_physics(config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what evaluation and export need to know of the trajectories."""
    return {key: config["exact"][key] for key in ("hamiltonian", "initial_states", "dt")}


def states_needed(data: Mapping[str, Any]) -> int:
    """Returns how many states of a trajectory training and validation take."""
    return max(data["rollout_steps"] + 1, data["window"])
