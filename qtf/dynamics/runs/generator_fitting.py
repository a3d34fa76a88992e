"""Fits a local generator instead of training it, and leaves the same run folder."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from qtf.data.laws import RecordedLaw
from qtf.data.loading import load_trajectories
from qtf.data.schema import Manifest
from qtf.dynamics.generator_file import write_generator
from qtf.dynamics.generator_fit import FitResult, fit_generator
from qtf.dynamics.generator_report import coefficient_table, identify, lag_sentence
from qtf.dynamics.local_generator import LocalGenerator
from qtf.dynamics.runs.settings import DynamicsSettings
from qtf.dynamics.settings import FitSettings
from qtf.dynamics.task import DynamicsTask
from qtf.files import write_atomically
from qtf.physics import sample_trajectories
from qtf.progress import announced
from qtf.run_kinds import DYNAMICS
from qtf.streams import Stream
from qtf.training.run_folder import RunFolder


def run(
    task: DynamicsTask,
    settings: DynamicsSettings,
    law: RecordedLaw,
    recorded: Mapping[str, object],
    workdir: Path | str,
    *,
    data_dir: Path | str | None = None,
) -> FitResult:
    """Fits the generator that `task` describes and writes the run folder `workdir`.

    The folder gets what a training leaves (configuration, model, best weights, rows of
    metrics), so that evaluation and export find no difference, and `generator.json`: all
    coefficients with their errors, and which Hamiltonian they are.

    Args:
        task: Task that makes and validates the model.
        settings: Settings of the run.
        law: What the trajectories obey.
        recorded: Configuration for the run folder.
        workdir: The run folder.
        data_dir: Folder of trajectories; None: they are computed.

    Returns:
        The coefficients with their errors.

    Raises:
        ValueError: The data or the run folder do not fit, or the time step is too long for the
            model's Taylor series.
    """
    training = task.build()
    model: LocalGenerator = training.model
    lengths, seed = settings.data.n_sites, settings.training.seed
    trajectories = training_trajectories(settings.fit, law, lengths, seed=seed, data_dir=data_dir)
    folder = RunFolder(workdir)
    try:
        folder.open(recorded, kind=DYNAMICS)
        with announced("fitting the local generator"):
            result = fit_generator(
                [(model.terms, psi) for psi in trajectories.values()],
                model.dt,
                last_lag=settings.fit.last_lag or None,
                start=None if task.initial_weights is None else np.asarray(model.coefficients),
                report=lambda line: tqdm.write(line, file=sys.stderr),
            )
        model.coefficients.assign(result.coefficients)
        model.taylor_order(max(lengths))
        with announced("validation"):
            validation = training.validate()
        _write(folder, model, result, validation)
    finally:
        folder.close()
    return result


def training_trajectories(
    fit: FitSettings,
    law: RecordedLaw,
    n_sites: Sequence[int],
    *,
    seed: int,
    data_dir: Path | str | None = None,
) -> dict[int, np.ndarray]:
    """Returns the trajectories of the fit, complex128 (n_trajectories, n_times, 2**n).

    Args:
        fit: Settings of the fit.
        law: What the trajectories obey.
        n_sites: Chain lengths.
        seed: Seed of states and noise.
        data_dir: Folder of trajectories; None: they are computed.

    Raises:
        ValueError: The folder holds fewer or shorter trajectories than asked for.
    """
    trajectories = {}
    for n in n_sites:
        psi = (
            _compute(fit, law, n, seed)
            if data_dir is None
            else _load_stored(fit, n, Path(data_dir))
        )
        rng = np.random.default_rng([seed, Stream.FIT_NOISE, n])
        trajectories[n] = _add_noise(psi, fit.noise, rng)
    return trajectories


def _compute(fit: FitSettings, law: RecordedLaw, n_sites: int, seed: int) -> np.ndarray:
    with announced(f"exact trajectories of n = {n_sites}"):
        return sample_trajectories(
            law.as_mapping(),
            n_sites,
            fit.n_trajectories,
            fit.n_steps + 1,
            seed=seed,
            stream=Stream.FIT_STATES,
        )


def _load_stored(fit: FitSettings, n_sites: int, data_dir: Path) -> np.ndarray:
    manifest = Manifest.load(data_dir)
    limits = {
        "n_trajectories": manifest.n_trajectories("train", n_sites),
        "n_steps": manifest.n_times - 1,
    }
    for name, limit in limits.items():
        if getattr(fit, name) > limit:
            raise ValueError(
                f"Setting `fit.{name}` must be at most {limit}, what the training files of n ="
                f" {n_sites} have, but is {getattr(fit, name)}."
            )
    psi = load_trajectories(data_dir, "train", n_sites, fit.n_trajectories, n_times=fit.n_steps + 1)
    return psi.astype(np.complex128)


def _add_noise(psi: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    if not noise:
        return psi
    return psi + noise * (rng.normal(size=psi.shape) + 1j * rng.normal(size=psi.shape))


def _write(
    folder: RunFolder, model: LocalGenerator, result: FitResult, validation: dict[str, float]
) -> None:
    last = len(result.residuals)
    rows = [
        {"step": step, "kind": "training", "lag": lag, "residual": residual}
        for step, (lag, residual) in enumerate(result.residuals.items(), 1)
    ]
    rows.append({"step": last, "kind": "validation", "epoch": 1, **validation})
    write_atomically(folder.metrics, "".join(json.dumps(row) + "\n" for row in rows))
    write_generator(folder.path, result, sentence=lag_sentence(result))
    folder.save_model(model)
    folder.save_best_weights(model)


def summary(result: FitResult) -> str:
    """Returns what a user reads of a fit."""
    lines = [
        coefficient_table(result),
        f"{result.n_trajectories} trajectories, {result.n_pairs} pairs {result.lag} steps apart,"
        f" noise {result.noise:.2g} on every part; fitted in {result.seconds:.1f} s.",
        lag_sentence(result),
        str(identify(result)),
    ]
    return "\n".join(lines)
