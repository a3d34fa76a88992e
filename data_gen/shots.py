"""Simulates the shots of many settings by several processes, and survives being killed."""

import hashlib
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_gen.shot_journal import SETTINGS, open_journal
from data_gen.shot_settings import ShotSettings
from qtf.measurements.experiments import Experiments, Setting
from qtf.measurements.formats import check_ending, write_experiments
from qtf.measurements.simulation import simulate_shots
from qtf.measurements.trajectories import TrajectoryModel, TrajectoryShots
from qtf.pieces import GIB, PIECE_VARIABLE, byte_budget
from qtf.progress import announced
from qtf.worker_processes import leave_if_starting, run_in_processes

# Of one task: settings, bit strings that may come out, and shots where each has a trajectory. How
# work is cut changes nothing.
SETTINGS_AT_ONCE = 100
STRINGS_AT_ONCE = 200_000
TRAJECTORIES_AT_ONCE = 500

Counts = list[dict[str, int]]


@dataclass(frozen=True)
class ShotTask:
    """A part of the measurements.

    Attributes:
        measured: The settings, with the shots that are taken.
        first_setting: Number of the first of them among all.
        first_shot: Number of the first shot of a setting that is cut into several tasks.
    """

    measured: tuple[Setting, ...]
    first_setting: int
    first_shot: int = 0

    @property
    def key(self) -> tuple[int, int]:
        """What tells the task from others."""
        return self.first_setting, self.first_shot

    @property
    def shots(self) -> int:
        """Shots of all its settings."""
        return sum(setting.shots for setting in self.measured)


def simulate(
    settings: ShotSettings,
    out_file: Path | str,
    *,
    measured: Sequence[Setting] | None = None,
    workers: int = 1,
) -> Experiments:
    """Writes the shots of all settings to a file, and returns them.

    The bytes of the file depend on the settings only, not on `workers`, and not on how often the
    work was interrupted.

    Args:
        settings: What is measured, and of what.
        out_file: The file, which ends with .csv, .json or .npz.
        measured: The settings that are measured; None: those that `settings` draws.
        workers: Number of processes.

    Raises:
        ValueError: The settings have other numbers of sites, or another simulation has begun the
            file and was interrupted.
        OSError: The file cannot be written, or a process was killed; what is done stays.
    """
    leave_if_starting()
    path = check_ending(out_file)
    if measured is None:
        measured = [settings.setting(number) for number in range(settings.size)]
    settings.check_measured(measured)
    tasks = plan_tasks(measured, by_trajectories=isinstance(settings.model, TrajectoryModel))
    with open_journal(path, _record(settings, measured)) as journal:
        todo = [task for task in tasks if task.key not in journal.finished]
        n_shots = sum(task.shots for task in tasks)
        with announced("shots", n_shots) as activity:
            activity.advance(n_shots - sum(task.shots for task in todo))
            by_key = {task.key: task for task in todo}
            with closing(_results(settings, todo, workers)) as results:
                for key, counts in results:
                    journal.append(key, counts)
                    activity.advance(by_key[key].shots)
        experiments = _assemble(measured, tasks, journal.finished)
        write_experiments(path, experiments)
        journal.remove()
    return experiments


def plan_tasks(measured: Sequence[Setting], *, by_trajectories: bool) -> list[ShotTask]:
    """Returns the tasks that measurements are cut into; the same for any number of workers.

    Args:
        measured: The settings.
        by_trajectories: Whether each shot has a trajectory of its own.
    """
    return list(_trajectory_tasks(measured) if by_trajectories else _exact_tasks(measured))


def run_task(settings: ShotSettings, task: ShotTask) -> tuple[tuple[int, int], Counts]:
    """Returns the key of a task and the counts of its settings.

    Args:
        settings: What is measured.
        task: The task.
    """
    model, parameters = settings.model, settings.parameters
    if isinstance(model, TrajectoryModel):
        drawn = TrajectoryShots(model, parameters, seed=settings.seed)
        (setting,) = task.measured
        return task.key, [drawn.draw(setting, task.first_setting, first=task.first_shot)]
    shots = simulate_shots(
        model, parameters, task.measured, seed=settings.seed, first=task.first_setting
    )
    return task.key, [dict(counts) for counts in shots.counts]


def _exact_tasks(measured: Sequence[Setting]) -> Iterator[ShotTask]:
    first, strings = 0, 0
    for number, setting in enumerate(measured):
        more = min(setting.shots, 2**setting.n_sites)
        full = number - first == SETTINGS_AT_ONCE or strings + more > STRINGS_AT_ONCE
        if number > first and full:
            yield ShotTask(tuple(measured[first:number]), first)
            first, strings = number, 0
        strings += more
    yield ShotTask(tuple(measured[first:]), first)


def _trajectory_tasks(measured: Sequence[Setting]) -> Iterator[ShotTask]:
    for number, setting in enumerate(measured):
        for first in range(0, setting.shots, TRAJECTORIES_AT_ONCE):
            shots = min(TRAJECTORIES_AT_ONCE, setting.shots - first)
            part = Setting(setting.preparation, setting.time, setting.basis, shots)
            yield ShotTask((part,), number, first)


def _results(
    settings: ShotSettings, todo: Sequence[ShotTask], workers: int
) -> Generator[tuple[tuple[int, int], Counts], None, None]:
    if workers == 1 or len(todo) < 2:
        yield from (run_task(settings, task) for task in todo)
        return
    # Together they take as much memory as one alone.
    share = byte_budget() / min(workers, len(todo)) / GIB
    yield from run_in_processes(
        run_task,
        [(settings, task) for task in todo],
        workers=workers,
        caller="simulate",
        variables={PIECE_VARIABLE: repr(share)},
    )


def _assemble(
    measured: Sequence[Setting],
    tasks: Sequence[ShotTask],
    finished: dict[tuple[int, int], Counts],
) -> Experiments:
    counts: list[Counter[str]] = [Counter() for _ in measured]
    for task in tasks:
        for number, of_setting in enumerate(finished[task.key], task.first_setting):
            counts[number].update(of_setting)
    return Experiments(measured, [dict(sorted(of_setting.items())) for of_setting in counts])


def _record(settings: ShotSettings, measured: Sequence[Setting]) -> dict[str, Any]:
    """Returns what tells these measurements from others."""
    listed = [(one.words, one.time, one.basis, one.shots) for one in measured]
    digest = hashlib.sha256(repr(listed).encode()).hexdigest()
    return {**settings.as_mapping(), SETTINGS: digest}
