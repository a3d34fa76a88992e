"""Evaluates a run on unseen states and writes its report."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from qtf.dynamics.evaluation import Evaluation, evaluate
from qtf.dynamics.generator_file import fit_facts
from qtf.dynamics.rollout import Rollout
from qtf.files import writable_folder
from qtf.physics import HamiltonianSettings, PauliSum, evolve, from_config, printed_state
from qtf.progress import announced
from qtf.run_kinds import DYNAMICS, check_kind
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder
from trainers.evaluate.report import write_report
from trainers.evaluate.unseen_states import StatesFromFiles, StatesFromLaw

States = StatesFromFiles | StatesFromLaw


def run(
    workdir: Path | str,
    data_dir: Path | str | None,
    out_dir: Path | str,
    *,
    n_steps: int = 100,
    n_samples: int = 1000,
    n_sites: Sequence[int] = (),
) -> tuple[Path, dict[int, Evaluation]]:
    """Evaluates the best weights of a run on states that it has not seen.

    Args:
        workdir: The run folder.
        data_dir: Folder of trajectories with a test split, or None to draw states from
            the law of the run.
        out_dir: Folder for the results, created if missing.
        n_steps: Steps to predict; may exceed the data's, exact evolution is recomputed.
        n_samples: Test sequences for each n, at most.
        n_sites: Chain lengths within the model's; by default those of the test split, or
            without files those of the training.

    Returns:
        Path of the HTML report, and n_sites -> evaluation.

    Raises:
        ValueError: The data do not fit the model.
        FileNotFoundError: The run or the data are missing.
    """
    folder = RunFolder(workdir)
    config = folder.load_config()
    check_kind(config, DYNAMICS, flag="workdir", folder=workdir)
    model = folder.load_model()
    states = _states(config, data_dir, n_sites)
    _check_fit(states, model, config)
    out_dir = writable_folder(out_dir)
    rollout = Rollout(model, xla=config["training"]["xla"])
    evaluations, printed, seconds = {}, {}, {}
    for n in states.n_sites:
        started = time.monotonic()
        evaluations[n] = _evaluate_one(states, n, rollout, n_steps, n_samples)
        seconds[n] = time.monotonic() - started
        if 2 <= n <= 7:
            printed[n] = _printed_trajectories(states, n, rollout, n_steps)
    facts = {
        "run": Path(workdir).resolve().name,
        "data": states.name,
        "system": HamiltonianSettings.from_mapping(config["physics"]["hamiltonian"]).describe(),
        "dt": states.dt,
        "n_steps": n_steps,
        "n_sequences": {str(n): e.n_sequences for n, e in evaluations.items()},
        "trained_n_sites": config["data"]["n_sites"],
        "evaluation_seconds": {str(n): value for n, value in seconds.items()},
        **fit_facts(folder.path),
    }
    rows = read_metrics(folder.metrics, "validation")
    with announced("drawing the figures of the report"):
        page = write_report(out_dir, evaluations, printed, facts, rows)
    return page, evaluations


def _states(config: dict[str, Any], data_dir: Path | str | None, n_sites: Sequence[int]) -> States:
    if data_dir is not None:
        return StatesFromFiles(data_dir, n_sites)
    asked = n_sites or config["data"]["n_sites"]
    return StatesFromLaw(config["physics"], asked, config["training"]["seed"])


def _evaluate_one(
    states: States, n_sites: int, rollout: Rollout, n_steps: int, n_samples: int
) -> Evaluation:
    with announced(f"states of n = {n_sites}"):
        psi0 = states.initial_states(n_sites, n_samples)
        training = states.least_squares_trajectories(n_sites)
    return evaluate(
        lambda psi0: rollout(psi0, n_steps),
        psi0,
        states.hamiltonian(n_sites),
        dt=states.dt,
        n_steps=n_steps,
        training=training,
    )


def _printed_trajectories(
    states: States, n_sites: int, rollout: Rollout, n_steps: int
) -> tuple[np.ndarray, np.ndarray]:
    psi0 = printed_state(n_sites)
    times = states.dt * np.arange(n_steps + 1)
    return evolve(states.hamiltonian(n_sites), psi0, times), rollout(psi0, n_steps)


def _check_fit(states: States, model: keras.Model, config: dict[str, Any]) -> None:
    for n_sites in states.n_sites:
        if n_sites > model.n_max:
            raise ValueError(
                f"Data of n = {n_sites} do not fit the model, whose n_max is {model.n_max}."
            )
        learned: PauliSum = from_config({**config["physics"]["hamiltonian"], "n_sites": n_sites})
        if states.hamiltonian(n_sites) != learned:
            raise ValueError(
                f"The data's Hamiltonian must be {config['physics']['hamiltonian']}, which the"
                f" model was trained for, but is {states.manifest.hamiltonian}."
            )
    if states.dt != config["physics"]["dt"]:
        raise ValueError(
            f"The data's `dt` must be {config['physics']['dt']}, which the model was trained"
            f" for, but is {states.dt}."
        )
