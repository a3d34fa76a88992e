"""Which settings of the section `model` belong to which preset."""

from collections.abc import Mapping
from typing import Any

from qtf.dynamics.models import LOCAL_GENERATOR
from trainers import base_config

GENERATOR_KEYS = ("interaction_range", "site_dependent", "fields", "order")
SHARED_KEYS = ("preset", "n_max")
METHODS = ("loop", "lbfgs")


def model_arguments(config: Mapping[str, Any], dt: float) -> dict[str, Any]:
    """Returns the arguments of `make_model` that a configuration asks for.

    Args:
        config: Resolved configuration.
        dt: Time step of the data, which a local generator has to know.

    Raises:
        ValueError: A setting belongs to another preset, or a chain with fields of its
            own is asked for at several n.
    """
    settings = config["model"]
    if settings["preset"] == LOCAL_GENERATOR:
        return _of_generator(settings, tuple(config["data"]["n_sites"]), dt)
    for key in GENERATOR_KEYS:
        if settings.get(key) is not None:
            raise ValueError(
                f'Setting `model.{key}` belongs to the preset "{LOCAL_GENERATOR}", not to'
                f' "{settings["preset"]}".'
            )
    chosen = {
        key: value
        for key, value in settings.items()
        if value is not None and key not in GENERATOR_KEYS
    }
    return {**chosen, "seed": config["training"]["seed"]}


def training_method(config: Mapping[str, Any]) -> str:
    """Returns "loop" or "lbfgs", as the configuration or the default of its preset says.

    Raises:
        ValueError: The method is unknown, or does not suit the preset.
    """
    preset = config["model"]["preset"]
    default = "lbfgs" if preset == LOCAL_GENERATOR else "loop"
    method = config["training"].get("method") or default
    if method not in METHODS:
        raise ValueError(
            f'Setting `training.method` must be one of {", ".join(METHODS)}, but is "{method}".'
        )
    if method == "lbfgs" and preset != LOCAL_GENERATOR:
        raise ValueError(
            f'Setting `training.method` = "lbfgs" needs the preset "{LOCAL_GENERATOR}", but'
            f' `model.preset` is "{preset}".'
        )
    return method


def _of_generator(
    settings: Mapping[str, Any], n_sites: tuple[int, ...], dt: float
) -> dict[str, Any]:
    usual = base_config.default().model.to_dict()
    for key, value in settings.items():
        if key not in (*SHARED_KEYS, *GENERATOR_KEYS) and value != usual[key]:
            raise ValueError(
                f'Setting `model.{key}` belongs to the networks, not to "{LOCAL_GENERATOR}".'
            )
    chosen = {key: settings[key] for key in (*SHARED_KEYS, *GENERATOR_KEYS)}
    arguments = {key: value for key, value in chosen.items() if value is not None}
    if settings["site_dependent"] or settings["fields"] is not None:
        if len(n_sites) != 1:
            raise ValueError(
                "Setting `data.n_sites` must name the one chain whose fields differ from site"
                f" to site, but is {n_sites}."
            )
        arguments["n_sites"] = n_sites[0]
    return {**arguments, "dt": dt}
