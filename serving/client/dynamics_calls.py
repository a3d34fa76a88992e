"""Calls to models of dynamics; `serving.client.client.Client` has their words."""

from collections.abc import Collection, Mapping
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from serving.client.answers import OBSERVABLE_NAMES, Observables, StreamState, Trajectory
from serving.client.calls import Call, Outputs, Target, metadata, one_version, predict
from serving.client.errors import unusable_answer
from serving.client.states import (
    checked_batch,
    checked_course,
    checked_n_steps,
    checked_output,
    join_parts,
    parts,
)
from serving.client.transport import ModelName


def rollout(target: Target, psi0: ArrayLike, n_steps: int) -> Call[Trajectory]:
    """Asks for the states at steps 0 to `n_steps`."""
    states, is_single = checked_batch("psi0", psi0)
    tails = dict.fromkeys(("psi_re", "psi_im"), states.shape[1:])
    n_steps = checked_n_steps(n_steps)
    outputs, version = yield from _over_time(target, "rollout", states, n_steps, tails)
    psi = join_parts(outputs["psi_re"], outputs["psi_im"])
    return Trajectory(psi[0] if is_single else psi, version)


def observables(target: Target, psi0: ArrayLike, n_steps: int) -> Call[Observables]:
    """Asks for what is measured on these states."""
    states, is_single = checked_batch("psi0", psi0)
    tails = dict.fromkeys(OBSERVABLE_NAMES, ())
    n_steps = checked_n_steps(n_steps)
    outputs, version = yield from _over_time(
        target, "observables", states, n_steps, tails, optional=("energy",)
    )
    if is_single:
        outputs = {name: values[0] for name, values in outputs.items()}
    return Observables(**outputs, version=version)


def start(target: Target, psi0: ArrayLike) -> Call[StreamState]:
    """Asks for the version that steps will be bound to, and makes its first state."""
    states, is_single = checked_batch("psi0", psi0)
    served = yield from metadata(target.model)
    try:
        shape = served.signatures["step"].inputs["cells"].shape
        _, *sizes = cast("tuple[int, ...]", shape)
        cells = np.zeros((len(states), *sizes), np.float32)
    except (KeyError, TypeError) as error:
        raise unusable_answer("no signature `step` with `cells`.") from error
    return StreamState(states[0] if is_single else states, cells, served.version)


def step(target: Target, state: StreamState) -> Call[StreamState]:
    """Asks for the state one time step later."""
    states, is_single = checked_batch("state", state.psi)
    inputs = {**parts("psi", states), "cells": state.cells}
    model = ModelName(target.model.name, state.version)
    outputs, _ = yield from predict(model, "step", inputs)
    psi = join_parts(
        *(checked_output(outputs, f"psi_{part}", states.shape) for part in ("re", "im"))
    )
    cells = checked_output(outputs, "cells", state.cells.shape)
    return StreamState(psi[0] if is_single else psi, cells, state.version)


def _over_time(
    target: Target,
    signature: str,
    states: np.ndarray,
    n_steps: int,
    tails: Mapping[str, tuple[int, ...]],
    *,
    optional: Collection[str] = (),
) -> Call[tuple[Outputs, int | None]]:
    """Predicts piece by piece; output `name` has shape (batch, n_steps + 1, *tails[name])."""
    size = target.max_batch or len(states)
    pieces = [states[first : first + size] for first in range(0, len(states), size)]
    model = yield from one_version(target.model, len(pieces))
    chunks: dict[str, list[np.ndarray]] = {name: [] for name in tails}
    for piece in pieces:
        inputs = {**parts("psi0", piece), "n_steps": np.full(len(piece), n_steps, np.int32)}
        outputs, version = yield from predict(model, signature, inputs)
        for name, tail in tails.items():
            if name in optional and name not in outputs:
                continue
            shape = (len(piece), n_steps + 1, *tail)
            chunks[name].append(checked_course(outputs, name, shape))
    courses = {name: np.concatenate(arrays) for name, arrays in chunks.items() if arrays}
    return courses, version
