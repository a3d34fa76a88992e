"""Puts data, model and loop settings together as a configuration asks."""

from pathlib import Path
from typing import Any

import numpy as np

from qtf.data.exact_dataset import exact_dataset
from qtf.data.exact_source import ExactSource
from qtf.data.loading import load_trajectories
from qtf.data.reader import TrajectoryReader
from qtf.data.schema import MANIFEST_NAME, Manifest, file_sha256
from qtf.dynamics.models import LOCAL_GENERATOR
from qtf.dynamics.task import DynamicsTask
from qtf.run_kinds import DYNAMICS, check_kind
from qtf.training.loop import train
from qtf.training.run_folder import RunFolder
from qtf.training.settings import TrainingSettings
from trainers.dynamics import generator_fitting
from trainers.dynamics.exact_data import (
    exact_physics,
    exact_source,
    exact_validation,
    states_needed,
)
from trainers.dynamics.model_arguments import model_arguments, training_method


def run(
    config: dict[str, Any],
    workdir: Path | str,
    *,
    data_dir: Path | str | None = None,
    init_from: Path | str | None = None,
    profile: bool = False,
) -> None:
    """Trains as `config` says, in the run folder `workdir`.

    Args:
        config: Resolved configuration, see `trainers.base_config`.
        workdir: The run folder.
        data_dir: Folder of trajectories; needed by `data.source` = "files".
        init_from: Run folder whose best weights the model starts from.
        profile: Whether ten of the first steps are traced for TensorBoard.

    Raises:
        ValueError: The configuration, the data or the run folder do not fit.
    """
    method = training_method(config)
    loop = {key: value for key, value in config["training"].items() if key != "method"}
    settings = TrainingSettings.from_mapping(loop)
    task, physics = make_task(config, data_dir=data_dir, init_from=init_from)
    recorded = {
        **config,
        "physics": physics,
        "data_dir": str(data_dir or ""),
        "init_from": "" if init_from is None else str(Path(init_from).resolve()),
    }
    # What says nothing about a run may not keep it from going on.
    if init_from is None:
        del recorded["transfer"]
    if method == "lbfgs":
        generator_fitting.run(task, recorded, workdir, data_dir=data_dir)
        return
    del recorded["fit"]
    train(task, settings, recorded, workdir, profile=profile)


def make_task(
    config: dict[str, Any],
    *,
    data_dir: Path | str | None = None,
    init_from: Path | str | None = None,
) -> tuple[DynamicsTask, dict[str, Any]]:
    """Returns the task that the configuration describes, and its physics.

    The physics is what evaluation and export need to know of the trajectories, whichever
    source they come from: Hamiltonian, time step and law of the initial states.

    Raises:
        ValueError: The configuration, the data or the initial run do not fit.
        FileNotFoundError: `init_from` holds no weights.
    """
    data = config["data"]
    _check_data(data, config["model"]["n_max"])
    if data["source"] == "files":
        if data_dir is None:
            raise ValueError('Flag --data_dir is needed when `data.source` is "files".')
        source, validation, physics = _from_files(config, Path(data_dir))
    else:
        source, validation, physics = _from_exact_evolution(config)
    task = DynamicsTask(
        model_arguments=model_arguments(config, physics["dt"]),
        loss=config["loss"],
        source=source,
        validation=validation,
        dt=physics["dt"],
        rollout_steps=data["rollout_steps"],
        n_rollouts=data["n_rollouts"],
        initial_weights=None if init_from is None else _initial_weights(init_from),
        grown_from=_grown_from(config, init_from),
        initial_states=physics["initial_states"],
        xla=config["training"]["xla"],
    )
    return task, physics


def _initial_weights(init_from: Path | str) -> Path:
    folder = RunFolder(init_from)
    check_kind(folder.load_config(), DYNAMICS, flag="init_from", folder=init_from)
    return folder.trained_weights()


def _grown_from(config: dict[str, Any], init_from: Path | str | None) -> int | None:
    """Returns the longest chain of the initial run if the network is to grow from there."""
    is_network = config["model"]["preset"] != LOCAL_GENERATOR
    if init_from is None or not config["transfer"]["grow"] or not is_network:
        return None
    return max(RunFolder(init_from).load_config()["data"]["n_sites"])


def _check_data(data: dict[str, Any], n_max: int) -> None:
    if data["source"] not in ("files", "exact"):
        raise ValueError(
            f'Setting `data.source` must be "files" or "exact", but is "{data["source"]}".'
        )
    if not data["n_sites"]:
        raise ValueError("Setting `data.n_sites` must name at least one n, but is empty.")
    for n_sites in data["n_sites"]:
        if not 1 <= n_sites <= n_max:
            raise ValueError(
                f"Setting `data.n_sites` must be within 1..{n_max} (model.n_max), but"
                f" holds {n_sites}."
            )
    weights = data["weights"]
    if weights and len(weights) != len(data["n_sites"]):
        raise ValueError(
            "Setting `data.weights` must be empty or hold one number for each entry of"
            f" `data.n_sites` = {data['n_sites']}, but is {weights}."
        )
    for name in ("n_validation", "n_rollouts", "rollout_steps", "batch_size"):
        if data[name] < 1:
            raise ValueError(f"Setting `data.{name}` must be positive, but is {data[name]}.")
    if data["window"] < 2:
        raise ValueError(f"Setting `data.window` must be at least 2, but is {data['window']}.")


Parts = tuple[Any, dict[int, np.ndarray], dict[str, Any]]


def _from_files(config: dict[str, Any], data_dir: Path) -> Parts:
    data = config["data"]
    manifest = Manifest.load(data_dir)
    n_states = states_needed(data)
    if n_states > manifest.n_times:
        raise ValueError(
            f"Settings `data.window` and `data.rollout_steps` need {n_states} states, but the"
            f" trajectories of {data_dir} have {manifest.n_times}."
        )
    reader = TrajectoryReader(
        data_dir,
        split="train",
        n_sites=data["n_sites"],
        weights=data["weights"] or None,
        batch_size=data["batch_size"],
        window=data["window"],
        seed=config["training"]["seed"],
        cache=data["cache"],
        dtype="float64" if config["training"]["precision"] == "float64" else "float32",
    )
    for n_sites in data["n_sites"]:
        available = manifest.n_trajectories("validation", n_sites)
        if data["n_validation"] > available:
            raise ValueError(
                f"Setting `data.n_validation` must be at most {available}, the validation"
                f" trajectories of n = {n_sites}, but is {data['n_validation']}."
            )
    validation = {
        n_sites: load_trajectories(
            data_dir, "validation", n_sites, n_samples=data["n_validation"], n_times=n_states
        )
        for n_sites in data["n_sites"]
    }
    physics = {
        "hamiltonian": manifest.hamiltonian,
        "initial_states": manifest.initial_states,
        "dt": manifest.dt,
        # Which trajectories: a run must not continue on others.
        "manifest_sha256": file_sha256(data_dir / MANIFEST_NAME),
    }
    return reader, validation, physics


def _from_exact_evolution(config: dict[str, Any]) -> Parts:
    source = _ExactStream(exact_source(config))
    return source, exact_validation(config), exact_physics(config)


class _ExactStream:
    """Gives an `ExactSource` the face of a reader."""

    def __init__(self, source: ExactSource) -> None:
        self.source = source
        self.batch_size = source.batch_size

    def dataset(self, start_step: int, *, input_context: Any = None) -> Any:
        return exact_dataset(self.source, start_step, input_context=input_context)

    def explain_data_loss(self, error: Exception) -> None:
        """Has no files to blame."""
