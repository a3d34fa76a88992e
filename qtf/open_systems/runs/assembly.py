"""Puts an open system, its distribution and the loop together as settings ask."""

import functools
from collections.abc import Callable
from pathlib import Path

from qtf.autoregressive.network import make_network
from qtf.data.random_source import RandomSource
from qtf.open_systems.fit import spread_weights
from qtf.open_systems.observables import PauliObservables
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.plan import Plan
from qtf.open_systems.povm_liouvillian import PovmLiouvillian, moves_at_once
from qtf.open_systems.runs.references import exact_means, rule_error
from qtf.open_systems.runs.settings import OpenSystemSettings
from qtf.open_systems.runs.starts import ProductStart, Start, make_start
from qtf.open_systems.runs.trajectories import reference_means
from qtf.open_systems.settings import DIRECTIONS
from qtf.open_systems.task import (
    AllOutcomes,
    GaussNewtonStep,
    NaturalGradientStep,
    ObjectiveGradient,
    OpenSystemTask,
    OpenSystemTraining,
    ProjectedEvolution,
    Samples,
    VariationalEvolution,
)
from qtf.open_systems.task.samples import Outcomes
from qtf.physics import MEASUREMENTS, Lindbladian, OutcomeGenerator, Povm
from qtf.run_kinds import OPEN_SYSTEMS
from qtf.training.changes import ChangeRules
from qtf.training.initial_weights import check_initial_run, take_weights
from qtf.training.loop import train
from qtf.training.memory import tell_memory
from qtf.training.run_folder import RunFolder
from qtf.training.training import Step
from qtf.typing import Array

# Of outcomes that are impossible at the start, where weights are found by Gauss and Newton.
SPREAD_FLOOR = 1e-2
DIRECTION_KEYS = ("natural_gradient.diag_shift", "natural_gradient.momentum")


def run(
    settings: OpenSystemSettings,
    workdir: Path | str,
    *,
    init_from: Path | str | None = None,
    change: bool = False,
    profile: bool = False,
) -> OpenSystemTraining:
    """Solves what the settings ask for in the run folder `workdir`.

    Args:
        settings: Settings of the run.
        workdir: The run folder.
        init_from: Run folder whose best weights a search for the steady state starts from.
        change: Whether the run may go on with other settings, see `ChangeRules`.
        profile: Whether ten of the first steps are traced for TensorBoard.

    Returns:
        The last distribution and what measures it.

    Raises:
        ValueError: The settings or the run folder do not fit.
    """
    task = make_task(settings, workdir=workdir)
    initial = None if init_from is None else _initial_run(settings, init_from)
    every_outcome = settings.objective.every_outcome
    smaller = "objective.every_outcome" if every_outcome else "sampling.n_samples"

    def build() -> OpenSystemTraining:
        training = task.build()
        if initial is not None:
            take_weights(training.model, initial)
        tell_memory(training.step_bytes(), [f"`{smaller}`", "the network"])
        return training

    asked = settings.as_mapping()
    if init_from is not None:
        asked["init_from"] = str(Path(init_from).resolve())
    rules = ChangeRules(
        changeable=_changeable(settings), demanded=change, usual=OpenSystemSettings().as_mapping()
    )
    return train(
        build,
        settings.training,
        asked,
        workdir,
        kind=OPEN_SYSTEMS,
        profile=profile,
        kept=True,
        rules=rules,
    )


def _changeable(settings: OpenSystemSettings) -> tuple[str, ...]:
    """Returns what another value changes from now on, and not what is solved."""
    keys = ("sampling.n_samples", "sampling.n_validation", "sampling.chunk", "reference")
    # Without it there is no direction of the step before.
    has_direction = settings.natural_gradient.diag_shift is not None
    return (*keys, *(DIRECTION_KEYS if has_direction else ()))


def _initial_run(settings: OpenSystemSettings, init_from: Path | str) -> RunFolder:
    if not settings.steady_state.n_epochs:
        raise ValueError(
            "Flag --init_from needs a search for the steady state, `steady_state.n_epochs`: a step"
            " of time starts from the state before it. What a run has reached is followed in time"
            " with --config.start=RUN."
        )
    folder = RunFolder(init_from)
    alike = {"network": settings.network.as_mapping(), "measurement": settings.measurement}
    check_initial_run(folder, OPEN_SYSTEMS, alike)
    return folder


def make_task(settings: OpenSystemSettings, *, workdir: Path | str | None = None) -> OpenSystemTask:
    """Returns the task that the settings describe.

    Args:
        settings: Settings of the run.
        workdir: Run folder, where exact values are kept for its next start; None: nowhere.

    Raises:
        ValueError: The network or the strings do not fit the lattice or one another.
    """
    training, sampling = settings.training, settings.sampling
    n_steady, n_epochs = settings.steady_state.n_epochs, training.last_epoch
    plan = Plan(
        tau=settings.dynamics.tau,
        n_epochs=n_epochs,
        # A mere search is extended as a search, others by steps of time.
        n_steady=n_epochs if n_steady == training.n_epochs else n_steady,
        norm=settings.objective.norm,
        rule=settings.dynamics.rule,
    )
    generator, observables = make_generator(settings), make_observables(settings)
    distribution = make_untrained(settings)
    start = make_start(settings, generator.povm)
    chunk = sampling.chunk or moves_at_once(distribution, sampling.n_samples)
    # Sums over all outcomes need at most one.
    n_drawn = 1 if settings.objective.every_outcome else sampling.n_samples
    source = RandomSource(
        (distribution.n_uniforms, n_drawn), seed=training.seed, dtype=training.precision
    )
    exact, rule = _exact(settings, plan, generator, observables, start, workdir)
    error = None if settings.reference is None else _reference(settings, plan)[1]
    return OpenSystemTask(
        make_distribution=lambda: make_distribution(settings, start),
        liouvillian=PovmLiouvillian.from_outcome_generator(generator, chunk=chunk),
        plan=plan,
        observables=observables,
        source=source,
        n_samples=sampling.n_samples,
        outcomes=_outcomes(settings, source),
        make_step=_step(settings, start),
        find_exact=exact,
        find_rule_error=rule,
        reference_error=error,
        xla=training.xla,
    )


