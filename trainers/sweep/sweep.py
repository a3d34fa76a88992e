"""Runs the trials of a sweep on the workers of a cluster."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtf.cluster import cluster_client
from qtf.files import read_object, write_figure, write_json
from qtf.progress import announced
from trainers.sweep.table import make_rows, metric_names, write_table
from trainers.sweep.trial_run import FAILED, Outcome, SweepFolder, run_trial
from trainers.sweep.trials import Trial

# Module of each command, and the metric that is drawn where none is named.
TRAINERS = {
    "train": ("trainers.dynamics", "mean_relative_entropy"),
    "ground-state": ("trainers.ground_state", "energy"),
    "open-system": ("trainers.open_system", "residual"),
}
RECORD, TABLE, FIGURE = "sweep.json", "table.csv", "figure.png"


@dataclass(frozen=True)
class Sweep:
    """A trainer, what all its trials are told, and what each is told.

    Attributes:
        trainer: Key of `TRAINERS`.
        words: Flags of the trainer that all trials share.
        trials: The trials.
        folder: Where they run.
        cwd: Folder in which paths among the words are meant.
    """

    trainer: str
    words: tuple[str, ...]
    trials: tuple[Trial, ...]
    folder: SweepFolder
    cwd: str

    def command(self, trial: Trial) -> list[str]:
        """Returns program and arguments of a trial."""
        module, _ = TRAINERS[self.trainer]
        workdir = f"--workdir={self.folder.workdir(trial.name).resolve()}"
        return [sys.executable, "-m", module, *self.words, *trial.words, workdir]

    def is_finished(self, trial: Trial) -> bool:
        """Tells whether a trial has come to its end."""
        outcome = self.folder.outcome(trial.name)
        return outcome is not None and outcome.is_finished

    @property
    def todo(self) -> list[Trial]:
        """Trials that have not come to their end."""
        return [trial for trial in self.trials if not self.is_finished(trial)]

    def record(self) -> None:
        """Writes down what the sweep is, or checks that the folder holds the same one.

        Raises:
            ValueError: It holds a sweep of another trainer or with other flags.
            OSError: The folder cannot be written to.
        """
        content: dict[str, Any] = {"trainer": self.trainer, "flags": list(self.words)}
        path = self.folder.path / RECORD
        if path.exists():
            recorded = read_object(path, keys=tuple(content))
            for key, value in content.items():
                if recorded[key] != value:
                    raise ValueError(
                        f"Folder {self.folder.path} holds a sweep with the {key}"
                        f" {recorded[key]!r}, but {value!r} is asked; choose another folder."
                    )
        self.folder.make()
        write_json(path, {**content, "trials": [trial.name for trial in self.trials]})


def check(sweep: Sweep, ask: Callable[[Sequence[str]], str], workers: int) -> None:
    """Checks the settings of every trial that is to run before any starts.

    Args:
        sweep: The sweep.
        ask: Returns what a command has against its settings; empty: nothing.
        workers: How many are asked at once.

    Raises:
        ValueError: A trial cannot be; the message names it.
    """
    todo = sweep.todo
    with (
        ThreadPoolExecutor(workers) as pool,
        announced("checking settings", total=len(todo)) as activity,
    ):
        answers = pool.map(lambda trial: ask(sweep.command(trial)), todo)
        for trial, answer in zip(todo, answers, strict=True):
            activity.advance()
            if answer:
                pool.shutdown(cancel_futures=True)
                raise ValueError(f"Trial {trial.name} cannot be run: {answer}")


def run(sweep: Sweep, *, scheduler: str, workers: int) -> Iterator[Outcome]:
    """Yields how each trial that was not finished ends.

    A trial whose worker dies is continued by another one.

    Args:
        sweep: The sweep.
        scheduler: See `qtf.cluster`.
        workers: Processes of a local cluster.

    Raises:
        ValueError: Dask is missing, or no scheduler answers.
    """
    todo = sweep.todo
    if not todo:
        return
    with cluster_client(scheduler, min(workers, len(todo)), flag="scheduler") as client:
        from dask.distributed import KilledWorker, as_completed

        names = {
            client.submit(
                run_trial, t.name, sweep.command(t), sweep.folder, cwd=sweep.cwd, pure=False
            ): t.name
            for t in todo
        }
        try:
            for future in as_completed(names):
                error = future.exception()
                if error is None:
                    yield future.result()
                elif isinstance(error, KilledWorker | OSError):
                    yield _told(sweep.folder, names[future], error)
                else:
                    raise error
        finally:
            client.cancel(list(names))


def write_results(sweep: Sweep, *, metric: str | None, against: str | None) -> Mapping[str, Path]:
    """Writes the table and, where there is a metric, the figure.

    Args:
        sweep: The sweep.
        metric: Metric of the figure; None: the usual one of the trainer.
        against: Setting of the figure; None: the first that is varied.

    Returns:
        Words for each file that was written, and its path.

    Raises:
        ValueError: There is no such metric or setting.
    """
    rows = make_rows(sweep.trials, sweep.folder)
    files = {"Table": sweep.folder.path / TABLE}
    write_table(files["Table"], rows, sweep.trials)
    names, keys = metric_names(rows, sweep.trials), list(sweep.trials[0].values)
    if not names:
        return files
    usual = TRAINERS[sweep.trainer][1]
    metric = metric or next((name for name in names if usual in name), names[0])
    against = against or keys[0]
    for flag, value, choices in (("metric", metric, names), ("against", against, keys)):
        if value not in choices:
            raise ValueError(
                f"Flag --{flag} must be one of {', '.join(choices)}, but is {value!r}."
            )
    from trainers.sweep.figure import draw

    files["Figure"] = sweep.folder.path / FIGURE
    n_runs = sum(1 for row in rows if metric in row)
    title = f"{sweep.trainer}: {metric.replace('_', ' ')} of {n_runs} runs"
    write_figure(files["Figure"], draw(rows, metric, against, title=title))
    return files


def _told(folder: SweepFolder, name: str, error: BaseException) -> Outcome:
    killed = "its workers were killed several times, perhaps for lack of memory"
    text = str(error) if isinstance(error, OSError) else killed
    outcome = Outcome(name, FAILED, text)
    folder.record(outcome)
    return outcome
