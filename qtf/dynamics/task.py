"""Teacher-forced training of a model on trajectories, as a task of the loop."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
from keras import ops

from qtf.checks import OneOf, check_arguments
from qtf.dynamics import figures
from qtf.dynamics.idle_spin import add_idle_spin
from qtf.dynamics.metrics import relative_entropy
from qtf.dynamics.models import make_model
from qtf.dynamics.rollout import Rollout, real_parts
from qtf.dynamics.settings import LOSSES, ModelSettings, metric_names
from qtf.pieces import rows_at_once
from qtf.training.compilation import compiled
from qtf.training.training import Source, Training
from qtf.training.weight_files import load_weights

# More trajectories at once are no faster.
VALIDATION_CHUNK = 64
# Arrays as large as the trajectories that their loss holds at once.
ARRAYS_HELD = 8


class TrajectorySource(Source, Protocol):
    """Batches of trajectories, see `qtf.data`."""

    batch_size: int


@dataclass(frozen=True, kw_only=True)
class DynamicsTask:
    """A network that is to predict every next state of exact trajectories.

    With d the difference between predicted and exact next state, the loss is

        mean_squared_error: mean over batch, time, parts and components of d^2
        squared_distance:   mean over batch and time of |d|^2

    The first weighs a state of n spins by 2**-n, so that training at several n at once
    neglects the long chains; the second treats all states alike.

    Attributes:
        model: Network or local generator.
        seed: Seed of its dropout masks.
        loss: "mean_squared_error" or "squared_distance".
        source: Batches of trajectories; see `qtf.data`.
        validation: n_sites -> exact trajectories, complex (n_sequences, n_times, 2**n).
        dt: Time step, for figures.
        rollout_steps: Steps of the validation rollouts.
        n_rollouts: Validation trajectories rolled out for each n.
        initial_weights: File of weights to start from, or None.
        grown_from: Number of spins of the longest chain that the initial weights know: the
            network is grown from there to the longest chain of the training, see `add_idle_spin`.
            None: it is not.
        initial_states: Law of the initial states, for growing.
        xla: Whether validation is compiled by XLA.

    Raises:
        ValueError: The loss is unknown.

    Source: zhang2020, algorithm 1, for the mean squared error.
    """

    model: ModelSettings
    seed: int = 0
    loss: str
    source: TrajectorySource
    validation: Mapping[int, np.ndarray]
    dt: float
    rollout_steps: int
    n_rollouts: int
    initial_weights: Path | None = None
    grown_from: int | None = None
    initial_states: str = "paper"
    xla: bool = True

    def __post_init__(self) -> None:
        check_arguments(OneOf(LOSSES), loss=self.loss)

    def build(self) -> "DynamicsTraining":
        """Makes the model, with the initial weights if any were given, and what trains it."""
        return DynamicsTraining(self)


class DynamicsTraining(Training):
    """A model of dynamics with its loss and its validation.

    Args:
        task: What is asked.
    """

    def __init__(self, task: DynamicsTask) -> None:
        self.task = task
        self.source = task.source
        self.batch_size = task.source.batch_size
        self.metric_names = metric_names(task.validation)
        self.model = model = make_model(
            task.model, dt=task.dt, n_sites=tuple(task.validation), seed=task.seed
        )
        if task.initial_weights is not None:
            load_weights(model, task.initial_weights)
        if task.grown_from is not None:
            for n_sites in range(task.grown_from, max(task.validation)):
                add_idle_spin(model, n_sites, initial_states=task.initial_states)
        self._rollout = Rollout(model, xla=task.xla)
        self._validation_loss = compiled(
            lambda psi: next_state_loss(model, psi, task.loss, False),
            variables=model.variables,
            xla=task.xla,
        )

    def loss(self, batch: Mapping[str, Any]) -> Any:
        """Returns the loss of the next states, a scalar."""
        return next_state_loss(self.model, batch["psi"], self.task.loss, True)

    def validate(self) -> dict[str, float]:
        """Teacher-forced loss, and relative entropy at the end of rollouts.

        Returns:
            `loss` and `mre`, means over chain lengths, and both for each length.
        """
        values: dict[str, float] = {}
        for n_sites, exact in self.task.validation.items():
            values[f"loss_n{n_sites}"] = self._mean_loss(exact)
        for n_sites, exact in self.task.validation.items():
            values[f"mre_n{n_sites}"] = self._mean_relative_entropy(exact)
        means = {
            name: float(np.mean([values[f"{name}_n{n_sites}"] for n_sites in self.task.validation]))
            for name in ("loss", "mre")
        }
        return means | values

    def figures(self) -> dict[str, np.ndarray]:
        """Draws one validation rollout for each chain length."""
        exact, predicted = {}, {}
        for n_sites, trajectories in self.task.validation.items():
            exact[n_sites] = trajectories[0, : self.task.rollout_steps + 1]
            predicted[n_sites] = self._roll_out(trajectories)[0]
        figure = figures.amplitudes_figure(
            exact, predicted, self.task.dt, title="One validation state of each chain length"
        )
        return {"rollout/amplitudes": figures.pixels(figure)}

    def _mean_loss(self, exact: np.ndarray) -> float:
        parts = real_parts(exact, self.model.variable_dtype)
        losses, counts = [], []
        size = min(VALIDATION_CHUNK, rows_at_once(ARRAYS_HELD * parts[:1].nbytes))
        for start in range(0, len(parts), size):
            chunk = parts[start : start + size]
            losses.append(float(self._validation_loss(ops.convert_to_tensor(chunk))))
            counts.append(len(chunk))
        return float(np.average(losses, weights=counts))

    def _mean_relative_entropy(self, exact: np.ndarray) -> float:
        predicted = self._roll_out(exact)[:, -1].astype(np.complex128)
        return float(
            relative_entropy(
                exact[: self.task.n_rollouts, self.task.rollout_steps], predicted
            ).mean()
        )

    def _roll_out(self, exact: np.ndarray) -> np.ndarray:
        return self._rollout(exact[: self.task.n_rollouts, 0], self.task.rollout_steps)


def next_state_loss(model: keras.Model, psi: Any, name: str, training: bool) -> Any:
    """Returns the mean loss of predicting every next state of whole trajectories.

    Args:
        model: Predicts all next states.
        psi: Trajectories, (batch, time, 2, 2**n).
        name: One of `LOSSES`.
        training: Whether dropout is applied.
    """
    predicted = model(psi[:, :-1], training=training)
    error = ops.mean(ops.square(predicted - ops.cast(psi[:, 1:], predicted.dtype)))
    if name == "mean_squared_error":
        return error
    return error * ops.cast(2 * ops.shape(psi)[-1], error.dtype)
