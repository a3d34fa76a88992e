"""Trainings by JAX, on one device: where there is a GPU with JAX but no TensorFlow."""

import contextlib
import os
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax
import keras
import numpy as np
from jax import numpy as jnp

from qtf.training.compilation import values_for
from qtf.training.engine import Board, Checkpoints, Profiler, Step
from qtf.training.plain_checkpoints import PlainCheckpoints
from qtf.training.progress import Progress
from qtf.training.settings import TrainingSettings
from qtf.training.training import Source, Training

BATCHES_AHEAD = 32


class JaxEngine:
    """An `Engine` on the first device of JAX.

    Gradients, update and the task's state are one program, compiled by XLA whatever the
    settings say of it. Double precision is enabled, as equations are solved in it.

    Args:
        settings: Devices of the training.

    Raises:
        ValueError: The settings ask for several devices.
    """

    name = "jax"
    is_chief = True
    is_alone = True
    n_replicas = 1
    worker = "0"
    data_errors: tuple[type[Exception], ...] = ()

    def __init__(self, settings: TrainingSettings) -> None:
        if settings.strategy != "one_device":
            raise ValueError(
                'Setting `training.strategy` must be "one_device" on JAX, as strategies need'
                f' TensorFlow, but is "{settings.strategy}".'
            )
        jax.config.update("jax_enable_x64", True)
        device = jax.devices()[0]
        self.devices: tuple[str, ...] = (device.device_kind,)
        self.device_types: tuple[str, ...] = (device.platform.upper(),)

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Surrounds the making of model and optimiser with nothing."""
        return contextlib.nullcontext()

    def batches(self, source: Source, start_step: int) -> Iterator[Any]:
        """Yields the batches of a source in order while threads compute the next ones."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            waiting = deque(
                pool.submit(source.batch, start_step + ahead) for ahead in range(BATCHES_AHEAD)
            )
            while True:
                start_step += 1
                waiting.append(pool.submit(source.batch, start_step + BATCHES_AHEAD - 1))
                yield waiting.popleft().result()

    def make_step(
        self,
        training: Training,
        optimizer: keras.optimizers.Optimizer,
        settings: TrainingSettings,
    ) -> Step:
        """Returns what takes a step of a training."""
        return JaxStep(training, optimizer, clip_norm=settings.optimizer.clip_norm)

    def make_checkpoints(
        self,
        folder: Path,
        training: Training,
        optimizer: keras.optimizers.Optimizer,
        progress: Progress,
        *,
        average: Sequence[keras.Variable] = (),
    ) -> Checkpoints:
        """Returns what saves a training, and the state of the average of its weights."""
        return PlainCheckpoints(
            folder,
            training.model,
            optimizer,
            progress,
            task_state=training.state,
            average=average,
        )

    def make_board(self, folder: Path) -> Board:
        """Returns a board that shows nothing: TensorBoard's files are written by TensorFlow."""
        return NoBoard()

    def make_profiler(self, folder: Path, start: int, *, enabled: bool) -> Profiler:
        """Returns what traces nothing.

        Raises:
            ValueError: Traces are asked for.
        """
        if enabled:
            raise ValueError("Flag --profile must be off on JAX, as it needs TensorFlow.")
        return NoProfiler()

    def arrays(self, batch: Any) -> Collection[np.ndarray]:
        """Returns what a batch holds."""
        return [np.asarray(value) for value in batch.values()]


class JaxStep:
    """One optimiser step, compiled as a whole; see `qtf.training.engine.Step`.

    Args:
        training: Its loss, and the state that the loss changes.
        optimizer: Built on the model's trainable variables.
        clip_norm: Largest global norm of the gradient; 0: no clipping.
    """

    def __init__(
        self,
        training: Training,
        optimizer: keras.optimizers.Optimizer,
        *,
        clip_norm: float,
    ) -> None:
        self._groups = (
            list(training.model.trainable_variables),
            [*training.model.non_trainable_variables, *training.state],
            list(optimizer.variables),
        )
        self._compiled = jax.jit(_make_update(training, optimizer, self._groups, clip_norm))

    def __call__(
        self, batch: Any, *, stop: bool = False, save: bool = False
    ) -> tuple[float, bool, bool, bool]:
        """Takes one step."""
        values = [[variable.value for variable in group] for group in self._groups]
        values, loss, norm = self._compiled(values, batch)
        for group, changed in zip(self._groups, values, strict=True):
            for variable, value in zip(group, changed, strict=True):
                variable.assign(value)
        return float(loss), bool(np.isfinite(loss) and np.isfinite(norm)), stop, save


def _make_update(
    training: Training,
    optimizer: keras.optimizers.Optimizer,
    groups: tuple[list[keras.Variable], ...],
    clip_norm: float,
) -> Callable[..., Any]:
    trainable, others, _ = groups

    def loss(weights: Any, rest: Any, batch: Any) -> tuple[Any, Any]:
        with values_for([*trainable, *others], [*weights, *rest]) as scope:
            value = training.loss(batch)
            return value, [scope.get_current_value(variable) for variable in others]

    def update(values: Any, batch: Any) -> tuple[Any, Any, Any]:
        weights, rest, moments = values
        differentiated = jax.value_and_grad(loss, has_aux=True)
        (value, rest), gradients = differentiated(weights, rest, batch)
        norm = jnp.sqrt(sum(jnp.sum(jnp.square(gradient)) for gradient in gradients))
        if clip_norm:
            shrink = clip_norm / jnp.maximum(norm, clip_norm)
            gradients = [gradient * shrink.astype(gradient.dtype) for gradient in gradients]
        weights, moments = optimizer.stateless_apply(moments, gradients, weights)
        return (weights, rest, moments), value, norm

    return update


class NoBoard:
    """Shows nothing; metrics.jsonl has all curves."""

    def hyperparameters(self, step: int, values: dict[str, Any]) -> None:
        """Does nothing."""

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Does nothing."""

    def histograms(self, step: int, variables: Sequence[keras.Variable]) -> None:
        """Does nothing."""

    def pictures(self, step: int, pictures: dict[str, np.ndarray]) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""


class NoProfiler:
    """Traces nothing."""

    def step(self, number: int) -> contextlib.AbstractContextManager[None]:
        """Does nothing."""
        return contextlib.nullcontext()

    def close(self) -> None:
        """Does nothing."""
