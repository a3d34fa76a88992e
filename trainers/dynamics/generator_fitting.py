"""Fits a local generator instead of training it, and leaves the same run folder."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from qtf.checks import COUNT, COUNT_OR_0, NOT_NEGATIVE, check_settings
from qtf.data.loading import load_trajectories
from qtf.data.schema import Manifest
from qtf.dynamics.generator_file import write_generator
from qtf.dynamics.generator_fit import FitResult, fit_generator
from qtf.dynamics.generator_report import coefficient_table, growth_sentence, identify
from qtf.dynamics.local_generator import LocalGenerator
from qtf.dynamics.task import DynamicsTask
from qtf.files import write_atomically
from qtf.physics import sample_trajectories
from qtf.progress import announced
from qtf.training.run_folder import RunFolder

# Apart from the streams of training and validation batches.
FIT_STREAM = 22
NOISE_STREAM = 23
# Of the section `fit`.
RULES = {
    "n_trajectories": COUNT,
    "n_steps": COUNT,
    "last_lag": COUNT_OR_0,
    "noise": NOT_NEGATIVE,
}


def run(
    task: DynamicsTask,
    config: Mapping[str, Any],
    workdir: Path | str,
    *,
    data_dir: Path | str | None = None,
) -> FitResult:
    """Fits the generator that `task` describes and writes the run folder `workdir`.

    The folder gets what a training leaves (configuration, model, best weights, rows of
    metrics), so that evaluation and export find no difference, and `generator.json`: all
    coefficients with their errors, and which Hamiltonian they are.

    Args:
        task: Makes and validates the model.
        config: The configuration to record, with its `physics`.
        workdir: The run folder.
        data_dir: Folder of trajectories, if `data.source` is "files".

    Returns:
        The coefficients with their errors.

    Raises:
        ValueError: The configuration, the data or the run folder do not fit, or the time
            step is too long for the model's Taylor series.
    """
    model: LocalGenerator = task.build_model()
    settings = config["fit"]
    check_settings(settings, RULES, "fit.")
    trajectories = training_trajectories(config, data_dir)
    folder = RunFolder(workdir)
    try:
        folder.open(dict(config))
        with announced("fitting the local generator"):
            result = fit_generator(
                [(model.terms, psi) for psi in trajectories.values()],
                model.dt,
                last_lag=settings["last_lag"] or None,
                start=np.asarray(model.coefficients) if config["init_from"] else None,
                report=lambda line: print(line, file=sys.stderr),
            )
        model.coefficients.assign(result.coefficients)
        model.taylor_order(max(config["data"]["n_sites"]))
        with announced("validation"):
            validation = task.validate(model)
        _write(folder, model, result, validation)
    finally:
        folder.close()
    print(_summary(result))
    return result


def training_trajectories(
    config: Mapping[str, Any], data_dir: Path | str | None = None
) -> dict[int, np.ndarray]:
    """Returns the trajectories of the fit, complex128 (n_trajectories, n_times, 2**n).

    Args:
        config: Resolved configuration, with its `physics`.
        data_dir: Folder of trajectories, if `data.source` is "files".

    Raises:
        ValueError: The folder holds fewer or shorter trajectories than asked for.
    """
    settings, seed = config["fit"], config["training"]["seed"]
    from_files = config["data"]["source"] == "files"
    found = {}
    for n_sites in config["data"]["n_sites"]:
        if from_files:
            psi = _stored(Path(data_dir or ""), n_sites, settings)
        else:
            with announced(f"exact trajectories of n = {n_sites}"):
                psi = sample_trajectories(
                    config["physics"],
                    n_sites,
                    settings["n_trajectories"],
                    settings["n_steps"] + 1,
                    seed=seed,
                    stream=FIT_STREAM,
                )
        rng = np.random.default_rng([seed, NOISE_STREAM, n_sites])
        found[n_sites] = _with_noise(psi, settings["noise"], rng)
    return found


def _stored(data_dir: Path, n_sites: int, settings: Mapping[str, Any]) -> np.ndarray:
    manifest = Manifest.load(data_dir)
    limits = {
        "n_trajectories": manifest.n_trajectories("train", n_sites),
        "n_steps": manifest.n_times - 1,
    }
    for name, limit in limits.items():
        if settings[name] > limit:
            raise ValueError(
                f"Setting `fit.{name}` must be at most {limit}, what the training files of n ="
                f" {n_sites} have, but is {settings[name]}."
            )
    psi = load_trajectories(
        data_dir, "train", n_sites, settings["n_trajectories"], n_times=settings["n_steps"] + 1
    )
    return psi.astype(np.complex128)


def _with_noise(psi: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
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
    write_generator(folder.path, result)
    folder.save_model(model)
    folder.save_best_weights(model)


def _summary(result: FitResult) -> str:
    lines = [
        coefficient_table(result),
        f"{result.n_trajectories} trajectories, {result.n_pairs} pairs {result.lag} steps apart,"
        f" noise {result.noise:.2g} on every part; fitted in {result.seconds:.1f} s.",
        growth_sentence(result),
        str(identify(result)),
    ]
    return "\n".join(lines)
