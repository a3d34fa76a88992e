"""Teacher-forced training of a model on trajectories, as a task of the loop."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from qtf.dynamics import figures
from qtf.dynamics.growth import grow
from qtf.dynamics.metrics import relative_entropy
from qtf.dynamics.models import make_model
from qtf.dynamics.rollout import Rollout, real_parts
from qtf.dynamics.settings import LOSSES, ModelSettings, metric_names
from qtf.pieces import rows_at_once
from qtf.training.compilation import compiled
from qtf.training.weight_files import load_weights

# More trajectories at once are no faster.
VALIDATION_CHUNK = 64
# Arrays as large as the trajectories that their loss holds at once.
ARRAYS_HELD = 8


class DynamicsTask:
    """Trains a network to predict every next state of exact trajectories.

    With d the difference between predicted and exact next state, the loss is

        mean_squared_error: mean over batch, time, parts and components of d^2
        squared_distance:   mean over batch and time of |d|^2

    The first weighs a state of n spins by 2**-n, so that training at several n at once
    neglects the long chains; the second treats all states alike.

    Args:
        model: Network or local generator.
        seed: Seed of its dropout masks.
        loss: "mean_squared_error" or "squared_distance".
        source: Has `batch_size`, `dataset(start_step, input_context=...)` and
            `explain_data_loss(error)`; see `qtf.data`.
        validation: n_sites -> exact trajectories, complex (n_sequences, n_times, 2**n).
        dt: Time step, for figures.
        rollout_steps: Steps of the validation rollouts.
        n_rollouts: Validation trajectories rolled out for each n.
        initial_weights: File of weights to start from, or None.
        grown_from: Number of spins of the longest chain that the initial weights know: the
            network is grown from there to the longest chain of the training, see `grow`.
            None: it is not.
        initial_states: Law of the initial states, for growing.
        xla: Whether validation is compiled by XLA.

    Raises:
        ValueError: The loss is unknown.

    Source: the transferable-dynamics preprint, algorithm 1, for the mean squared error.
    """

    def __init__(
        self,
        *,
        model: ModelSettings,
        seed: int = 0,
        loss: str,
        source: Any,
        validation: Mapping[int, np.ndarray],
        dt: float,
        rollout_steps: int,
        n_rollouts: int,
        initial_weights: Path | None = None,
        grown_from: int | None = None,
        initial_states: str = "paper",
        xla: bool = True,
    ) -> None:
        if loss not in LOSSES:
            known = ", ".join(LOSSES)
            raise ValueError(f'Argument `loss` must be one of {known}, but is "{loss}".')
        self.model = model
        self.seed = seed
        self.loss_name = loss
        self.source = source
        self.batch_size = source.batch_size
        self.state = ()
        self.damping = None
        self.has_new_goal = False
        self.remedy = ""
        self.metric_names = metric_names(validation)
        self.validation = dict(validation)
        self.dt = dt
        self.rollout_steps = rollout_steps
        self.n_rollouts = n_rollouts
        self.initial_weights = initial_weights
        self.grown_from = grown_from
        self.initial_states = initial_states
        self.xla = xla

    def build_model(self) -> keras.Model:
        """Makes the model, with the initial weights if any were given."""
        model = make_model(self.model, dt=self.dt, n_sites=tuple(self.validation), seed=self.seed)
        if self.initial_weights is not None:
            load_weights(model, self.initial_weights)
        if self.grown_from is not None:
            for n_sites in range(self.grown_from, max(self.validation)):
                grow(model, n_sites, initial_states=self.initial_states)
        self._dtype = model.variable_dtype
        self._rollout = Rollout(model, xla=self.xla)
        self._validation_loss = compiled(
            lambda psi: self.loss(model, {"psi": psi}, False),
            variables=model.variables,
            xla=self.xla,
        )
        return model

    def loss(self, model: keras.Model, batch: Any, training: bool) -> Any:
        """Returns the loss of the next states, a scalar."""
        return next_state_loss(model, batch["psi"], self.loss_name, training)

    def training_batches(self, start_step: int, input_context: Any) -> Any:
        """Returns the stream of batches from `start_step` on."""
        return self.source.dataset(start_step, input_context=input_context)

    def validate(self, model: keras.Model) -> dict[str, float]:
        """Teacher-forced loss, and relative entropy at the end of rollouts.

        Returns:
            `loss` and `mre`, means over chain lengths, and both for each length.
        """
        values: dict[str, float] = {}
        for n_sites, exact in self.validation.items():
            values[f"loss_n{n_sites}"] = self._mean_loss(exact)
        for n_sites, exact in self.validation.items():
            values[f"mre_n{n_sites}"] = self._mean_relative_entropy(exact)
        means = {
            name: float(np.mean([values[f"{name}_n{n_sites}"] for n_sites in self.validation]))
            for name in ("loss", "mre")
        }
        return means | values

    def accepts(self, loss: float, rate: float) -> bool:
        """Lets every step stand."""
        return True

    def figures(self, model: keras.Model) -> dict[str, np.ndarray]:
        """Draws one validation rollout for each chain length."""
        exact, predicted = {}, {}
        for n_sites, trajectories in self.validation.items():
            exact[n_sites] = trajectories[0, : self.rollout_steps + 1]
            predicted[n_sites] = self._rolled_out(trajectories)[0]
        figure = figures.amplitudes_figure(
            exact, predicted, self.dt, title="One validation state of each chain length"
        )
        return {"rollout/amplitudes": figures.pixels(figure)}

    def end_epoch(self, model: keras.Model) -> None:
        """Does nothing."""

    def explain_data_loss(self, error: Exception) -> None:
        """Names the file and record behind an error of the reader."""
        self.source.explain_data_loss(error)

    def _mean_loss(self, exact: np.ndarray) -> float:
        parts = real_parts(exact, self._dtype)
        losses, counts = [], []
        size = min(VALIDATION_CHUNK, rows_at_once(ARRAYS_HELD * parts[:1].nbytes))
        for start in range(0, len(parts), size):
            chunk = parts[start : start + size]
            losses.append(float(self._validation_loss(ops.convert_to_tensor(chunk))))
            counts.append(len(chunk))
        return float(np.average(losses, weights=counts))

    def _mean_relative_entropy(self, exact: np.ndarray) -> float:
        predicted = self._rolled_out(exact)[:, -1].astype(np.complex128)
        return float(
            relative_entropy(exact[: self.n_rollouts, self.rollout_steps], predicted).mean()
        )

    def _rolled_out(self, exact: np.ndarray) -> np.ndarray:
        return self._rollout(exact[: self.n_rollouts, 0], self.rollout_steps)


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
