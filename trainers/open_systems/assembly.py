"""Puts an open system, its distribution and the loop together as a configuration asks."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from qtf.data.random_source import RandomSource
from qtf.open_systems.local_generator import LocalGenerator, moves_at_once
from qtf.open_systems.observables import PauliObservables
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.task import DIRECTIONS, OpenSystemTask, Plan
from qtf.physics import (
    MEASUREMENTS,
    HamiltonianSettings,
    Lattice,
    Lindbladian,
    OutcomeGenerator,
    Povm,
    decay,
)
from qtf.training.loop import train
from qtf.training.natural_gradient import NaturalGradient
from qtf.training.settings import FULL_PRECISIONS, TrainingSettings
from trainers.memory import tell_memory
from trainers.networks import ON_SQUARES, make_network
from trainers.open_systems.references import NOT_UNIQUE, exact_means

HALF = np.sqrt(0.5)
STARTS = {
    "+x": (HALF, HALF),
    "-x": (HALF, -HALF),
    "+y": (HALF, 1j * HALF),
    "-y": (HALF, -1j * HALF),
    "+z": (1.0, 0.0),
    "-z": (0.0, 1.0),
}
# Up to so many sites all outcomes are listed, and exact values are known in a minute or so.
MAX_LISTED_SITES = 9


def run(
    config: dict[str, Any], workdir: Path | str, *, profile: bool = False
) -> tuple[OpenSystemTask, OutcomeDistribution]:
    """Solves what `config` asks for in the run folder `workdir`.

    Args:
        config: Resolved configuration, see `trainers.open_systems.config`.
        workdir: The run folder.
        profile: Whether ten of the first steps are traced for TensorBoard.

    Returns:
        The task, which can measure the result, and the last distribution.

    Raises:
        ValueError: The configuration or the run folder do not fit.
    """
    settings = TrainingSettings.from_mapping(config["training"])
    task = make_task(config, workdir=workdir)
    smaller = "objective.every_outcome" if task.every_outcome else "sampling.n_samples"
    tell_memory(task.step_bytes(), [f"`{smaller}`", "the network"])
    if task.natural_gradient is not None:
        # Its parts are compiled by themselves.
        settings = dataclasses.replace(settings, xla=False)
    return task, train(task, settings, config, workdir, profile=profile, kept=True)


def make_task(config: dict[str, Any], *, workdir: Path | str | None = None) -> OpenSystemTask:
    """Returns the task that the configuration describes.

    Args:
        config: Resolved configuration.
        workdir: Run folder, where exact values are kept for its next start; None: nowhere.

    Raises:
        ValueError: A value is unknown or out of range.
    """
    training, sampling = config["training"], config["sampling"]
    lattice = HamiltonianSettings.from_mapping(config["physics"]["hamiltonian"]).lattice
    plan = Plan(
        tau=config["dynamics"]["tau"],
        n_epochs=training["n_epochs"],
        n_steady=config["steady_state"]["n_epochs"],
        norm=config["objective"]["norm"],
    )
    _check(config, lattice)
    outcome_generator = make_generator(config)
    every_outcome = config["objective"]["every_outcome"]
    distribution = make_distribution(config, lattice)
    observables = make_observables(config)
    chunk = sampling["chunk"] or moves_at_once(distribution, sampling["n_samples"])
    return OpenSystemTask(
        make_distribution=lambda: make_distribution(config, lattice),
        generator=make_local_generator(outcome_generator, chunk=chunk),
        plan=plan,
        observables=observables,
        source=RandomSource(
            # Sums over all outcomes need at most one.
            (distribution.n_uniforms, 1 if every_outcome else sampling["n_samples"]),
            seed=training["seed"],
            dtype=training["precision"],
        ),
        n_samples=sampling["n_samples"],
        n_validation=sampling["n_validation"],
        seed=training["seed"],
        every_outcome=every_outcome,
        natural_gradient=_natural_gradient(config),
        find_exact=_exact(config, plan, outcome_generator, observables, workdir),
        xla=training["xla"],
    )


def make_distribution(config: dict[str, Any], lattice: Lattice) -> OutcomeDistribution:
    """Returns the distribution of a configuration at time 0, a product over sites.

    Raises:
        ValueError: The network or the strings do not fit the lattice or one another.
    """
    network = make_network(config["network"], lattice, local_dimension=4, heads=(4,))
    _check_order(config["network"]["name"], config["strings"])
    strings = lattice.strings(config["strings"])
    distribution = OutcomeDistribution(network=network, strings=strings)
    distribution.start_from_product(_start(config)[0])
    return distribution


def make_generator(config: dict[str, Any]) -> OutcomeGenerator:
    """Returns the generator of the probability equation."""
    hamiltonian = HamiltonianSettings.from_mapping(config["physics"]["hamiltonian"]).build()
    jumps = decay(hamiltonian.n_sites, config["physics"]["decay_rate"])
    return OutcomeGenerator(Lindbladian(hamiltonian, jumps), measurement(config))


def make_local_generator(generator: OutcomeGenerator, *, chunk: int = 0) -> LocalGenerator:
    """Returns the same generator for networks; sites without a bond get one to any other site.

    Raises:
        ValueError: There is one site only, or `chunk` is negative.
    """
    if generator.n_sites < 2:
        raise ValueError(f"Open systems need at least 2 sites, but there is {generator.n_sites}.")
    partners = np.where(generator.sites > 0, generator.sites - 1, 1)
    lone = [np.kron(matrix, np.eye(4)) for matrix in generator.site_matrices]
    return LocalGenerator(
        [*generator.bonds, *np.stack([generator.sites, partners], axis=1)],
        [*generator.matrices, *lone],
        n_sites=generator.n_sites,
        chunk=chunk,
    )


def make_observables(config: dict[str, Any]) -> PauliObservables:
    """Returns the estimators of <X>, <Y>, <Z> from the outcomes of the measurement."""
    povm = measurement(config)
    return PauliObservables([povm.pauli_values(name.upper()) for name in DIRECTIONS])


def measurement(config: dict[str, Any]) -> Povm:
    """Returns the measurement whose outcomes are described."""
    return MEASUREMENTS[config["measurement"]]()


def _exact(
    config: dict[str, Any],
    plan: Plan,
    generator: OutcomeGenerator,
    observables: PauliObservables,
    workdir: Path | str | None,
) -> Callable[[], np.ndarray] | None:
    if not config["exact"] or generator.n_sites > MAX_LISTED_SITES:
        return None
    # Without decay it is known before anything is trained.
    if plan.n_steady and generator.lindbladian.largest_rate == 0.0:
        raise ValueError(NOT_UNIQUE)
    asked = {key: config[key] for key in ("physics", "measurement", "start")}
    asked |= {"tau": plan.tau, "n_epochs": plan.n_epochs, "n_steady": plan.n_steady}
    start = generator.povm.product_probabilities([STARTS[config["start"]]] * generator.n_sites)
    folder = None if workdir is None else Path(workdir)
    return lambda: exact_means(generator, observables, start, plan, asked=asked, folder=folder)


def _natural_gradient(config: dict[str, Any]) -> NaturalGradient | None:
    settings = config["natural_gradient"]
    if settings["diag_shift"] is None:
        return None
    momentum, xla = settings["momentum"], config["training"]["xla"]
    return NaturalGradient(settings["diag_shift"], momentum=momentum, xla=xla)


def _start(config: dict[str, Any]) -> np.ndarray:
    return measurement(config).site_probabilities([STARTS[config["start"]]])


def _check_order(name: str, count: int) -> None:
    """Checks that a network of squares meets neighbours where it looks for them."""
    needs_snakes = ON_SQUARES.get(name) == "snake"
    if name in ON_SQUARES and needs_snakes != (count > 0):
        raise ValueError(
            f"Setting `strings` must be {'positive' if needs_snakes else '0'} for the network"
            f" {name}, but is {count}."
        )


def _check(config: dict[str, Any], lattice: Lattice) -> None:
    for name, known in (("measurement", MEASUREMENTS), ("start", STARTS)):
        if config[name] not in known:
            raise ValueError(
                f'Setting `{name}` must be one of {", ".join(known)}, but is "{config[name]}".'
            )
    if config["objective"]["every_outcome"] and lattice.n_sites > MAX_LISTED_SITES:
        raise ValueError(
            f"Setting `objective.every_outcome` needs at most {MAX_LISTED_SITES} sites, but"
            f" there are {lattice.n_sites}."
        )
    if config["training"]["precision"] not in FULL_PRECISIONS:
        raise ValueError(
            f"Setting `training.precision` must be one of {', '.join(FULL_PRECISIONS)} for open"
            f' systems, but is "{config["training"]["precision"]}".'
        )
    if config["training"]["validate_every_epochs"] != 1:
        raise ValueError(
            "Setting `training.validate_every_epochs` must be 1 for open systems, but is"
            f" {config['training']['validate_every_epochs']}."
        )
    if config["training"]["strategy"] != "one_device" and not config["objective"]["every_outcome"]:
        raise ValueError(
            'Setting `training.strategy` must be "one_device" for samples of open systems, but is'
            f' "{config["training"]["strategy"]}".'
        )
