"""Every key that the configuration of `trainers.dynamics` may have, with its default."""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from qtf.checks import (
    COUNT,
    FINITE,
    FLAG,
    FRACTION,
    POSITIVE,
    Number,
    Optional,
    Several,
    check_settings,
)
from qtf.configuration_files import nearest_key
from qtf.training.settings import OptimizerSettings, TrainingSettings

LOOP_RULES = TrainingSettings.rules()
# What is a number or a flag; words are checked where they are looked up, and the section `fit`
# where it is used.
RULES = {
    "model": {
        "n_max": COUNT,
        "units": COUNT,
        "n_layers": Optional(COUNT),
        "layer_norm": Optional(FLAG),
        "dropout": Optional(FRACTION),
        "chain_gain": Optional(FLAG),
        "increment_scale": Optional(POSITIVE),
        "interaction_range": Optional(COUNT),
        "site_dependent": Optional(FLAG),
        "fields": Optional(Several(FINITE)),
        "order": Optional(COUNT),
    },
    "data": {
        "n_sites": Several(COUNT),
        "weights": Several(POSITIVE),
        "batch_size": COUNT,
        "window": Number(least=2, integer=True),
        "n_validation": COUNT,
        "n_rollouts": COUNT,
        "rollout_steps": COUNT,
        "cache": FLAG,
    },
    "exact": {"dt": POSITIVE, "n_steps": COUNT},
    "transfer": {"grow": FLAG},
    "training": LOOP_RULES,
}


def default() -> ConfigDict:
    """Returns the default configuration; its keys are locked.

    In `model`, None means: as the preset has it.
    """
    return ConfigDict(
        {
            "model": _model(),
            "loss": "mean_squared_error",  # or "squared_distance", of whole states
            "data": _data(),
            "exact": _exact(),
            "transfer": _transfer(),
            "training": {
                # "loop", or "lbfgs" for a local generator, whose default it is.
                "method": placeholder(str),
                **training_defaults(),
            },
            "fit": _fit(),
        }
    ).lock()


def resolved(config: ConfigDict) -> dict[str, Any]:
    """Returns `config` on top of the defaults as plain nested mappings.

    Args:
        config: Possibly with some keys only, as a hand-written file may have.

    Raises:
        ValueError: A key is unknown.
    """
    return merged(default(), config, hamiltonian_in="exact", rules=RULES)


def merged(
    full: ConfigDict, config: ConfigDict, *, hamiltonian_in: str, rules: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns `config` on top of `full` as plain nested mappings.

    Args:
        full: All keys that are known, with their defaults; locked.
        config: Possibly with some of them only.
        hamiltonian_in: The section whose key `hamiltonian` is replaced as a whole.
        rules: What values must be, nested as the keys.

    Raises:
        ValueError: A key is unknown or a value breaks its rule.
    """
    values = config.to_dict()
    # As given: afterwards True, for example, may have become 1.0.
    check_settings(values, rules)
    # Its keys depend on its name; whoever builds the Hamiltonian checks them.
    hamiltonian = values.get(hamiltonian_in, {}).pop("hamiltonian", None)
    _check_known(full.to_dict(), values)
    try:
        full.update(values)
    except TypeError as error:
        raise ValueError(f"Configuration has a value of the wrong type: {error}") from error
    resolved_values = full.to_dict()
    if hamiltonian is not None:
        resolved_values[hamiltonian_in]["hamiltonian"] = hamiltonian
    check_settings(resolved_values, rules)
    return resolved_values


def _check_known(known: dict[str, Any], values: Mapping[str, Any], *above: str) -> None:
    section = known
    for name in above:
        section = section[name]
    for name, value in values.items():
        if name not in section:
            raise ValueError(
                f"Configuration has the unknown key `{'.'.join((*above, name))}`."
                f" {nearest_key(known, above, name)}"
            )
        if isinstance(section[name], dict) and isinstance(value, Mapping):
            _check_known(known, value, *above, name)


def _model() -> dict[str, Any]:
    return {
        "preset": "increment",
        "n_max": 10,
        "units": 512,
        "n_layers": placeholder(int),
        "activation": "relu",
        "layer_norm": placeholder(bool),
        "dropout": placeholder(float),
        "chain_gain": placeholder(bool),
        "predicts": placeholder(str),
        "increment_scale": placeholder(float),
        "decoder_initializer": placeholder(str),
        # Of the preset "local_generator" only.
        "interaction_range": placeholder(int),
        "site_dependent": placeholder(bool),
        "fields": placeholder(tuple),
        "order": placeholder(int),
    }


def _data() -> dict[str, Any]:
    return {
        "source": "files",  # "files" (of data_gen, needs --data_dir) or "exact" (on the fly)
        "n_sites": (2, 3, 4, 5, 6, 7),
        "weights": (),  # how often each n is drawn; () means equally
        "batch_size": 16,  # trajectories a batch of one replica
        "window": 100,  # states of a training window
        "n_validation": 256,  # validation trajectories for each n
        "n_rollouts": 64,  # of them, how many are rolled out at each validation
        "rollout_steps": 100,  # steps of these rollouts
        "cache": False,  # keep the raw records in memory
    }


def _exact() -> dict[str, Any]:
    """Returns the physics of the source "exact"."""
    return {
        "hamiltonian": {
            "name": "ising",
            "lattice": "chain",
            "periodic": False,
            "coupling": 1.0,
            "transverse_field": -1.05,
            "longitudinal_field": 0.5,
        },
        "initial_states": "paper",
        "dt": 0.002,
        "n_steps": 500,
    }


def _transfer() -> dict[str, Any]:
    """Returns how a network starts that has the flag --init_from."""
    return {
        # Chains longer than those of the initial run start as its longest one beside idle
        # spins; otherwise their rows of the tables start from their initial values.
        "grow": True,
    }


def training_defaults() -> dict[str, Any]:
    """Returns the settings of the loop, see `qtf.training.settings`."""
    optimizer = OptimizerSettings(schedule="exponential", floor=5e-5)
    return TrainingSettings(n_epochs=100, optimizer=optimizer).as_mapping()


def _fit() -> dict[str, Any]:
    """Returns the settings of the method "lbfgs"."""
    return {
        "n_trajectories": 100,  # of each n
        "n_steps": 100,  # steps of them that are used
        "last_lag": 0,  # longest distance of two states, in steps; 0: two thirds of n_steps
        "noise": 0.0,  # standard deviation of noise added to every part, for trials
    }
