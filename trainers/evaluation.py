"""Evaluates a run on unseen states and writes its report."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from qtf.data.loading import load_trajectories
from qtf.data.schema import Manifest
from qtf.dynamics.evaluation import Evaluation, evaluate
from qtf.dynamics.rollout import Rollout
from qtf.dynamics.transferable_sru import TransferableSRU
from qtf.files import writable_folder
from qtf.physics import PauliSum, evolve, from_config, printed_state
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder
from trainers.report import write_report

LEAST_SQUARES_STEPS = 10
MAX_LEAST_SQUARES_SITES = 8


def run(
    workdir: Path | str,
    data_dir: Path | str,
    out_dir: Path | str,
    *,
    n_steps: int = 100,
    n_samples: int = 1000,
) -> tuple[Path, dict[int, Evaluation]]:
    """Evaluates the best weights of a run on the test split of `data_dir`.

    Args:
        workdir: The run folder.
        data_dir: Folder of trajectories; its n must be within the model's.
        out_dir: Folder for the results, created if missing.
        n_steps: Steps to predict; may exceed the data's, exact evolution is recomputed.
        n_samples: Test sequences for each n, at most.

    Returns:
        Path of the HTML report, and n_sites -> evaluation.

    Raises:
        ValueError: The data do not fit the model.
        FileNotFoundError: The run or the data are missing.
    """
    folder = RunFolder(workdir)
    model: TransferableSRU = folder.load_model()
    manifest = Manifest.load(data_dir)
    config = folder.load_config()
    _check_fit(manifest, model, config)
    out_dir = writable_folder(out_dir)
    rollout = Rollout(model, xla=config["training"]["xla"])
    evaluations, printed, seconds = {}, {}, {}
    for n_sites in manifest.n_sites("test"):
        started = time.monotonic()
        evaluations[n_sites] = _evaluate_one(
            data_dir, manifest, n_sites, rollout, n_steps, n_samples
        )
        seconds[n_sites] = time.monotonic() - started
        if 2 <= n_sites <= 7:
            printed[n_sites] = _printed_trajectories(manifest, n_sites, rollout, n_steps)
    facts = {
        "run": Path(workdir).resolve().name,
        "data": Path(data_dir).resolve().name,
        "dt": manifest.dt,
        "n_steps": n_steps,
        "n_sequences": {str(n): e.n_sequences for n, e in evaluations.items()},
        "trained_n_sites": config["data"]["n_sites"],
        "evaluation_seconds": {str(n): value for n, value in seconds.items()},
    }
    rows = read_metrics(folder.metrics, "validation")
    return write_report(out_dir, evaluations, printed, facts, rows), evaluations


def _evaluate_one(
    data_dir: Path | str,
    manifest: Manifest,
    n_sites: int,
    rollout: Rollout,
    n_steps: int,
    n_samples: int,
) -> Evaluation:
    available = manifest.n_trajectories("test", n_sites)
    test = load_trajectories(data_dir, "test", n_sites, min(n_samples, available))
    return evaluate(
        lambda psi0: rollout(psi0, n_steps),
        test[:, 0],
        _hamiltonian(manifest, n_sites),
        dt=manifest.dt,
        n_steps=n_steps,
        training=_least_squares_trajectories(data_dir, manifest, n_sites),
    )


def _least_squares_trajectories(
    data_dir: Path | str, manifest: Manifest, n_sites: int
) -> np.ndarray | None:
    """Returns trajectories that determine the one-step map, or None if n is too large.

    Successive states hardly differ, so that it takes as many trajectories as components,
    not as many states, to span the space.
    """
    if n_sites > MAX_LEAST_SQUARES_SITES:
        return None
    available = manifest.n_trajectories("train", n_sites)
    wanted = min(2 * 2**n_sites, available)
    return load_trajectories(data_dir, "train", n_sites, wanted)[:, : LEAST_SQUARES_STEPS + 1]


def _printed_trajectories(
    manifest: Manifest, n_sites: int, rollout: Rollout, n_steps: int
) -> tuple[np.ndarray, np.ndarray]:
    psi0 = printed_state(n_sites)
    exact = evolve(_hamiltonian(manifest, n_sites), psi0, manifest.dt * np.arange(n_steps + 1))
    return exact, rollout(psi0, n_steps)


def _hamiltonian(manifest: Manifest, n_sites: int) -> PauliSum:
    return PauliSum.from_dict(manifest.operators[str(n_sites)])


def _check_fit(manifest: Manifest, model: TransferableSRU, config: dict[str, Any]) -> None:
    for n_sites in manifest.n_sites("test"):
        if n_sites > model.n_max:
            raise ValueError(
                f"Data of n = {n_sites} do not fit the model, whose n_max is {model.n_max}."
            )
        learned = from_config({**config["physics"]["hamiltonian"], "n_sites": n_sites})
        if _hamiltonian(manifest, n_sites) != learned:
            raise ValueError(
                f"The data's Hamiltonian must be {config['physics']['hamiltonian']}, which the"
                f" model was trained for, but is {manifest.hamiltonian}."
            )
    if manifest.dt != config["physics"]["dt"]:
        raise ValueError(
            f"The data's `dt` must be {config['physics']['dt']}, which the model was trained"
            f" for, but is {manifest.dt}."
        )
