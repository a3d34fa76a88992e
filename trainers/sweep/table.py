"""The table of a sweep: a row for each trial, its settings and what it has reached."""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from qtf.files import read_json_lines, read_object, write_atomically
from qtf.settings import flatten
from trainers.sweep.trial_run import SweepFolder
from trainers.sweep.trials import Trial

Value = str | float
Row = Mapping[str, Value]
METRICS, RESULT = "metrics.jsonl", "result.json"
# Of a row of metrics, what is no metric.
NO_METRICS = ("step", "kind")


def make_rows(trials: Iterable[Trial], folder: SweepFolder) -> list[Row]:
    """Returns a row for each trial: its settings, its status and, if finished, its metrics.

    Times are left out, so that the rows are those of the same runs one by one.

    Args:
        trials: The trials.
        folder: Where they have run.
    """
    rows: list[Row] = []
    for trial in trials:
        outcome = folder.outcome(trial.name)
        row: dict[str, Value] = {"trial": trial.name, **trial.values}
        row["status"] = "not finished" if outcome is None else outcome.status
        if outcome is not None and outcome.is_finished:
            row |= read_metrics(folder.workdir(trial.name))
        rows.append(row)
    return rows


def read_metrics(workdir: Path) -> dict[str, float]:
    """Returns the numbers of a run: its last validation, then those of `result.json`.

    Raises:
        ValueError: A file is damaged.
    """
    metrics: dict[str, float] = {}
    path = workdir / METRICS
    if path.exists():
        rows = [row for row in read_json_lines(path, keys=NO_METRICS) if row["kind"] != "training"]
        for row in rows[-1:]:
            metrics |= _numbers({key: row[key] for key in row if key not in NO_METRICS})
    path = workdir / RESULT
    if path.exists():
        metrics |= _numbers(flatten(read_object(path)))
    return metrics


def metric_names(rows: Iterable[Row], trials: Sequence[Trial]) -> list[str]:
    """Returns the names of all metrics, in the order in which they appear."""
    settings = {"trial", "status", *(key for trial in trials for key in trial.values)}
    return list(dict.fromkeys(name for row in rows for name in row if name not in settings))


def write_table(path: Path, rows: Sequence[Row], trials: Sequence[Trial]) -> None:
    """Writes the rows as comma-separated values, numbers to their last digit.

    Args:
        path: The file.
        rows: The rows.
        trials: The trials.
    """
    keys = list(dict.fromkeys(key for trial in trials for key in trial.values))
    names = ["trial", *keys, "status", *metric_names(rows, trials)]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue())


def _numbers(values: Mapping[str, object]) -> dict[str, float]:
    return dict(_finite(values))


def _finite(values: Mapping[str, object]) -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and math.isfinite(value):  # type: ignore[arg-type]
            yield name, value  # type: ignore[misc]
