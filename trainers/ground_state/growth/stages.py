"""The sizes of a growth, each with the settings of its own run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from qtf.ground_states.growth_folders import folder_name
from qtf.ground_states.runs.settings import (
    GroundStateSettings,
    SizeSettings,
    Start,
    make_part,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Stage:
    """One size of a growth.

    Attributes:
        size: Spins of a chain or of the side of a square.
        settings: Settings of its run.
    """

    size: int
    settings: SizeSettings

    @property
    def name(self) -> str:
        """Name of its run folder."""
        return folder_name(self.size)

    @property
    def start(self) -> str | None:
        """Name of the run folder whose weights it starts from; None: random weights."""
        start = self.settings.growth.start
        return None if start is None else str(start)


def make_stages(settings: GroundStateSettings) -> list[Stage]:
    """Returns the sizes of a growth in their order.

    Args:
        settings: Settings of the command whose `growth.sizes` are not empty.

    Raises:
        ValueError: A rule is broken at one of the sizes.
    """
    first, *others = settings.growth.sizes
    stages = [Stage(first, _at_size(settings, first, start=None))]
    for place, size in enumerate(others):
        stages.append(Stage(size, _make_further(settings, place, size, stages[-1].name)))
    return stages


def _make_further(settings: GroundStateSettings, place: int, size: int, start: str) -> SizeSettings:
    """Returns the settings of a size after the first, the `place`-th from 0."""
    growth, training, sampling = settings.growth, settings.training, settings.sampling
    n_samples = _value_at(growth.n_samples, place, sampling.n_samples)
    optimizer = training.optimizer
    return replace(
        _at_size(settings, size, start=start),
        sampling=replace(sampling, n_samples=n_samples),
        # T of `roth2020`: spins need not be kept diverse any more.
        penalties=replace(settings.penalties, temperature=0.0),
        training=replace(
            training,
            seed=training.seed + place + 1,
            steps_per_epoch=growth.steps_per_epoch,
            n_epochs=_value_at(growth.n_steps, place, 0) // growth.steps_per_epoch,
            log_every_steps=growth.log_every_steps,
            optimizer=replace(
                optimizer,
                schedule=growth.schedule,
                floor=growth.floor,
                warmup_steps=0,
                learning_rate=_value_at(growth.learning_rates, place, optimizer.learning_rate),
                clip_norm=_value_at(growth.clip_norms, place, optimizer.clip_norm),
            ),
        ),
    )


def _at_size(settings: GroundStateSettings, size: int, *, start: str | None) -> SizeSettings:
    physics = replace(settings.physics, hamiltonian=settings.physics.hamiltonian.resized(size))
    return make_part(SizeSettings, settings, physics=physics, growth=Start(start))


def _value_at(values: Sequence[T], place: int, otherwise: T) -> T:
    """Returns the value of a place, the last one beyond the end, another one if there are none."""
    return values[min(place, len(values) - 1)] if values else otherwise
