"""The model card that travels inside every exported model."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from qtf import __version__
from qtf.dynamics.local_generator import LocalGenerator

TEMPLATE = """# {title}

{summary} Written by qtf {version}.

| fact | value |
| --- | --- |
| Hamiltonian | {hamiltonian} |
| time step dt (hbar = 1) | {dt} |
| initial states it was trained on | {initial_states} |
| weights | {n_weights} |
| predicts | {predicts} |
| largest n_steps of a request | {max_steps} |
| relative entropy in validation | {validation} |

## Inputs and outputs

Basis: index = bit string with spin 1 as the most significant bit, bit 0 is spin up (Z = +1).
States are two float32 arrays, real and imaginary part, (batch, 2**n), normalised to 1.

- `rollout`: psi0_re, psi0_im, n_steps (batch,) -> psi_re, psi_im (batch, n_steps + 1, 2**n)
- `observables`: the same inputs -> norm{energy}, magnetization_x, magnetization_y,
  magnetization_z, each (batch, n_steps + 1); all but the norm of the normalised states
- `step`: psi_re, psi_im, cells (batch, {n_layers}, {units}), {cells} -> the same, one
  dt later

## Limits

{limits}
"""

NETWORK = {
    "title": "Transferable SRU for spin-chain dynamics",
    "summary": "Predicts psi(t + dt) from psi(t) and a memory, again and again, for systems of"
    " {n_sites}\nspins.",
    "cells": "zeros at first",
    "limits": """An approximation learned from trajectories: errors grow with the number of steps,
and nothing is promised for other Hamiltonians, other time steps, other laws of initial states or
other n. For a single small system exact diagonalisation is faster and exact.""",
}
GENERATOR = {
    "title": "Local generator for spin-chain dynamics",
    "summary": "Predicts psi(t + dt) = exp(-i dt G) psi(t), again and again, for systems of"
    " {n_sites}\nspins, with a Hermitian G of local terms that was learned from {source} of"
    " {trained_n_sites}\nspins. The prediction is unitary and has no memory.",
    "cells": "empty: there is no memory",
    "limits": """What was learned from short chains holds for longer ones because interactions are
taken to be local and the same along the chain, and for every initial state; nothing is promised
for other Hamiltonians or other time steps. States are computed in float64, but enter and leave
as float32.""",
}
# What models learn from, unless their run says something else.
TRAJECTORIES = "trajectories"
# Coefficients below this are left out of the card.
SMALLEST_SHOWN = 1e-6


def model_card(
    model: keras.Model,
    config: Mapping[str, Any],
    n_sites: Sequence[int],
    max_steps: int,
    validation: Mapping[str, Any] | None = None,
) -> str:
    """Returns the card as Markdown.

    Args:
        model: The model.
        config: Configuration of the run, with its `physics`.
        n_sites: Numbers of spins that are served.
        max_steps: Largest number of steps of one request.
        validation: Error of the model, see `validation_record`; None: not known.
    """
    physics = config["physics"]
    trained = config.get("data", {}).get("n_sites", n_sites)
    local = isinstance(model, LocalGenerator)
    texts = dict(GENERATOR if local else NETWORK)
    texts["summary"] = texts["summary"].format(
        n_sites=_list_sizes(n_sites),
        trained_n_sites=_list_sizes(trained),
        source=physics.get("learned_from", TRAJECTORIES),
    )
    return TEMPLATE.format(
        **texts,
        version=__version__,
        hamiltonian=_describe_hamiltonian(physics),
        energy=", energy" * _has_energy(physics),
        dt=physics["dt"],
        initial_states=physics["initial_states"],
        n_weights=model.count_params(),
        predicts=_describe_generator(model) if local else model.predicts,
        max_steps=max_steps,
        validation=_describe_validation(validation),
        n_layers=model.n_layers,
        units=model.units,
    )


def _describe_validation(validation: Mapping[str, Any] | None) -> str:
    if validation is None:
        return "not known"
    values = validation["relative_entropy"].items()
    told = ", ".join(f"{value:.3g} for n = {n}" for n, value in values)
    return f"{told}; mean over trajectories at the end of {validation['n_steps']} steps"


def _has_energy(physics: Mapping[str, Any]) -> bool:
    return bool(physics["hamiltonian"]) and not physics.get("drive")


def _describe_hamiltonian(physics: Mapping[str, Any]) -> str:
    parts = [f"{key} {value}" for key, value in physics["hamiltonian"].items()]
    parts += [f"driven: {entry['term']}, {entry['law']}" for entry in physics.get("drive", ())]
    source = physics.get("learned_from", TRAJECTORIES)
    return ", ".join(parts) or f"not known: the {source} were given"


def _list_sizes(n_sites: Sequence[int]) -> str:
    return ", ".join(map(str, n_sites))


def _describe_generator(model: LocalGenerator) -> str:
    """Returns G as a formula of the coefficients that are not 0."""
    coefficients = np.asarray(model.coefficients)
    shown = [
        f"{value:+.6g} {name}"
        for name, value in zip(model.terms.names, coefficients, strict=True)
        if abs(value) >= SMALLEST_SHOWN
    ]
    return f"the state, by G = sum of {', '.join(shown) or '0'}"
