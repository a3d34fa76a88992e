"""The folder of one run: what was asked, by which code, and what came out."""

import importlib.metadata
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import keras

from qtf.files import writable_folder, write_json

# May change between two starts of one run: they say how long and how often, not what.
MUTABLE_KEYS = (
    "training.n_epochs",
    "training.patience",
    "training.log_every_steps",
    "training.checkpoint_every_minutes",
    "training.histograms_every_epochs",
    "training.figures_every_epochs",
)
RECORDED_PACKAGES = ("qtf", "tensorflow", "keras", "numpy", "scipy", "jax")


class RunFolder:
    """Names the files of a run folder and guards what may change between starts.

    Args:
        workdir: The folder; `open` creates it.
    """

    def __init__(self, workdir: Path | str) -> None:
        self.path = Path(workdir)
        self.config = self.path / "config.json"
        self.provenance = self.path / "run.json"
        self.model = self.path / "model.json"
        self.metrics = self.path / "metrics.jsonl"
        self.best_weights = self.path / "best.weights.h5"
        self.checkpoints = self.path / "checkpoints"
        self.tensorboard = self.path / "tensorboard"
        self.bad_batch = self.path / "bad_batch.npz"

    def open(self, config: dict[str, Any]) -> None:
        """Records `config` and the code's versions, or checks them against the record.

        Args:
            config: The resolved configuration, nested mappings of JSON values.

        Raises:
            ValueError: The folder holds a run with another configuration, or holds
                other files but no run.
            OSError: The folder cannot be written to.
        """
        writable_folder(self.path)
        # Through JSON, so that tuples and lists compare equal.
        config = json.loads(json.dumps(config))
        if self.config.exists():
            _check_same(self.path, json.loads(self.config.read_text()), config)
        elif any(not entry.name.startswith(".") for entry in self.path.iterdir()):
            raise ValueError(f"Folder {self.path} holds files but no run; choose an empty one.")
        write_json(self.config, config)
        if not self.provenance.exists():
            write_json(self.provenance, _provenance(config))

    def save_model(self, model: keras.Model) -> None:
        """Records how to make the model again, without its weights."""
        write_json(self.model, keras.saving.serialize_keras_object(model))

    def save_best_weights(self, model: keras.Model) -> None:
        """Replaces the best weights by the model's, atomically."""
        aside = self.path / ".best.weights.h5"
        model.save_weights(aside)
        os.replace(aside, self.best_weights)

    def load_config(self) -> dict[str, Any]:
        """Returns the recorded configuration.

        Raises:
            FileNotFoundError: The folder holds no run.
        """
        if not self.config.exists():
            raise FileNotFoundError(f"Folder {self.path} holds no run: no {self.config.name}.")
        return json.loads(self.config.read_text())

    def load_model(self) -> keras.Model:
        """Returns the model with its best weights.

        The model's class must have been imported by the caller.

        Raises:
            FileNotFoundError: The folder holds no run, or none that was validated yet.
        """
        self.load_config()
        for path in (self.model, self.best_weights):
            if not path.exists():
                raise FileNotFoundError(
                    f"Run {self.path} has no weights yet: no {path.name}; train it first."
                )
        model = keras.saving.deserialize_keras_object(json.loads(self.model.read_text()))
        model.load_weights(self.best_weights)
        return model


def flattened(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns nested mappings as one mapping with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            flat.update(flattened(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _check_same(path: Path, recorded: dict[str, Any], asked: dict[str, Any]) -> None:
    recorded, asked = flattened(recorded), flattened(asked)
    for key in sorted(recorded.keys() | asked.keys()):
        if key not in MUTABLE_KEYS and recorded.get(key) != asked.get(key):
            raise ValueError(
                f"Folder {path} holds a run with `{key}` = {recorded.get(key)!r}, but"
                f" {asked.get(key)!r} is asked; choose another folder."
            )


def _provenance(config: dict[str, Any]) -> dict[str, Any]:
    return {
        "seed": config.get("training", {}).get("seed"),
        "versions": {"python": platform.python_version(), **_versions()},
        "git_revision": _git_revision(),
        "machine": {"processor": platform.machine(), "n_cores": os.cpu_count()},
    }


def _versions() -> dict[str, str]:
    found = {}
    for package in RECORDED_PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _git_revision() -> str | None:
    """Returns the checkout's revision, with `+` if files differ, or None outside one."""
    here = Path(__file__).parent
    try:
        revision = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return revision.stdout.strip()
