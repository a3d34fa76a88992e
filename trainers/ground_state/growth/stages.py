"""The parts of a growth, one or two for each size, each with the settings of its own run."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from qtf.ground_states.growth_folders import folder_name
from qtf.ground_states.runs.facts import Facts, find_facts
from qtf.ground_states.runs.settings import (
    GroundStateSettings,
    SizeSettings,
    Start,
    make_part,
)
from qtf.ground_states.settings import GrowthSettings
from qtf.training.settings import TrainingSettings

T = TypeVar("T")


@dataclass(frozen=True)
class Stage:
    """The training at one size of a growth, or the end of it.

    Attributes:
        size: Spins of a chain or of the side of a square.
        settings: Settings of its run.
        is_symmetric: Whether it is the end, which trains the average over symmetries.
        n_evaluation: Samples of the energy when it is done.
        n_averages: Samples of the energy of the average; 0: none.
    """

    size: int
    settings: SizeSettings
    is_symmetric: bool = False
    n_evaluation: int = 2
    n_averages: int = 0

    @property
    def name(self) -> str:
        """Name of its run folder."""
        return folder_name(self.size, symmetric=self.is_symmetric)

    @property
    def start(self) -> str | None:
        """Name of the run folder whose weights it starts from; None: random weights."""
        start = self.settings.growth.start
        return None if start is None else str(start)


def make_stages(settings: GroundStateSettings) -> list[Stage]:
    """Returns the parts of a growth in their order.

    Args:
        settings: Settings of the command whose `growth.sizes` are not empty.

    Raises:
        ValueError: A rule is broken at one of the sizes.
    """
    growth = settings.growth
    stages: list[Stage] = []
    for place, size in enumerate(growth.sizes):
        start = stages[-1].name if stages else None
        part = _at_size(settings, size, start=start)
        if place:
            part = _retrained(part, growth, place - 1)
        n_symmetric = value_at(growth.n_symmetric_steps, place, 0)
        n_averages = 0 if n_symmetric else value_at(growth.n_averages, place, 0)
        stage = Stage(size, part, n_evaluation=growth.n_evaluation, n_averages=n_averages)
        stages.append(stage)
        if n_symmetric:
            stages.append(_make_symmetric(stage, growth, place))
    return stages


def find_all_facts(stages: Sequence[Stage]) -> list[Facts]:
    """Returns what is shown of the ground state at each stage.

    Raises:
        ValueError: A ground state is none that the wave function can have.
    """
    # Both parts of a size have the same.
    facts: Mapping[int, Facts] = {
        stage.size: find_facts(stage.settings) for stage in stages if not stage.is_symmetric
    }
    return [facts[stage.size] for stage in stages]


def _retrained(part: SizeSettings, growth: GrowthSettings, place: int) -> SizeSettings:
    """Returns the settings of a size after the first, the `place`-th from 0."""
    training, optimizer = part.training, part.training.optimizer
    n_samples = value_at(growth.n_samples, place, part.sampling.n_samples)
    training = replace(
        training,
        seed=training.seed + place + 1,
        optimizer=replace(
            optimizer, clip_norm=value_at(growth.clip_norms, place, optimizer.clip_norm)
        ),
    )
    rate = value_at(growth.learning_rates, place, optimizer.learning_rate)
    return replace(
        part,
        sampling=replace(part.sampling, n_samples=n_samples),
        # T of `roth2020`: spins need not be kept diverse any more.
        penalties=replace(part.penalties, temperature=0.0),
        training=_scheduled(training, growth, count_steps(growth, place), rate),
    )


def count_steps(growth: GrowthSettings, place: int) -> int:
    """Returns the steps at a size after the first, by the law or as they are listed.

    Args:
        growth: How it grows.
        place: Number of the size, 0 for the first one after the first.
    """
    if not growth.law:
        return value_at(growth.n_steps, place, 0)
    more, decay, least = growth.law
    n_steps = more * math.exp(-decay * (growth.sizes[place + 1] - growth.sizes[0])) + least
    return growth.steps_per_epoch * max(1, round(n_steps / growth.steps_per_epoch))


def _make_symmetric(stage: Stage, growth: GrowthSettings, place: int) -> Stage:
    """Returns the end of the training at the `place`-th size, which trains the average."""
    part, training = stage.settings, stage.settings.training
    rate = value_at(growth.symmetric_learning_rates, place, training.optimizer.learning_rate)
    # Unlike those of all sizes.
    training = replace(training, seed=training.seed + len(growth.sizes))
    n_steps = value_at(growth.n_symmetric_steps, place, 0)
    part = replace(
        part,
        growth=Start(stage.name),
        symmetry=replace(part.symmetry, in_training=True),
        sampling=replace(part.sampling, n_prefixes=1),
        penalties=replace(part.penalties, temperature=0.0),
        training=_scheduled(training, growth, n_steps, rate),
    )
    n_averages = value_at(growth.n_averages, place, 0)
    return Stage(
        stage.size, part, is_symmetric=True, n_evaluation=n_averages or growth.n_evaluation
    )


def _scheduled(
    training: TrainingSettings, growth: GrowthSettings, n_steps: int, rate: float
) -> TrainingSettings:
    """Returns how a training goes on for so many steps from such a learning rate."""
    optimizer = training.optimizer
    return replace(
        training,
        steps_per_epoch=growth.steps_per_epoch,
        n_epochs=n_steps // growth.steps_per_epoch,
        log_every_steps=growth.log_every_steps,
        optimizer=replace(
            optimizer,
            schedule=growth.schedule,
            floor=growth.floor,
            warmup_steps=0,
            learning_rate=rate,
        ),
    )


def _at_size(settings: GroundStateSettings, size: int, *, start: str | None) -> SizeSettings:
    physics = replace(settings.physics, hamiltonian=settings.physics.hamiltonian.resized(size))
    return make_part(SizeSettings, settings, physics=physics, growth=Start(start))


def value_at(values: Sequence[T], place: int, otherwise: T) -> T:
    """Returns the value of a place, the last one beyond the end.

    Args:
        values: For each place.
        place: Number of the place, from 0 on.
        otherwise: What is returned if there are none.
    """
    return values[min(place, len(values) - 1)] if values else otherwise
