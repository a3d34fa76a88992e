"""Exact values that a run of an open system is held against."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
from scipy.sparse.linalg import LinearOperator, gmres

from qtf.files import read_object, writable_folder, write_json
from qtf.open_systems.observables import PauliObservables
from qtf.open_systems.plan import Plan
from qtf.open_systems.rules import RULES, Rule, apply_polynomial
from qtf.open_systems.runs.settings import NOT_UNIQUE
from qtf.physics import OutcomeGenerator, SeveralSteadyStates
from qtf.progress import announced

T = TypeVar("T")
KEPT = ".exact.json"
# Relative residual of a step that is solved to all digits.
SOLVED_TO = 1e-12


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
    rows = _kept(
        "means", lambda: _means(generator, observables, start, plan), asked=asked, folder=folder
    )
    return np.array(rows)


def rule_error(
    generator: OutcomeGenerator,
    observables: PauliObservables,
    start: np.ndarray,
    plan: Plan,
    *,
    asked: Mapping[str, object],
    folder: Path | None,
) -> float:
    """Returns the error that a rule of steps has by itself, whatever solves them.

    That is the largest distance of <X>, <Y>, <Z>, averaged over sites, between the steps of the
    plan, each solved to all digits, and the exact evolution.

    Args:
        generator: Generator of the exact probability equation.
        observables: Observables that are measured.
        start: Probabilities of all outcomes at time 0, (4**n_sites,).
        plan: Steps of time only.
        asked: As of `exact_means`.
        folder: As there.

    Raises:
        OSError: The folder cannot be written to.
        ValueError: A step has no solution.
    """
    exact = exact_means(generator, observables, start, plan, asked=asked, folder=folder)
    return _kept(
        f"error_of_{plan.rule}",
        lambda: _rule_error(generator, observables, start, plan, exact),
        asked=asked,
        folder=folder,
    )


def _kept(
    key: str, find: Callable[[], T], *, asked: Mapping[str, object], folder: Path | None
) -> T:
    """Returns what is found, or was found by an earlier start of the same run."""
    if folder is None:
        return find()
    path = writable_folder(folder) / KEPT
    kept = read_object(path, keys=("asked",)) if path.exists() else {}
    if kept.get("asked") != asked:
        kept = {"asked": asked}
    if key not in kept:
        kept[key] = find()
        write_json(path, kept)
    return kept[key]


def _rule_error(
    generator: OutcomeGenerator,
    observables: PauliObservables,
    start: np.ndarray,
    plan: Plan,
    exact: np.ndarray,
) -> float:
    rule, p, largest = RULES[plan.rule], start, 0.0
    with announced(f"the rule {plan.rule} by itself", plan.n_epochs) as activity:
        for row in exact[1:]:
            p = _solve_step(generator, p, rule, plan.tau)
            means = list(observables.exact_means(p).values())
            largest = max(largest, float(np.abs(row - means).max()))
            activity.advance()
    return largest


def _solve_step(generator: OutcomeGenerator, p: np.ndarray, rule: Rule, tau: float) -> np.ndarray:
    backward = LinearOperator(
        (len(p), len(p)),
        matvec=lambda p: apply_polynomial(generator.apply, rule.backward(tau), p),
        dtype=np.float64,
    )
    target = apply_polynomial(generator.apply, rule.forward(tau), p)
    solved, failed = gmres(backward, target, x0=p, rtol=SOLVED_TO, atol=0.0, restart=50, maxiter=50)
    if failed:
        raise ValueError(
            f"Setting `dynamics.tau` must be smaller: a step of the rule with {tau} has no solution"
            " that iterations find."
        )
    return solved


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
