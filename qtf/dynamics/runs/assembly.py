"""Puts data, model and loop together as settings ask."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from qtf.data.laws import RecordedLaw, law_of
from qtf.data.loading import load_trajectories
from qtf.data.schema import MANIFEST_NAME, Manifest, file_sha256
from qtf.data.settings import FILES, DataSettings
from qtf.dynamics.generator_fit import FitResult
from qtf.dynamics.runs import generator_fitting
from qtf.dynamics.runs.exact_data import exact_source, exact_validation
from qtf.dynamics.runs.settings import LBFGS, DynamicsSettings, DynamicsTrainingSettings
from qtf.dynamics.task import DynamicsTask, TrajectorySource
from qtf.run_kinds import DYNAMICS, check_kind
from qtf.training.changes import ChangeRules
from qtf.training.loop import train
from qtf.training.run_folder import RunFolder

# What another value changes from now on, and not what was learned.
CHANGEABLE = (
    "data.weights",
    "data.batch_size",
    "data.n_validation",
    "data.n_rollouts",
    "data.rollout_steps",
    "data.cache",
)
# Law of the states on which a network grows that learns from given trajectories.
GROWN_FROM = "haar"


class Trajectories(NamedTuple):
    """Trajectories that train and validate a model.

    Attributes:
        source: Batches of the training.
        validation: n_sites -> trajectories, complex (n_validation, n_times, 2**n).
        law: What they obey.
        manifest_sha256: Digest of the manifest of their files; None without files.
    """

    source: TrajectorySource
    validation: dict[int, np.ndarray]
    law: RecordedLaw
    manifest_sha256: str | None = None

    def physics(self) -> dict[str, Any]:
        """Returns what a run folder records of them, for evaluation, export and continuation."""
        files = {"manifest_sha256": self.manifest_sha256} if self.manifest_sha256 else {}
        return {**self.law.as_mapping(), **files}


def run(
    settings: DynamicsSettings,
    workdir: Path | str,
    *,
    data_dir: Path | str | None = None,
    init_from: Path | str | None = None,
    change: bool = False,
    profile: bool = False,
) -> FitResult | None:
    """Trains a model of dynamics in the run folder `workdir`.

    Args:
        settings: Settings of the run.
        workdir: The run folder.
        data_dir: Folder of trajectories; needed by `data.source` = "files".
        init_from: Run folder whose best weights the model starts from.
        change: Whether the run may go on with other settings, see `ChangeRules`.
        profile: Whether ten of the first steps are traced for TensorBoard.

    Returns:
        The coefficients of a fit; None after a training.

    Raises:
        ValueError: The data or the run folder do not fit.
    """
    trajectories = load_data(settings, data_dir)
    if settings.model.is_generator:
        trajectories.law.check_undriven(f'Setting `model.preset` = "{settings.model.preset}"')
    task = make_task(settings, trajectories, init_from=init_from)
    recorded = {
        **settings.as_mapping(),
        "physics": trajectories.physics(),
        "data_dir": str(data_dir or ""),
        "init_from": "" if init_from is None else str(Path(init_from).resolve()),
    }
    # What says nothing about a run may not keep it from going on.
    if init_from is None:
        del recorded["transfer"]
    if settings.method == LBFGS:
        files = data_dir if settings.data.source == FILES else None
        return generator_fitting.run(
            task, settings, trajectories.law, recorded, workdir, data_dir=files
        )
    del recorded["fit"]
    rules = ChangeRules(
        changeable=CHANGEABLE, demanded=change, usual=DynamicsSettings().as_mapping()
    )
    train(
        task.build,
        settings.training,
        recorded,
        workdir,
        kind=DYNAMICS,
        profile=profile,
        rules=rules,
    )
    return None


def load_data(settings: DynamicsSettings, data_dir: Path | str | None = None) -> Trajectories:
    """Returns the trajectories that settings ask for.

    Raises:
        ValueError: There are no such files, or they have other trajectories.
    """
    settings.check_data_dir(data_dir)
    if settings.data.source == FILES:
        return _from_files(settings.data, settings.training, Path(data_dir or ""))
    data, law, seed = settings.data, settings.exact.law, settings.training.seed
    source = exact_source(data, settings.exact, seed=seed)
    return Trajectories(source, exact_validation(data, law, seed=seed), law)


def make_task(
    settings: DynamicsSettings,
    trajectories: Trajectories,
    *,
    init_from: Path | str | None = None,
) -> DynamicsTask:
    """Returns the task that settings describe.

    Args:
        settings: Settings of the run.
        trajectories: Trajectories of the run.
        init_from: Run folder whose best weights the model starts from.

    Raises:
        ValueError: The initial run does not fit.
        FileNotFoundError: `init_from` holds no weights.
    """
    return DynamicsTask(
        model=settings.model,
        seed=settings.training.seed,
        loss=settings.loss,
        source=trajectories.source,
        validation=trajectories.validation,
        dt=trajectories.law.dt,
        rollout_steps=settings.data.rollout_steps,
        n_rollouts=settings.data.n_rollouts,
        initial_weights=None if init_from is None else _initial_weights(init_from),
        grown_from=_longest_chain(settings, init_from),
        initial_states=GROWN_FROM if trajectories.law.is_given else trajectories.law.initial_states,
        xla=settings.training.xla,
    )


def _initial_weights(init_from: Path | str) -> Path:
    folder = RunFolder(init_from)
    check_kind(folder.kind, DYNAMICS, flag="init_from", folder=init_from)
    return folder.trained_weights()


def _longest_chain(settings: DynamicsSettings, init_from: Path | str | None) -> int | None:
    """Returns the longest chain of the initial run if the network is to grow from there."""
    if init_from is None or not settings.transfer.grow or settings.model.is_generator:
        return None
    return max(RunFolder(init_from).load_config()["data"]["n_sites"])


def _from_files(
    data: DataSettings, training: DynamicsTrainingSettings, data_dir: Path
) -> Trajectories:
    manifest = Manifest.load(data_dir)
    _check_manifest(data, manifest, data_dir)
    # Needs TensorFlow.
    from qtf.data.reader import TrajectoryReader

    reader = TrajectoryReader(
        data_dir,
        split="train",
        n_sites=data.n_sites,
        weights=data.weights or None,
        batch_size=data.batch_size,
        window=data.window,
        seed=training.seed,
        cache=data.cache,
        dtype="float64" if training.precision == "float64" else "float32",
    )
    validation = {
        n_sites: load_trajectories(
            data_dir, "validation", n_sites, n_samples=data.n_validation, n_times=data.n_states
        )
        for n_sites in data.n_sites
    }
    # Which trajectories: a run must not continue on others.
    digest = file_sha256(data_dir / MANIFEST_NAME)
    return Trajectories(reader, validation, law_of(manifest), digest)


def _check_manifest(data: DataSettings, manifest: Manifest, data_dir: Path) -> None:
    if data.n_states > manifest.n_times:
        raise ValueError(
            f"Settings `data.window` and `data.rollout_steps` need {data.n_states} states, but the"
            f" trajectories of {data_dir} have {manifest.n_times}."
        )
    for n_sites in data.n_sites:
        available = manifest.n_trajectories("validation", n_sites)
        if data.n_validation > available:
            raise ValueError(
                f"Setting `data.n_validation` must be at most {available}, the validation"
                f" trajectories of n = {n_sites}, but is {data.n_validation}."
            )
