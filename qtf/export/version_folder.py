"""Writes numbered SavedModel versions, each whole or not there at all."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import tensorflow as tf

from qtf.export.warm_up import Request, write_warm_up
from qtf.files import folder_written_aside
from qtf.progress import announced
from qtf.training.io_errors import writing


def write_version(
    module: tf.Module,
    signatures: Mapping[str, Callable[..., dict[str, tf.Tensor]]],
    model_dir: Path | str,
    *,
    card: str,
    config: Mapping[str, object],
    requests: Iterable[Request],
) -> Path:
    """Writes the next version `model_dir/N`.

    Args:
        module: Module that the signatures need; it gets the assets too.
        signatures: Key -> `tf.function` with an input signature.
        model_dir: Folder of all versions, created if missing.
        card: Model card in Markdown, for the assets.
        config: Configuration, for the assets.
        requests: Requests that a server warms up with, see `write_warm_up`.

    Returns:
        The folder of the new version.

    Raises:
        OSError: `model_dir` cannot be written to; no half version is left.
    """
    destination = next_version(model_dir)
    with folder_written_aside(destination) as aside:
        # Assets are copied from files, which need not outlive the writing.
        assets = aside / "assets.source"
        assets.mkdir()
        (assets / "model_card.md").write_text(card)
        (assets / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True))
        module.assets = [tf.saved_model.Asset(str(path)) for path in sorted(assets.iterdir())]
        with writing(f"SavedModel {destination}"), announced(f"writing {destination}"):
            tf.saved_model.save(module, str(aside), signatures=dict(signatures))
            write_warm_up(aside, requests)
        for path in assets.iterdir():
            path.unlink()
        assets.rmdir()
    return destination


def next_version(model_dir: Path | str) -> Path:
    """Returns the folder of the version after the newest; versions are integers from 1."""
    model_dir = Path(model_dir)
    names = [entry.name for entry in model_dir.iterdir()] if model_dir.is_dir() else []
    return model_dir / str(1 + max((int(name) for name in names if name.isdigit()), default=0))
