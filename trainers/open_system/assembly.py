"""Puts an open system, its distribution and the loop together as settings ask."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from qtf.data.random_source import RandomSource
from qtf.open_systems.local_generator import LocalGenerator, moves_at_once
from qtf.open_systems.observables import PauliObservables
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.settings import STARTS
from qtf.open_systems.task import DIRECTIONS, OpenSystemTask, Plan
from qtf.physics import MEASUREMENTS, Lindbladian, OutcomeGenerator, Povm, jump_operators
from qtf.run_kinds import OPEN_SYSTEMS
from qtf.training.loop import train
from qtf.training.natural_gradient import NaturalGradient
from qtf.typing import Array
from trainers.memory import tell_memory
from trainers.networks import ON_SQUARES, make_network
from trainers.open_system.references import exact_means
from trainers.open_system.settings import OpenSystemSettings


def run(
    settings: OpenSystemSettings, workdir: Path | str, *, profile: bool = False
) -> tuple[OpenSystemTask, OutcomeDistribution]:
    """Solves what the settings ask for in the run folder `workdir`.

    Args:
        settings: Settings of the run.
        workdir: The run folder.
        profile: Whether ten of the first steps are traced for TensorBoard.

    Returns:
        The task, which can measure the result, and the last distribution.

    Raises:
        ValueError: The settings or the run folder do not fit.
    """
    task = make_task(settings, workdir=workdir)
    smaller = "objective.every_outcome" if task.every_outcome else "sampling.n_samples"
    tell_memory(task.step_bytes(), [f"`{smaller}`", "the network"])
    training = settings.training
    if task.natural_gradient is not None:
        # Its parts are compiled by themselves.
        training = dataclasses.replace(training, xla=False)
    recorded = settings.as_mapping()
    return task, train(
        task, training, recorded, workdir, kind=OPEN_SYSTEMS, profile=profile, kept=True
    )


def make_task(settings: OpenSystemSettings, *, workdir: Path | str | None = None) -> OpenSystemTask:
    """Returns the task that the settings describe.

    Args:
        settings: Settings of the run.
        workdir: Run folder, where exact values are kept for its next start; None: nowhere.

    Raises:
        ValueError: The network or the strings do not fit the lattice or one another.
    """
    training, sampling = settings.training, settings.sampling
    every_outcome = settings.objective.every_outcome
    plan = Plan(
        tau=settings.dynamics.tau,
        n_epochs=training.n_epochs,
        n_steady=settings.steady_state.n_epochs,
        norm=settings.objective.norm,
    )
    generator, observables = make_generator(settings), make_observables(settings)
    distribution = make_distribution(settings)
    chunk = sampling.chunk or moves_at_once(distribution, sampling.n_samples)
    return OpenSystemTask(
        make_distribution=lambda: make_distribution(settings),
        generator=LocalGenerator.from_outcome_generator(generator, chunk=chunk),
        plan=plan,
        observables=observables,
        source=RandomSource(
            # Sums over all outcomes need at most one.
            (distribution.n_uniforms, 1 if every_outcome else sampling.n_samples),
            seed=training.seed,
            dtype=training.precision,
        ),
        n_samples=sampling.n_samples,
        n_validation=sampling.n_validation,
        seed=training.seed,
        every_outcome=every_outcome,
        natural_gradient=_natural_gradient(settings),
        find_exact=_exact(settings, plan, generator, observables, workdir),
        xla=training.xla,
    )


def make_distribution(settings: OpenSystemSettings) -> OutcomeDistribution:
    """Returns the distribution at time 0, a product over sites.

    Raises:
        ValueError: The network or the strings do not fit the lattice or one another.
    """
    lattice = settings.physics.hamiltonian.lattice
    network = make_network(settings.network.as_mapping(), lattice, local_dimension=4, heads=(4,))
    _check_order(settings.network.name, settings.strings)
    strings = lattice.strings(settings.strings)
    distribution = OutcomeDistribution(network=network, strings=strings)
    start = make_measurement(settings).site_probabilities([STARTS[settings.start]])[0]
    distribution.start_from_product(start)
    return distribution


def make_generator(settings: OpenSystemSettings) -> OutcomeGenerator:
    """Returns the generator of the probability equation."""
    hamiltonian = settings.physics.hamiltonian.build()
    jumps = jump_operators(hamiltonian.n_sites, {"decay": settings.physics.decay_rate})
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
    workdir: Path | str | None,
) -> Callable[[], Array] | None:
    if not settings.has_exact_values:
        return None
    asked = {
        "physics": settings.physics.as_mapping(),
        "measurement": settings.measurement,
        "start": settings.start,
        "tau": plan.tau,
        "n_epochs": plan.n_epochs,
        "n_steady": plan.n_steady,
    }
    start = generator.povm.product_probabilities([STARTS[settings.start]] * generator.n_sites)
    folder = None if workdir is None else Path(workdir)
    return lambda: exact_means(generator, observables, start, plan, asked=asked, folder=folder)


def _natural_gradient(settings: OpenSystemSettings) -> NaturalGradient | None:
    asked = settings.natural_gradient
    if asked.diag_shift is None:
        return None
    return NaturalGradient(asked.diag_shift, momentum=asked.momentum, xla=settings.training.xla)


def _check_order(name: str, count: int) -> None:
    """Checks that a network of squares meets neighbours where it looks for them."""
    needs_snakes = ON_SQUARES.get(name) == "snake"
    if name in ON_SQUARES and needs_snakes != (count > 0):
        raise ValueError(
            f"Setting `strings` must be {'positive' if needs_snakes else '0'} for the network"
            f" {name}, but is {count}."
        )
