"""Every key that the configuration of `trainers.ground_state` may have, with its default."""

from typing import Any

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from qtf.checks import (
    COUNT,
    COUNT_OR_0,
    FINITE,
    FLAG,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    SAMPLES,
    Number,
    Optional,
    Several,
)
from trainers.base_config import LOOP_RULES, merged, training_defaults

# Of numbers and flags; see `trainers.base_config`.
RULES = {
    "network": {
        "units": Optional(COUNT),
        "n_layers": Optional(COUNT),
        "layer_norm": Optional(FLAG),
        "n_attention_heads": Optional(COUNT),
        "width": Optional(COUNT),
        "depth": Optional(COUNT),
        "residual": Optional(FLAG),
    },
    "wave_function": dict.fromkeys(("zero_magnetization", "marshall_sign", "positive"), FLAG),
    "sampling": {
        "n_samples": SAMPLES,
        "every_configuration": FLAG,
        "n_validation": SAMPLES,
        "chunk": COUNT_OR_0,
        "n_prefixes": COUNT,
    },
    "symmetry": {"in_training": FLAG, "weighted_phase": FLAG},
    "penalties": dict.fromkeys(("temperature", "temperature_decay", "magnetization"), NOT_NEGATIVE),
    "min_sr": {"diag_shift": Optional(POSITIVE), "momentum": FRACTION},
    "reference": Optional(FINITE),
    "refinement": {
        "n_epochs": COUNT_OR_0,
        "steps_per_epoch": COUNT,
        "learning_rate": POSITIVE,
        "diag_shift": POSITIVE,
    },
    "growth": {
        "sizes": Several(Number(least=2, integer=True)),
        "n_steps": Several(COUNT),
        "n_samples": Several(SAMPLES),
        "learning_rates": Several(POSITIVE),
        "floor": NOT_NEGATIVE,
        "clip_norms": Several(NOT_NEGATIVE),
        "steps_per_epoch": COUNT,
        "log_every_steps": COUNT,
        "n_evaluation": SAMPLES,
        "n_averages": COUNT_OR_0,
    },
    "training": LOOP_RULES,
}


def default() -> ConfigDict:
    """Returns the default configuration; its keys are locked."""
    return ConfigDict(
        {
            "physics": {"hamiltonian": {"name": "ising", "lattice": "chain", "n_sites": 12}},
            "network": _network(),
            "wave_function": {
                "order": "raster",  # or "snake", which gated_2d needs and a GRU on squares likes
                "zero_magnetization": False,
                "marshall_sign": False,
                "positive": False,  # no phase beside that of the sign rule
                "phase": "angle",  # or "sine_and_cosine", of which it is the arc tangent
            },
            "sampling": {
                "n_samples": 256,  # of a step of one replica
                "every_configuration": False,  # trains on all of them instead, to 16 sites
                "n_validation": 4096,
                "chunk": 0,  # flips at once in local energies; 0: as many as memory allows
                "n_prefixes": 4,  # positions from which flipped spins may be evaluated
            },
            "symmetry": {
                "group": "none",  # or "flip", "lattice", "lattice_and_flip"
                "in_training": False,  # otherwise the result is averaged after the training
                "weighted_phase": True,
            },
            "penalties": {
                "temperature": 0.0,  # T of E + T / n <log |psi|^2>, at step 0
                "temperature_decay": 1e-3,
                "magnetization": 0.0,  # C of E + C <M^2>, M a site
            },
            # Stochastic reconfiguration where there is a shift; best with the optimiser "sgd".
            "min_sr": {"diag_shift": placeholder(float), "momentum": 0.95},
            # Ground energy where it is known; None: by Lanczos up to 16 spins, else unknown.
            "reference": placeholder(float),
            # After the training, on sums over all configurations and with the symmetries built
            # in, up to 16 sites; 0 epochs: not at all.
            "refinement": {
                "n_epochs": 0,
                "steps_per_epoch": 10,
                "learning_rate": 0.05,
                "diag_shift": 1e-4,
            },
            "growth": _growth(),
            "training": _training(),
        }
    ).lock()


def resolved(config: ConfigDict) -> dict[str, Any]:
    """Returns `config` on top of the defaults as plain nested mappings.

    Raises:
        ValueError: A key is unknown or a value breaks its rule.
    """
    return merged(default(), config, hamiltonian_in="physics", rules=RULES)


def _growth() -> dict[str, Any]:
    """Returns how a trained wave function goes on to larger lattices; by default not at all.

    What holds several values has one for each size after the first; the last one holds for
    all further ones. An empty one: as in the training of the first size.
    """
    return {
        "sizes": (),  # spins of a chain or of the side of a square, the first one included
        "n_steps": (300,),
        "n_samples": (),  # of a step
        "learning_rates": (1e-4,),
        "schedule": "constant",
        "floor": 0.0,  # of the schedules that have one
        "clip_norms": (),
        "steps_per_epoch": 50,  # steps between two validations
        "log_every_steps": 5,
        "n_evaluation": 10000,  # samples of the energy at the end of each size
        "n_averages": 2000,  # of that of the average over symmetries, if known; 0: not measured
    }


def _training() -> dict[str, Any]:
    defaults = training_defaults()
    optimizer = {
        "learning_rate": 2e-3,
        "schedule": "cosine",
        "warmup_steps": 50,
        "floor": 1e-5,
        # Gradients shrink with the variance of the local energy.
        "beta_2": 0.99,
        "clip_norm": 1.0,
    }
    return {
        **defaults,
        "monitor": "energy",
        "stop_metric": "v_score",
        "figures_every_epochs": 5,
        "n_epochs": 20,
        "steps_per_epoch": 100,
        "optimizer": {**defaults["optimizer"], **optimizer},
    }


def _network() -> dict[str, Any]:
    return {
        "name": "gru",  # or "transformer", or on squares "gated_2d", "lstm_2d", "pixelcnn"
        "units": placeholder(int),  # gated_2d, gru, lstm_2d, transformer
        "n_layers": placeholder(int),  # lstm_2d, transformer
        "layer_norm": placeholder(bool),  # lstm_2d
        "n_attention_heads": placeholder(int),  # transformer
        "width": placeholder(int),  # pixelcnn
        "depth": placeholder(int),  # pixelcnn
        "residual": placeholder(bool),  # pixelcnn
    }