def make_distribution(
    settings: OpenSystemSettings, start: Start | None = None
) -> OutcomeDistribution:
    """Returns the distribution at time 0; near it where its weights are searched for by Newton.

    Args:
        settings: Settings of the run.
        start: What the settings say of time 0, if it is at hand.

    Raises:
        OSError: What the system starts from does not exist.
        ValueError: It does not fit the run, or the network or the strings do not fit the lattice or
            one another.
    """
    distribution = make_untrained(settings)
    start = start or make_start(settings, make_measurement(settings))
    if settings.gauss_newton.damping is not None and isinstance(start, ProductStart):
        # Only near the start, and where every weight has a derivative.
        start.apply(distribution, floor=SPREAD_FLOOR)
        spread_weights(distribution, settings.training.seed)
    else:
        start.apply(distribution)
    return distribution


def make_untrained(settings: OpenSystemSettings) -> OutcomeDistribution:
    """Returns the distribution with random weights."""
    lattice = settings.physics.hamiltonian.lattice
    network = make_network(settings.network, lattice, local_dimension=4, heads=(4,))
    return OutcomeDistribution(network=network, strings=lattice.strings(settings.strings))


def make_generator(settings: OpenSystemSettings) -> OutcomeGenerator:
    """Returns the generator of the probability equation."""
    hamiltonian = settings.physics.hamiltonian.build()
    jumps = settings.physics.jumps.build(hamiltonian.n_sites)
    return OutcomeGenerator(Lindbladian(hamiltonian, jumps), make_measurement(settings))


def make_observables(settings: OpenSystemSettings) -> PauliObservables:
    """Returns the estimators of <X>, <Y>, <Z> from the outcomes of the measurement."""
    povm = make_measurement(settings)
    return PauliObservables([povm.pauli_values(name.upper()) for name in DIRECTIONS])


def make_measurement(settings: OpenSystemSettings) -> Povm:
    """Returns the measurement whose outcomes are described."""
    return MEASUREMENTS[settings.measurement]()


def _exact(
    settings: OpenSystemSettings,
    plan: Plan,
    generator: OutcomeGenerator,
    observables: PauliObservables,
    start: Start,
    workdir: Path | str | None,
) -> tuple[Callable[[], Array] | None, Callable[[], float] | None]:
    """Returns what finds the exact means, and the error of the rule where it is followed alone."""
    if not settings.has_exact_values:
        return None, None
    if settings.reference is not None:
        return lambda: _reference(settings, plan)[0], None
    asked = {
        "physics": settings.physics.as_mapping(),
        "measurement": settings.measurement,
        "start": start.key,
        "tau": plan.tau,
        "n_epochs": plan.n_epochs,
        "n_steady": plan.n_steady,
    }
    folder = None if workdir is None else Path(workdir)

    def find_exact() -> Array:
        return exact_means(generator, observables, start.table(), plan, asked=asked, folder=folder)

    def find_rule_error() -> float:
        return rule_error(generator, observables, start.table(), plan, asked=asked, folder=folder)

    # Steps of other lengths than the plan's have errors of their own.
    is_planned = not plan.n_steady and settings.dynamics.tolerance is None
    return find_exact, find_rule_error if is_planned else None


def _reference(settings: OpenSystemSettings, plan: Plan) -> tuple[Array, float]:
    """Returns the means of the trajectories that the settings name, and their largest error."""
    folder = Path(settings.reference or "")
    return reference_means(folder, settings, plan.times, at_rest=plan.n_steady > 0)


def _outcomes(settings: OpenSystemSettings, source: RandomSource) -> Callable[..., Outcomes]:
    if settings.objective.every_outcome:
        return AllOutcomes
    return functools.partial(
        Samples,
        make_distribution=lambda: make_untrained(settings),
        source=source,
        n_validation=settings.sampling.n_validation,
        seed=settings.training.seed,
    )


def _step(settings: OpenSystemSettings, start: Start) -> Callable[..., Step]:
    damping, tolerance = settings.gauss_newton.damping, settings.dynamics.tolerance
    if damping is not None and tolerance is not None:
        return functools.partial(
            ProjectedEvolution, start=start, damping=damping, tolerance=tolerance
        )
    if damping is not None:
        return functools.partial(GaussNewtonStep, damping=damping)
    if settings.natural_gradient.diag_shift is None:
        return ObjectiveGradient
    words = settings.natural_gradient.as_mapping()
    if tolerance is not None:
        return functools.partial(VariationalEvolution, **words, tolerance=tolerance)
    return functools.partial(NaturalGradientStep, **words)
