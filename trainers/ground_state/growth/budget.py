"""How the minutes of a growth are divided over its stages, and when it is expected to end."""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from qtf.ground_states.settings import GrowthSettings
from qtf.ground_states.symmetry_groups import symmetry_group
from qtf.training.pace import Pace, used_seconds
from trainers.ground_state.growth.stages import Stage, value_at

# Without prefixes, which averages cannot use, flips are evaluated about twice as long.
WITHOUT_PREFIXES = 2


class Budget:
    """Divides the minutes of a growth over its stages.

    What a stage leaves goes to those after it, and what it takes too much is theirs.

    Args:
        stages: All of them.
        growth: How it grows.
        workdir: Folder of the growth, whose run folders tell what has been used.
        clock: Seconds from any moment on.
        now: Seconds since 1970.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        growth: GrowthSettings,
        workdir: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.stages = stages
        self.growth = growth
        self.workdir = workdir
        self._clock = clock
        self._now = now
        self.weights = _weights(stages, growth)

    def pace(self, place: int) -> Pace:
        """Returns what counts, and may limit, the time of the stage at a place from 0 on."""
        stage = self.stages[place]
        before = self.used_before(place)
        return Pace(
            self.workdir / stage.name,
            limit=self.limit(place) if self.growth.minutes else None,
            n_after=_n_after(stage),
            tell=lambda pace: self.words(place, pace, before),
            clock=self._clock,
        )

    def used_before(self, place: int) -> float:
        """Returns the seconds that the stages before a place have used."""
        return math.fsum(used_seconds(self.workdir / stage.name) for stage in self.stages[:place])

    def limit(self, place: int) -> float:
        """Returns the seconds of a stage: its share of what the stages before it have left."""
        left = max(0.0, 60.0 * self.growth.minutes - self.used_before(place))
        return left * self.weights[place] / math.fsum(self.weights[place:])

    def words(self, place: int, pace: Pace, before: float) -> str:
        """Returns where the whole growth stands while a stage is trained.

        Args:
            place: Number of the stage, from 0 on.
            pace: Of the stage.
            before: Seconds of the stages before it.

        Returns:
            For example "size 6, 2 of 3, 12.5 of 180 min, ends about 17:35".
        """
        size, sizes = self.stages[place].size, self.growth.sizes
        which = " with symmetries" if self.stages[place].is_symmetric else ""
        used = (before + pace.used) / 60.0
        total = f" of {self.growth.minutes:g}" if self.growth.minutes else ""
        words = (
            f"size {size}{which}, {sizes.index(size) + 1} of {len(sizes)}, {used:.1f}{total} min"
        )
        left = self.left(place, pace, before)
        if left is None:
            return words
        return f"{words}, ends about {_moment(self._now(), left)}"

    def left(self, place: int, pace: Pace, before: float) -> float | None:
        """Returns the seconds that the whole growth is expected to need still, if known.

        Arguments are those of `words`.
        """
        if self.growth.minutes:
            return max(0.0, 60.0 * self.growth.minutes - before - pace.used)
        if pace.left is None or pace.seconds_per_step is None:
            return None
        stage = self.stages[place]
        n_steps = stage.settings.training.n_steps + _n_after(stage)
        after = math.fsum(map(_need, self.stages[place + 1 :])) / _need(stage)
        return pace.left + n_steps * pace.seconds_per_step * after


def _weights(stages: Sequence[Stage], growth: GrowthSettings) -> list[float]:
    """Returns what the shares of the stages are proportional to."""
    needs = [_need(stage) for stage in stages]
    if not growth.shares:
        return needs
    of_size = {
        size: math.fsum(
            need for need, stage in zip(needs, stages, strict=True) if stage.size == size
        )
        for size in growth.sizes
    }
    return [
        value_at(growth.shares, growth.sizes.index(stage.size), 1.0) * need / of_size[stage.size]
        for stage, need in zip(stages, needs, strict=True)
    ]


def _need(stage: Stage) -> float:
    """Returns about how much a stage computes, relative to others.

    Local energies of a sample take as many evaluations as there are bonds, each of all sites.
    """
    settings = stage.settings
    images = WITHOUT_PREFIXES * _n_images(stage) if settings.symmetry.in_training else 1
    n_steps = settings.training.n_steps + _n_after(stage)
    return n_steps * settings.sampling.n_samples * settings.n_sites**2 * images


def _n_after(stage: Stage) -> float:
    """Returns what comes after the steps of a stage, as a number of steps that take as long."""
    sampling = stage.settings.sampling
    averages = WITHOUT_PREFIXES * _n_images(stage) * stage.n_averages
    return (sampling.n_validation + stage.n_evaluation + averages) / sampling.n_samples


def _n_images(stage: Stage) -> int:
    settings = stage.settings
    return symmetry_group(settings.symmetry.group, settings.physics.hamiltonian.lattice).size


def _moment(now: float, seconds: float) -> str:
    """Returns a time of the day, with the date unless it is today."""
    then = time.localtime(now + seconds)
    is_today = then[:3] == time.localtime(now)[:3]
    return time.strftime("%H:%M" if is_today else "%b %d %H:%M", then)
