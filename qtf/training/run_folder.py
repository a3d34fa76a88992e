"""The folder of one run: what was asked, by which code, and what came out."""

import datetime
import importlib
import importlib.metadata
import math
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import keras
import numpy as np

from qtf.files import folder_written_aside, locked, read_object, writable_folder, write_json
from qtf.run_kinds import kind_of
from qtf.training.changes import USUAL_RULES, Change, ChangeRules, read_changes
from qtf.training.checkpoint_files import last_step, newest_whole_step
from qtf.training.weight_files import load_weights, save_weights, step_of

RECORDED_PACKAGES = ("qtf", "tensorflow", "keras", "numpy", "scipy", "jax")


class RunFolder:
    """Names the files of a run folder and guards what may change between starts.

    Args:
        workdir: The folder; `open` creates it.
    """

    def __init__(self, workdir: Path | str) -> None:
        self.path = Path(workdir)
        self._lock: IO[str] | None = None
        self.config = self.path / "config.json"
        self.provenance = self.path / "run.json"
        self.model = self.path / "model.json"
        self.changes = self.path / "changes.json"
        self.metrics = self.path / "metrics.jsonl"
        self.best_weights = self.path / "best.weights.h5"
        self.checkpoints = self.path / "checkpoints"
        self.tensorboard = self.path / "tensorboard"

    def open(
        self,
        config: Mapping[str, Any],
        *,
        kind: str = "",
        rules: ChangeRules = USUAL_RULES,
        n_steps: int = 0,
        devices: Sequence[str] = (),
    ) -> tuple[Change, ...]:
        """Records `config` and the code's versions, or checks `config` against the record.

        The folder stays locked for other processes until `close`. A run that goes on as it would
        not have without a change is kept as it was, in a folder of its own inside, see `before`.

        Args:
            config: The resolved configuration, nested mappings of JSON values.
            kind: Kind of the run, of `qtf.run_kinds`, for the record; empty: none of them.
            rules: Which values may differ from the record.
            n_steps: Steps of the whole run, as they are asked.
            devices: What the run trains on, for the record.

        Returns:
            The changes of the run so far, this one included.

        Raises:
            ValueError: The folder holds a run with another configuration, holds other
                files but no run, or is in use by another process.
            OSError: The folder cannot be written to.
        """
        writable_folder(self.path)
        names = {entry.name for entry in self.path.iterdir() if not entry.name.startswith(".")}
        if names and self.config.name not in names:
            raise ValueError(f"Folder {self.path} holds files but no run; choose an empty one.")
        self._lock = locked(self.path)
        starts = self._starts() if names else []
        changes = self.plan_changes(config, rules, n_steps=n_steps)
        if changes != read_changes(self.changes):
            if changes[-1].is_departure:
                self._keep_as_it_is(changes[-1].step)
            write_json(self.changes, [change.to_mapping() for change in changes])
        write_json(self.config, config)
        seed = config.get("training", {}).get("seed")
        starts.append(_provenance(devices))
        write_json(
            self.provenance, {**({"kind": kind} if kind else {}), "seed": seed, "starts": starts}
        )
        return changes

    def plan_changes(
        self, config: Mapping[str, Any], rules: ChangeRules, *, n_steps: int
    ) -> tuple[Change, ...]:
        """Returns the changes that a run will have had when it goes on with `config`.

        Arguments and errors are those of `open`; nothing is written.
        """
        changes = read_changes(self.changes)
        if not self.config.exists():
            return changes
        differences = rules.differences(read_object(self.config), config)
        rules.check(self.path, differences)
        step = last_step(self.checkpoints)
        # Without a checkpoint the run begins with these settings.
        if not differences or step is None:
            return changes
        change = Change(step, n_steps, differences)
        if change.is_departure:
            change = replace(change, step=newest_whole_step(self.checkpoints))
        # That of a start which was killed before it was through.
        return changes if changes and changes[-1] == change else (*changes, change)

    def before(self, step: int) -> Path:
        """Returns the run folder of the run as it was before it changed after so many steps."""
        return self.path / f"before-{step}"

    def _keep_as_it_is(self, step: int) -> None:
        kept = self.before(step)
        if kept.exists():
            return
        with folder_written_aside(kept) as aside:
            for path in self.path.iterdir():
                if path.is_file() and not path.name.startswith("."):
                    shutil.copy2(path, aside)
            shutil.copytree(self.checkpoints, aside / self.checkpoints.name)

    def _starts(self) -> list[Any]:
        if not self.provenance.exists():
            return []
        starts = read_object(self.provenance, keys=("starts",))["starts"]
        if not isinstance(starts, list):
            raise ValueError(f"File {self.provenance} must hold a list `starts`, but has {starts}.")
        return starts

    def close(self) -> None:
        """Unlocks the folder."""
        if self._lock is not None:
            self._lock.close()

    def bad_batch(self, worker: str) -> Path:
        """Returns where a worker saves the batch that gave no finite loss."""
        return self.path / f"bad_batch-{worker}.npz"

    def save_model(self, model: keras.Model) -> None:
        """Records how to make the model again, without its weights."""
        write_json(self.model, keras.saving.serialize_keras_object(model))

    def save_best_weights(self, model: keras.Model, *, step: int | None = None) -> None:
        """Replaces the best weights by the model's, atomically.

        Args:
            model: The model.
            step: Optimiser steps after which it had them, for `kept_step`.
        """
        # HDF5 crashes the process on a full disk, so it must not meet one.
        check_free_space(self.path, weight_bytes(model))
        aside = self.path / ".best.weights.h5"
        try:
            save_weights(model, aside, step=step)
            os.replace(aside, self.best_weights)
        finally:
            aside.unlink(missing_ok=True)

    def load_config(self) -> dict[str, Any]:
        """Returns the recorded configuration.

        Raises:
            FileNotFoundError: The folder holds no run.
            ValueError: The file is damaged.
        """
        if not self.config.exists():
            raise FileNotFoundError(f"Folder {self.path} holds no run: no {self.config.name}.")
        return read_object(self.config)

    @property
    def kind(self) -> str:
        """Kind of the run, see `qtf.run_kinds`; that of an older one is told from its keys.

        Raises:
            FileNotFoundError: The folder holds no run.
            ValueError: A file is damaged.
        """
        config = self.load_config()
        recorded = read_object(self.provenance) if self.provenance.exists() else {}
        return recorded.get("kind") or kind_of(config)

    def trained_weights(self) -> Path:
        """Returns the file of the best weights.

        Raises:
            FileNotFoundError: The folder holds no run, or none that was validated yet.
        """
        self.load_config()
        for path in (self.model, self.best_weights):
            if not path.exists():
                raise FileNotFoundError(
                    f"Run {self.path} has no weights yet: no {path.name}; train it first."
                )
        return self.best_weights

    def kept_step(self) -> int | None:
        """Returns the steps after which the run had its best weights.

        None: there are none, or an older version or something else than steps made them.
        """
        return step_of(self.best_weights)

    def load_model(self) -> keras.Model:
        """Returns the model with its best weights.

        Modules of this package that define its classes are imported.

        Raises:
            FileNotFoundError: The folder holds no run, or none that was validated yet.
            ValueError: A file of the run is damaged, or the model's class is of another package
                and has not been imported.
        """
        weights = self.trained_weights()
        model = made_again(read_object(self.model), self.model)
        load_weights(model, weights)
        return model


