"""Exact values that a run of an open system is held against."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from qtf.files import read_object, writable_folder, write_json
from qtf.open_systems.observables import PauliObservables
from qtf.open_systems.plan import Plan
from qtf.open_systems.runs.settings import NOT_UNIQUE
from qtf.physics import OutcomeGenerator, SeveralSteadyStates
from qtf.progress import announced

KEPT = ".exact.json"


def exact_means(
    generator: OutcomeGenerator,
    observables: PauliObservables,
    start: np.ndarray,
    plan: Plan,
    *,
    asked: Mapping[str, object],
    folder: Path | None,
) -> np.ndarray:
    """Returns <X>, <Y>, <Z> averaged over sites before the first and after each epoch.

    Of the epochs that look for the steady state, and of those after them, it is that of the
    steady state.

    Args:
        generator: Generator of the exact probability equation.
        observables: Observables that are measured.
        start: Probabilities of all outcomes at time 0, (4**n_sites,).
        plan: Plan of what is solved.
        asked: JSON values of all that the exact values depend on.
        folder: Folder where they are kept for the next start of the same run; None: nowhere.

    Returns:
        float64 (n_epochs + 1, 3).

    Raises:
        OSError: The folder cannot be written to.
        ValueError: The steady state is not unique, so that there are no exact values.
    """
    if folder is None:
        return np.array(_means(generator, observables, start, plan))
    path = writable_folder(folder) / KEPT
    if path.exists():
        kept = read_object(path, keys=("asked", "means"))
        if kept["asked"] == asked:
            return np.array(kept["means"])
    rows = _means(generator, observables, start, plan)
    write_json(path, {"asked": asked, "means": rows})
    return np.array(rows)


def _means(
    generator: OutcomeGenerator, observables: PauliObservables, p: np.ndarray, plan: Plan
) -> list[list[float]]:
    def means(table: np.ndarray) -> list[float]:
        return list(observables.exact_means(table).values())

    if plan.n_steady:
        with announced("exact steady state"):
            return [means(_steady_state(generator))] * (plan.n_epochs + 1)
    rows = [means(p)]
    with announced("exact evolution", plan.n_epochs) as activity:
        for _ in range(plan.n_epochs):
            p = generator.evolve(p, np.array([2.0 * plan.tau]))[0]
            rows.append(means(p))
            activity.advance()
    return rows


def _steady_state(generator: OutcomeGenerator) -> np.ndarray:
    try:
        return generator.steady_state()
    except SeveralSteadyStates as error:
        raise ValueError(NOT_UNIQUE) from error
