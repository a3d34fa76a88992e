"""Trainings of networks on trajectories that are given as arrays."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from qtf.checks import ARGUMENT, Number, OneOf, check, check_arguments
from qtf.data.array_source import ArraySource
from qtf.data.laws import RecordedLaw
from qtf.data.schema import GIVEN
from qtf.data.settings import ARRAYS, DataSettings
from qtf.dynamics.rollout import Rollout
from qtf.dynamics.runs.settings import DynamicsSettings, DynamicsTrainingSettings
from qtf.dynamics.settings import NETWORK_PRESETS, ModelSettings
from qtf.dynamics.task import DynamicsTask
from qtf.physics import HamiltonianSettings
from qtf.pictures import plot_learning
from qtf.run_kinds import DYNAMICS
from qtf.training.logbook import read_metrics
from qtf.training.loop import train
from qtf.training.optimizers import OptimizerSettings
from qtf.training.run_folder import RunFolder

# Units of the network, epochs and steps of an epoch.
SIZES = {"quick": (64, 4, 100), "small": (256, 10, 300), "large": (512, 50, 600)}
LONGEST_WINDOW = 25
WITHIN = Number(above=0, below=1)


@dataclass(frozen=True, eq=False)
class DynamicsModel:
    """A model of dynamics, and what one asks of it.

    Attributes:
        model: A Keras model: states (batch, time, 2, 2**n) -> the next states.
        config: Configuration of the run, with what its trajectories obey.
        rows: Its validations, oldest first, as in `metrics.jsonl`.
    """

    model: keras.Model
    config: Mapping[str, Any]
    rows: Sequence[Mapping[str, float]] = ()

    @property
    def dt(self) -> float:
        """Time step."""
        return float(self.config["physics"]["dt"])

    @property
    def n_sites(self) -> tuple[int, ...]:
        """Chain lengths of the training."""
        return tuple(self.config["data"]["n_sites"])

    def rollout(self, psi0: ArrayLike, n_steps: int) -> np.ndarray:
        """Returns the states at steps 0 .. n_steps.

        Args:
            psi0: Initial states, (batch, 2**n) or (2**n,).
            n_steps: Number of steps, at least 1.

        Returns:
            Complex (batch, n_steps + 1, 2**n), or without the batch axis.

        Raises:
            ValueError: The states have another shape, or `n_steps` is not positive.
        """
        return self._rollout(np.asarray(psi0), n_steps)

    def plot(self) -> Figure:
        """Draws how the loss and the error of rollouts have fallen."""
        sizes = ", ".join(map(str, self.n_sites))
        return plot_learning(self.rows, title=f"Dynamics of n = {sizes}")

    @cached_property
    def _rollout(self) -> Rollout:
        return Rollout(self.model)


def load_dynamics(workdir: Path | str) -> DynamicsModel:
    """Returns the model of a run folder.

    Raises:
        FileNotFoundError: The folder has no weights.
        ValueError: A file is damaged.
    """
    folder = RunFolder(workdir)
    rows = read_metrics(folder.metrics, "validation") if folder.metrics.exists() else []
    return DynamicsModel(folder.load_model(), folder.load_config(), rows)


def make_settings(
    trajectories: Mapping[int, np.ndarray], *, network: str, preset: str, seed: int
) -> DynamicsSettings:
    """Returns settings of a training that suit some trajectories.

    Args:
        trajectories: n_sites -> (n_trajectories, n_times, 2**n_sites).
        network: "increment" or "paper".
        preset: "quick", to see that it works, "small" or "large".
        seed: Seed of weights and batches.

    Raises:
        ValueError: A word is unknown.
    """
    check("network", network, OneOf(NETWORK_PRESETS), kind=ARGUMENT)
    check("preset", preset, OneOf(SIZES), kind=ARGUMENT)
    units, n_epochs, steps_per_epoch = SIZES[preset]
    lengths = tuple(sorted(trajectories))
    n_times = min(psi.shape[1] for psi in trajectories.values())
    return DynamicsSettings(
        model=ModelSettings(preset=network, units=units, n_max=max(lengths) + 1),
        loss="squared_distance",
        data=DataSettings(
            source=ARRAYS,
            n_sites=lengths,
            batch_size=64,
            window=min(LONGEST_WINDOW, n_times),
            rollout_steps=min(100, n_times - 1),
        ),
        training=DynamicsTrainingSettings(
            n_epochs=n_epochs,
            steps_per_epoch=steps_per_epoch,
            seed=seed,
            monitor="mre",
            optimizer=OptimizerSettings(
                learning_rate=1e-3,
                schedule="cosine",
                warmup_steps=min(200, steps_per_epoch),
                floor=1e-6,
                beta_2=0.99,
                epsilon=1e-10,
            ),
        ),
    )


def train_on_arrays(
    settings: DynamicsSettings,
    trajectories: Mapping[int, np.ndarray],
    dt: float,
    workdir: Path | str,
    *,
    validation: float = 0.1,
    hamiltonian: HamiltonianSettings | None = None,
) -> DynamicsModel:
    """Trains a network in the run folder `workdir`.

    Args:
        settings: Settings of the run.
        trajectories: n_sites -> complex (n_trajectories, n_times, 2**n_sites), at least two of
            each, see `checked_arrays`.
        dt: Time step.
        workdir: The run folder.
        validation: Share of the trajectories that is kept for validations, the last ones.
        hamiltonian: What drives them, where it is known; exported models then tell energies.

    Raises:
        ValueError: The share is not between 0 and 1, or the run folder has other trajectories.
    """
    check_arguments(WITHIN, validation=validation)
    kept = {n: max(1, round(validation * len(psi))) for n, psi in trajectories.items()}
    parts = {n: (psi[: -kept[n]], psi[-kept[n] :]) for n, psi in trajectories.items()}
    data = settings.data
    settings = replace(settings, data=replace(data, n_validation=max(kept.values())))
    source = ArraySource(
        {n: training for n, (training, _) in parts.items()},
        batch_size=data.batch_size,
        window=data.window,
        seed=settings.training.seed,
    )
    task = DynamicsTask(
        model=settings.model,
        seed=settings.training.seed,
        loss=settings.loss,
        source=source,
        validation={n: held[:, : data.n_states] for n, (_, held) in parts.items()},
        dt=dt,
        rollout_steps=data.rollout_steps,
        n_rollouts=data.n_rollouts,
        xla=settings.training.xla,
    )
    recorded = {
        **settings.as_mapping(),
        "physics": {
            **RecordedLaw(hamiltonian, GIVEN, dt).as_mapping(),
            "arrays_sha256": _digest(trajectories),
        },
    }
    del recorded["fit"], recorded["transfer"], recorded["exact"]
    result = train(task.build, settings.training, recorded, workdir, kind=DYNAMICS, kept=True)
    rows = read_metrics(RunFolder(workdir).metrics, "validation")
    return DynamicsModel(result.model, recorded, rows)


def _digest(trajectories: Mapping[int, np.ndarray]) -> str:
    """Returns what tells these arrays from others: a run must not continue on others."""
    digest = hashlib.sha256()
    for n_sites, psi in sorted(trajectories.items()):
        digest.update(f"{n_sites} {psi.shape}".encode())
        digest.update(np.ascontiguousarray(psi).tobytes())
    return digest.hexdigest()
