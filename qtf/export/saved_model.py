"""Writes numbered SavedModel versions, each whole or not there at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from qtf.dynamics.transferable_sru import TransferableSRU
from qtf.export.model_card import model_card
from qtf.export.signatures import DynamicsModule
from qtf.files import folder_written_aside
from qtf.physics import PauliSum
from qtf.training.io_errors import writing

MAX_STEPS = 1000


def export_dynamics(
    model: TransferableSRU,
    model_dir: Path | str,
    hamiltonians: Mapping[int, PauliSum],
    config: Mapping[str, Any],
    *,
    max_steps: int = MAX_STEPS,
    xla_signature: bool = False,
) -> Path:
    """Writes the next version `model_dir/N` with signatures rollout, observables, step.

    `rollout` is also the default signature. All of them are plain graphs, because
    TensorFlow Serving refuses XLA unless started for it.

    Args:
        model: The network with its weights.
        model_dir: Folder of all versions, created if missing.
        hamiltonians: n_sites -> Hamiltonian, for every n that the model was trained for.
        config: Configuration of the run, written into the assets.
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
        card = model_card(model, config, tuple(sorted(hamiltonians)), max_steps)
        (assets / "model_card.md").write_text(card)
        (assets / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True))
        module.assets = [tf.saved_model.Asset(str(path)) for path in sorted(assets.iterdir())]
        with writing(f"SavedModel {destination}"):
            tf.saved_model.save(module, str(aside), signatures=signatures)
        for path in assets.iterdir():
            path.unlink()
        assets.rmdir()
    return destination


def next_version(model_dir: Path | str) -> Path:
    """Returns the folder of the version after the newest; versions are integers from 1."""
    model_dir = Path(model_dir)
    names = [entry.name for entry in model_dir.iterdir()] if model_dir.is_dir() else []
    return model_dir / str(1 + max((int(name) for name in names if name.isdigit()), default=0))