def made_again(description: dict[str, Any], path: Path) -> keras.Model:
    """Returns the model that a file describes, with random weights.

    Args:
        description: Content of the file.
        path: The file, for messages.

    Raises:
        ValueError: It describes no model, or one of a class that is not known here.
    """
    modules = sorted(set(_modules_in(description)))
    try:
        for name in modules:
            importlib.import_module(name)
        model = keras.saving.deserialize_keras_object(description)
    except (ImportError, AttributeError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"File {path} describes no model that can be made here; its classes are of"
            f" {', '.join(modules) or 'no module of qtf'}, another package must be imported"
            f" before: {reason}"
        ) from error
    if not isinstance(model, keras.Model):
        raise ValueError(f"File {path} must describe a model, but describes {model!r:.100}.")
    return model


def _modules_in(description: Any) -> Iterator[str]:
    """Yields the modules of this package that define the classes of a Keras object."""
    if isinstance(description, dict):
        module = description.get("module")
        if isinstance(module, str) and module.startswith("qtf."):
            yield module
        for value in description.values():
            yield from _modules_in(value)
    elif isinstance(description, list):
        for value in description:
            yield from _modules_in(value)


def weight_bytes(model: keras.Model) -> int:
    """Returns the memory that a model's variables take."""
    return sum(
        math.prod(variable.shape) * np.dtype(variable.dtype).itemsize
        for variable in model.variables
    )


def check_free_space(folder: Path, n_bytes: int) -> None:
    """Raises `OSError` unless the disk of `folder` has room for that and a little more."""
    free, needed = shutil.disk_usage(folder).free, int(1.2 * n_bytes) + 2**20
    if free < needed:
        raise OSError(f"No space left on the disk of {folder}: {needed} bytes needed, {free} free.")


def check_same(
    path: Path, recorded: Mapping[str, Any], asked: Mapping[str, Any], rules: ChangeRules
) -> None:
    """Checks that a run is asked to go on as it may.

    Args:
        path: Its folder, for the message.
        recorded: Its configuration.
        asked: The configuration of this start.
        rules: Which values may differ.

    Raises:
        ValueError: Another value differs.
    """
    rules.check(path, rules.differences(recorded, asked))


def _provenance(devices: Sequence[str]) -> dict[str, Any]:
    return {
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "devices": list(devices),
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
