"""Checkpoints of TensorFlow: everything a run needs to go on, bit for bit, after it was killed."""

import shutil
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import keras
import tensorflow as tf

from qtf.files import literal_path
from qtf.training.checkpoint_files import (
    check_engine,
    damage_errors,
    keep_only,
    kept_steps,
    name_of,
    newest_whole_step,
    reason_of,
    refuse_leftovers,
    tell_of_fallback,
)
from qtf.training.io_errors import writing
from qtf.training.optimization import fixed_rate
from qtf.training.progress import Progress

KEEP = 2
# Of an optimiser, the weights and what it knows of their gradients. By the model they would not
# all be found: TensorFlow does not see layers in a list, and another run may wrap the same network.
HANDED_OVER = ("_trainable_variables", "_iterations", "_momentums", "_velocities")
# Of an optimiser, what has the learning rate in it, but where that is a schedule.
RATE, WITH_RATE = "_learning_rate", ("_learning_rate", "_variables")


class _ProgressVariables(tf.Module):
    """A `Progress` as TensorFlow saves it."""

    def __init__(self) -> None:
        super().__init__()
        for field in fields(Progress):
            kind = tf.int64 if field.type is int else tf.float64
            setattr(self, field.name, tf.Variable(field.default, dtype=kind, trainable=False))

    def take(self, progress: Progress) -> None:
        """Takes the values of a progress."""
        for field in fields(Progress):
            getattr(self, field.name).assign(getattr(progress, field.name))

    def give(self, progress: Progress) -> None:
        """Gives a progress these values."""
        for field in fields(Progress):
            setattr(progress, field.name, getattr(self, field.name).numpy().item())


