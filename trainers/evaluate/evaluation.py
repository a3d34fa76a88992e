"""Evaluates a run on unseen states and writes its report."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qtf.data.laws import RecordedLaw
from qtf.dynamics.evaluation import Evaluation, evaluate
from qtf.dynamics.generator_file import fit_facts
from qtf.dynamics.rollout import Rollout
from qtf.files import writable_folder
from qtf.physics import DrivenHamiltonian, PauliSum, evolve, printed_state
from qtf.progress import announced
from qtf.run_kinds import DYNAMICS, check_kind
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder
from trainers.evaluate.report import Facts, write_report
from trainers.evaluate.unseen_states import StatesFromFiles, StatesFromLaw

States = StatesFromFiles | StatesFromLaw


@dataclass(frozen=True)
class TrainedRun:
    """What an evaluation needs to know of a run.

    Attributes:
        law: What the trajectories of the training obey.
        n_sites: Chain lengths of the training.
        seed: Seed of the training.
        xla: Whether the training was compiled by XLA.
    """

    law: RecordedLaw
    n_sites: tuple[int, ...]
    seed: int
    xla: bool

    @classmethod
    def of(cls, folder: RunFolder) -> "TrainedRun":
        """Reads a run folder."""
        config = folder.load_config()
        training = config["training"]
        law = RecordedLaw.from_record(config["physics"])
        return cls(law, tuple(config["data"]["n_sites"]), training["seed"], training["xla"])


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
    check_kind(folder.kind, DYNAMICS, flag="workdir", folder=workdir)
    trained = TrainedRun.of(folder)
    model = folder.load_model()
    states = _states(trained, data_dir, n_sites)
    _check_fit(states, model.n_max, trained.law)
    out_dir = writable_folder(out_dir)
    rollout = Rollout(model, xla=trained.xla)
    evaluations, printed, seconds = {}, {}, {}
    for n in states.n_sites:
        started = time.monotonic()
        evaluations[n] = _evaluate_length(states, n, rollout, n_steps, n_samples)
        seconds[n] = time.monotonic() - started
        hamiltonian = states.hamiltonian(n)
        if 2 <= n <= 7 and hamiltonian is not None:
            times = states.dt * np.arange(n_steps + 1)
            printed[n] = _printed_trajectories(hamiltonian, times, rollout)
    facts = Facts(
        run=Path(workdir).resolve().name,
        data=states.name,
        system=trained.law.describe(),
        dt=states.dt,
        n_steps=n_steps,
        n_sequences={n: evaluation.n_sequences for n, evaluation in evaluations.items()},
        trained_n_sites=trained.n_sites,
        evaluation_seconds=seconds,
        fit={**fit_facts(folder.path), **_left_out(states.law)},
    )
    rows = read_metrics(folder.metrics, "validation")
    with announced("drawing the figures of the report"):
        page = write_report(out_dir, evaluations, printed, facts, rows)
    return page, evaluations


def _left_out(law: RecordedLaw) -> dict[str, str]:
    """Returns what cannot be compared, in words for the report."""
    if law.hamiltonian is None:
        return {
            "exact": "the given trajectories",
            "not compared": "energy and exact evolution, as no Hamiltonian is known",
        }
    if law.drive:
        return {"not compared": "energy, which a driven system does not conserve"}
    return {}


def _states(trained: TrainedRun, data_dir: Path | str | None, n_sites: Sequence[int]) -> States:
    if data_dir is not None:
        return StatesFromFiles(data_dir, n_sites)
    return StatesFromLaw(trained.law, n_sites or trained.n_sites, trained.seed)


def _evaluate_length(
    states: States, n_sites: int, rollout: Rollout, n_steps: int, n_samples: int
) -> Evaluation:
    with announced(f"states of n = {n_sites}"):
        psi0 = states.initial_states(n_sites, n_samples)
        training = states.least_squares_trajectories(n_sites)
    hamiltonian, given = states.hamiltonian(n_sites), None
    if hamiltonian is None and isinstance(states, StatesFromFiles):
        given = states.given_trajectories(n_sites, n_samples, n_steps)
        psi0 = given[:, 0]
    return evaluate(
        lambda psi0: rollout(psi0, n_steps),
        psi0,
        hamiltonian,
        dt=states.dt,
        n_steps=n_steps,
        training=training,
        given=given,
    )


def _printed_trajectories(
    hamiltonian: PauliSum | DrivenHamiltonian, times: np.ndarray, rollout: Rollout
) -> tuple[np.ndarray, np.ndarray]:
    psi0 = printed_state(hamiltonian.n_sites)
    return evolve(hamiltonian, psi0, times), rollout(psi0, len(times) - 1)


def _check_fit(states: States, n_max: int, law: RecordedLaw) -> None:
    """Checks that a model of at most `n_max` spins, trained for `law`, can predict the states."""
    for n_sites in states.n_sites:
        if n_sites > n_max:
            raise ValueError(f"Data of n = {n_sites} do not fit the model, whose n_max is {n_max}.")
        if not law.has_same_hamiltonian(states.law, n_sites):
            raise ValueError(
                f"The data's Hamiltonian must be {law.hamiltonian_in_words()}, which the"
                f" model was trained for, but is {states.law.hamiltonian_in_words()}."
            )
    if states.dt != law.dt:
        raise ValueError(
            f"The data's `dt` must be {law.dt}, which the model was trained for, but is"
            f" {states.dt}."
        )
