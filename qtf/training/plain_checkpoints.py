"""Checkpoints as plain arrays of NumPy, for engines other than TensorFlow."""

import io
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

import keras
import numpy as np

from qtf.files import write_atomically
from qtf.training.checkpoint_files import (
    check_engine,
    damage_errors,
    keep_only,
    kept_steps,
    newest_whole_step,
    plain_path,
    read_plain,
    reason_of,
    refuse_leftovers,
    tell_of_fallback,
)
from qtf.training.optimization import fixed_rate
from qtf.training.progress import Progress

KEEP = 2
MODEL, OPTIMIZER, TASK, AVERAGE = "model", "optimizer", "task", "average"
PROGRESS, ITERATIONS = "progress", "iterations"


class PlainCheckpoints:
    """Saves and restores the variables of a training in their order, see `Checkpoints`.

    The learning rate is not among them: it is that of the settings.

    Args:
        folder: Where the files go.
        model: The model; its variables include the states of its random numbers.
        optimizer: Built on the model's variables.
        progress: The loop's state.
        task_state: Further variables, of the task.
        average: State of the average of the weights; other runs do not take it.
    """

    def __init__(
        self,
        folder: Path,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        progress: Progress,
        *,
        task_state: Sequence[keras.Variable] = (),
        average: Sequence[keras.Variable] = (),
    ) -> None:
        self.folder = folder
        self.model = model
        self.optimizer = optimizer
        self.progress = progress
        rate = fixed_rate(optimizer)
        self._groups = {
            MODEL: list(model.variables),
            OPTIMIZER: [variable for variable in optimizer.variables if variable is not rate],
            TASK: list(task_state),
            AVERAGE: list(average),
        }

    def restore(self) -> bool:
        """Restores the newest checkpoint that can be read, if there is any.

        Returns:
            Whether there was one.

        Raises:
            ValueError: There are checkpoints, but none can be read.
        """
        check_engine(self.folder, plain=True)
        unread: list[tuple[int, str]] = []
        for step in kept_steps(self.folder):
            try:
                arrays = read_plain(self.folder, step)
                values = {
                    name: _values(arrays, name, group) for name, group in self._groups.items()
                }
            except damage_errors() as error:
                unread.append((step, reason_of(error, self.folder)))
                continue
            tell_of_fallback(self.folder, unread, step)
            for name, group in self._groups.items():
                _assign(group, values[name])
            for field, value in zip(fields(Progress), arrays[PROGRESS], strict=True):
                setattr(self.progress, field.name, type(getattr(self.progress, field.name))(value))
            return True
        refuse_leftovers(self.folder, unread)
        return False

    def start_from(self, folder: Path) -> None:
        """Takes weights, moments of the optimiser and the task's state from another run.

        Args:
            folder: Checkpoints of that run, by the same engine.

        Raises:
            ValueError: They belong to another model or optimiser.
        """
        step = newest_whole_step(folder)
        arrays = read_plain(folder, step)
        for name in (MODEL, OPTIMIZER):
            _assign(self._groups[name], _values(arrays, name, self._groups[name]))
        # What the task has in another shape, or not at all, keeps its first values.
        for number, variable in enumerate(self._groups[TASK]):
            value = arrays.get(f"{TASK}-{number:04d}")
            if value is not None and value.shape == tuple(variable.shape):
                variable.assign(value)

    def save(self) -> None:
        """Saves now, under the number of the step.

        Raises:
            OSError: The checkpoint cannot be written; older ones are untouched.
        """
        arrays = {
            f"{name}-{number:04d}": np.asarray(variable.value)
            for name, group in self._groups.items()
            for number, variable in enumerate(group)
        }
        arrays[ITERATIONS] = np.asarray(self.optimizer.iterations.value)
        arrays[PROGRESS] = np.asarray(astuple(self.progress), "float64")
        content = io.BytesIO()
        np.savez(content, **arrays)  # type: ignore[arg-type]
        self.folder.mkdir(parents=True, exist_ok=True)
        step = self.progress.step
        write_atomically(plain_path(self.folder, step), content.getvalue())
        whole = [kept for kept in kept_steps(self.folder) if kept <= step]
        keep_only(self.folder, whole[:KEEP])


def restore_weights(model: keras.Model, folder: Path, step: int) -> None:
    """Gives a model the weights of a checkpoint.

    Raises:
        ValueError: The checkpoint belongs to another model.
    """
    _assign(model.variables, _values(read_plain(folder, step), MODEL, model.variables))


def stored_iterations(folder: Path, step: int) -> int:
    """Returns the steps that the optimiser of a checkpoint has taken."""
    return int(read_plain(folder, step)[ITERATIONS])


def _values(
    arrays: dict[str, np.ndarray], name: str, group: Sequence[keras.Variable]
) -> list[np.ndarray]:
    values = [arrays[key] for key in sorted(arrays) if key.startswith(f"{name}-")]
    if name == OPTIMIZER and len(values) == len(group) + 1:
        # Older versions kept a constant learning rate, after the count of the steps.
        del values[1]
    shapes = [tuple(value.shape) for value in values]
    expected = [tuple(variable.shape) for variable in group]
    if shapes != expected:
        raise ValueError(
            f"The checkpoint must hold variables of the {name} of the shapes {expected}, but has"
            f" {shapes}."
        )
    return values


def _assign(group: Sequence[keras.Variable], values: Sequence[np.ndarray]) -> None:
    for variable, value in zip(group, values, strict=True):
        variable.assign(value)