class TensorFlowCheckpoints:
    """Saves and restores model, optimiser, dropout seeds and progress.

    Args:
        folder: Of the chief.
        model: The model; its seed generators are saved too, which Keras forgets.
        optimizer: Built on the model's variables.
        progress: The loop's state.
        task_state: Further variables, of the task.
        average: State of the average of the weights; other runs do not take it.
        chief: Whether this process writes to `folder`. Other workers must save as well,
            because saving may communicate; they do so aside, and throw it away.
        worker: Name of this process.
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
        chief: bool = True,
        worker: str = "0",
    ) -> None:
        self.folder = folder
        self.optimizer = optimizer
        self.progress = progress
        self._variables = _ProgressVariables()
        seeds = [generator.state.value for generator in seed_generators(model)]
        self._parts = {
            "model": model,
            "optimizer": optimizer,
            "seeds": seeds,
            "progress": self._variables,
        }
        if average:
            self._parts["average"] = [variable.value for variable in average]
        self._task_state = [variable.value for variable in task_state]
        state = tf.train.Checkpoint(**self._parts, task_state=self._task_state)
        self._aside = None if chief else folder.parent / f".checkpoints-{worker}"
        self._state = state
        self._unread: list[int] = []
        self._fixed_weights = [variable.path for variable in model.non_trainable_weights]
        # What another run can hand over: not its progress, nor its learning rate.
        parts = optimizer._trackable_children()
        self._handed_over = {name: parts[name] for name in HANDED_OVER if name in parts}

    def restore(self) -> bool:
        """Restores the newest checkpoint that can be read, if there is any.

        The learning rate stays that of the settings.

        Returns:
            Whether there was one.

        Raises:
            ValueError: There are checkpoints, but none can be read.
        """
        check_engine(self.folder, plain=False)
        unread: list[tuple[int, str]] = []
        for step in kept_steps(self.folder):
            reason = self._reason_against(step)
            if reason is None:
                if self._aside is None:
                    tell_of_fallback(self.folder, unread, step)
                self._unread = [bad for bad, _ in unread]
                self._variables.give(self.progress)
                return True
            unread.append((step, reason))
        refuse_leftovers(self.folder, unread)
        return False

    def _reason_against(self, step: int) -> str | None:
        rate = fixed_rate(self.optimizer)
        kept = None if rate is None else rate.numpy()
        try:
            with literal_path(self.folder) as path:
                self._restore(f"{path}/{name_of(step)}")
        except damage_errors() as error:
            return reason_of(error, self.folder)
        if rate is not None:
            rate.assign(kept)
        return None

    def _restore(self, prefix: str) -> None:
        known = self._known_task_state(prefix)
        had_fixed_rate = any(
            name.startswith(f"optimizer/{RATE}/") for name, _ in tf.train.list_variables(prefix)
        )
        if had_fixed_rate == (fixed_rate(self.optimizer) is not None):
            state = self._state
            if len(known) < len(self._task_state):
                state = tf.train.Checkpoint(**self._parts, task_state=known)
            state.restore(prefix).assert_consumed()
            return
        # A run whose schedule has changed.
        rest = self.optimizer._trackable_children()
        parts = {name: part for name, part in rest.items() if name not in WITH_RATE}
        optimizer = tf.train.Checkpoint(**parts)
        state = tf.train.Checkpoint(**{**self._parts, "optimizer": optimizer}, task_state=known)
        state.restore(prefix).expect_partial().assert_existing_objects_matched()

    def _known_task_state(self, prefix: str) -> list[tf.Variable]:
        """Returns the variables of the task that a checkpoint has.

        One of an older version may lack the last of them, which keep their first values then.
        """
        return self._task_state[: len(_task_shapes(prefix))]

    def start_from(self, folder: Path) -> None:
        """Takes weights, moments of the optimiser and the task's state from another run.

        Args:
            folder: Checkpoints of that run.

        Weights are told apart by their order and shape only. What the task has in another shape,
        or not at all, keeps its first values.

        Raises:
            ValueError: They cannot be read, belong to another model or optimiser, or the model
                has weights that are not trained, which are not handed over.
        """
        if self._fixed_weights:
            raise ValueError(
                "A model that starts from another run must have trained weights only, but has"
                f" {', '.join(self._fixed_weights)}."
            )
        step = newest_whole_step(folder)
        with literal_path(folder) as path:
            shapes = _task_shapes(f"{path}/{name_of(step)}")
        known = {
            str(place): variable
            for place, variable in enumerate(self._task_state)
            if shapes.get(place) == tuple(variable.shape)
        }
        state = tf.train.Checkpoint(
            optimizer=tf.train.Checkpoint(**self._handed_over),
            task_state=tf.train.Checkpoint(**known) if known else [],
        )
        _restore_part(state, folder, step)

    def save(self) -> None:
        """Saves now, under the number of the step.

        Raises:
            OSError: The checkpoint cannot be written; older ones are untouched.
        """
        folder, step = self._aside or self.folder, self.progress.step
        self._variables.take(self.progress)
        with writing(f"Checkpoint in {self.folder}"):
            folder.mkdir(parents=True, exist_ok=True)
            # As TensorFlow's own saving counts.
            self._state.save_counter.assign_add(1)
            with literal_path(folder) as path:
                self._state.write(f"{path}/{name_of(step)}")
        if self._aside is not None:
            shutil.rmtree(self._aside, ignore_errors=True)
            return
        # Steps beyond this one are of checkpoints that could not be read.
        self._unread = [bad for bad in self._unread if bad != step]
        whole = [kept for kept in kept_steps(folder) if kept <= step and kept not in self._unread]
        keep_only(folder, whole[:KEEP])


def restore_weights(model: keras.Model, folder: Path, step: int) -> None:
    """Gives a model the weights of a checkpoint.

    Raises:
        ValueError: The checkpoint is damaged or belongs to another model.
    """
    weights = tf.train.Checkpoint(_trainable_variables=model.trainable_variables)
    _restore_part(tf.train.Checkpoint(model=model, optimizer=weights), folder, step)


def stored_iterations(folder: Path, step: int) -> int:
    """Returns the steps that the optimiser of a checkpoint has taken."""
    with literal_path(folder) as path:
        reader = tf.train.load_checkpoint(f"{path}/{name_of(step)}")
        return int(reader.get_tensor("optimizer/_iterations/.ATTRIBUTES/VARIABLE_VALUE"))


def _task_shapes(prefix: str) -> dict[int, tuple[int, ...]]:
    """Returns the shapes of the variables of the task that a checkpoint has, by their places."""
    names = (
        (name.split("/"), tuple(shape))
        for name, shape in tf.train.list_variables(prefix)
        if name.startswith("task_state/")
    )
    return {int(parts[1]): shape for parts, shape in names}


def _restore_part(state: tf.train.Checkpoint, folder: Path, step: int) -> None:
    try:
        with literal_path(folder) as path:
            status = state.restore(f"{path}/{name_of(step)}").expect_partial()
            status.assert_existing_objects_matched()
    except damage_errors() as error:
        raise ValueError(
            f"Checkpoint {folder / name_of(step)} does not fit the model:"
            f" {reason_of(error, folder)}"
        ) from error


def seed_generators(model: keras.Model) -> list[keras.random.SeedGenerator]:
    """Returns the random states of all the layers of a model, in a fixed order."""
    layers = model._flatten_layers()
    found = [getattr(layer, "seed_generator", None) for layer in layers]
    return [generator for generator in found if generator is not None]
