"""Every key that the configuration of `trainers.open_system` may have, with its default."""

from typing import Any

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from qtf.checks import (
    COUNT,
    COUNT_OR_0,
    FLAG,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    SAMPLES,
    Optional,
)
from trainers.base_config import LOOP_RULES, merged, training_defaults

# Of numbers and flags; see `trainers.base_config`.
RULES = {
    "physics": {"decay_rate": NOT_NEGATIVE},
    "network": {
        "units": Optional(COUNT),
        "n_layers": Optional(COUNT),
        "n_attention_heads": Optional(COUNT),
        "feed_forward_units": Optional(COUNT),
        "norm_last": Optional(FLAG),
        "sinusoidal": Optional(FLAG),
        "layer_norm": Optional(FLAG),
        "width": Optional(COUNT),
        "depth": Optional(COUNT),
        "residual": Optional(FLAG),
    },
    "strings": COUNT_OR_0,
    "objective": {"every_outcome": FLAG},
    "natural_gradient": {"diag_shift": Optional(POSITIVE), "momentum": FRACTION},
    "dynamics": {"tau": POSITIVE},
    "steady_state": {"n_epochs": COUNT_OR_0},
    "sampling": {"n_samples": SAMPLES, "n_validation": SAMPLES, "chunk": COUNT_OR_0},
    "exact": FLAG,
    "training": LOOP_RULES,
}


def default() -> ConfigDict:
    """Returns the default configuration; its keys are locked."""
    return ConfigDict(
        {
            "physics": {
                "hamiltonian": {"name": "ising", "lattice": "chain", "n_sites": 4},
                "decay_rate": 1.0,  # of every spin, from up to down
            },
            "measurement": "tetrahedral",  # or "four_pauli"
            "start": "+z",  # all spins along one of +x, -x, +y, -y, +z, -z
            "network": _network(),
            # Orders of the sites that are averaged; 0: the one of their numbers.
            "strings": 0,
            "objective": {
                "norm": "l1",  # or "chi2"
                "every_outcome": True,  # sums over all of them, to 9 sites; else samples
            },
            # Follows residuals instead where there is a shift; then a step is worth hundreds.
            # Best with the optimiser "sgd" and the learning rate 1.
            "natural_gradient": {"diag_shift": placeholder(float), "momentum": 0.0},
            "dynamics": {"tau": 0.005},  # a step of time is 2 tau
            "steady_state": {"n_epochs": 0},  # that look for it before the first step of time
            "sampling": {
                "n_samples": 12000,  # of a step of one replica
                "n_validation": 12000,
                "chunk": 0,  # moves at once in sums over other outcomes; 0: as memory allows
            },
            "exact": True,  # exact values beside, to 9 sites
            "training": _training(),
        }
    ).lock()


def resolved(config: ConfigDict) -> dict[str, Any]:
    """Returns `config` on top of the defaults as plain nested mappings.

    Raises:
        ValueError: A key is unknown or a value breaks its rule.
    """
    return merged(default(), config, hamiltonian_in="physics", rules=RULES)


def _training() -> dict[str, Any]:
    defaults = training_defaults()
    optimizer = {
        "learning_rate": 1e-2,
        "schedule": "last_third_lower",
        "decay": 0.5,
        "beta_2": 0.98,
    }
    return {
        **defaults,
        # An epoch is a step of time.
        "n_epochs": 200,
        "steps_per_epoch": 120,
        "optimizer": {**defaults["optimizer"], **optimizer},
    }


def _network() -> dict[str, Any]:
    return {
        "name": "transformer",  # or "gru", or on squares "lstm_2d", "pixelcnn", "gated_2d"
        "units": placeholder(int),
        "n_layers": placeholder(int),
        "n_attention_heads": placeholder(int),  # transformer
        "feed_forward_units": placeholder(int),  # transformer
        "norm_last": placeholder(bool),  # transformer
        "sinusoidal": placeholder(bool),  # transformer
        "layer_norm": placeholder(bool),  # lstm_2d
        "width": placeholder(int),  # pixelcnn
        "depth": placeholder(int),  # pixelcnn
        "residual": placeholder(bool),  # pixelcnn
    }
