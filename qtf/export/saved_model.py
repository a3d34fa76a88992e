"""Writes numbered SavedModel versions, each whole or not there at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from qtf.export.model_card import model_card
from qtf.export.signatures import DynamicsModule
from qtf.export.warm_up import write_warm_up
from qtf.files import folder_written_aside
from qtf.physics import PauliSum
from qtf.training.io_errors import writing

MAX_STEPS = 1000


def export_dynamics(
    model: keras.Model,
    model_dir: Path | str,
    hamiltonians: Mapping[int, PauliSum],
    config: Mapping[str, Any],
    *,
    max_steps: int = MAX_STEPS,
    xla_signature: bool = False,
) -> Path:
    """Writes the next version `model_dir/N` with signatures rollout, observables, step.

    With it go requests for the server to warm up with.

    `rollout` is also the default signature. All of them are plain graphs, because
    TensorFlow Serving refuses XLA unless started for it.

    Args:
        model: The model with its weights.
        model_dir: Folder of all versions, created if missing.
        hamiltonians: n_sites -> Hamiltonian, for every n that is to be served.
        config: Configuration of the run, written into the assets with `max_steps`.
        max_steps: Largest number of steps of one request.
        xla_signature: Whether to add `rollout_xla`, for servers started with XLA.

    Returns:
        The folder of the new version.

    Raises:
        ValueError: `max_steps` is not positive.
        OSError: `model_dir` cannot be written to; no half version is left.
    """
    if max_steps < 1:
        raise ValueError(f"Argument `max_steps` must be positive, but is {max_steps}.")
    module = DynamicsModule(model, hamiltonians, max_steps=max_steps)
    signatures = {
        "serving_default": module.rollout,
        "rollout": module.rollout,
        "observables": module.observables,
        "step": module.make_step(),
    }
    if xla_signature:
        signatures["rollout_xla"] = module.rollout_xla
    destination = next_version(model_dir)
    with folder_written_aside(destination) as aside:
        # Assets are copied from files, which need not outlive the writing.
        assets = aside / "assets.source"
        assets.mkdir()
        n_sites = tuple(sorted(hamiltonians))
        (assets / "model_card.md").write_text(model_card(model, config, n_sites, max_steps))
        served = {**config, "serving": {"max_steps": max_steps}}
        (assets / "config.json").write_text(json.dumps(served, indent=2, sort_keys=True))
        module.assets = [tf.saved_model.Asset(str(path)) for path in sorted(assets.iterdir())]
        with writing(f"SavedModel {destination}"):
            tf.saved_model.save(module, str(aside), signatures=signatures)
            write_warm_up(aside, n_sites, n_layers=model.n_layers, units=model.units)
        for path in assets.iterdir():
            path.unlink()
        assets.rmdir()
    return destination


def next_version(model_dir: Path | str) -> Path:
    """Returns the folder of the version after the newest; versions are integers from 1."""
    model_dir = Path(model_dir)
    names = [entry.name for entry in model_dir.iterdir()] if model_dir.is_dir() else []
    return model_dir / str(1 + max((int(name) for name in names if name.isdigit()), default=0))
