"""How long a training took, by the clock of its own records."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any


def training_minutes(workdir: Path) -> float:
    """Returns the minutes between first and last record, summed over all starts.

    Validations and compilation are in it, the time between an interruption and the next
    start is not. A run without TensorBoard records gives 0.

    Args:
        workdir: Run folder.
    """
    return sum(_span(events) for events in _starts(workdir)) / 60


def minutes_of_validations(workdir: Path, metric: str) -> dict[int, float]:
    """Returns step -> minutes until its validation, as `training_minutes` counts them.

    Of a step that was validated twice, as an interrupted run does, the later one counts.

    Args:
        workdir: Run folder.
        metric: A metric of every validation.
    """
    minutes, before = {}, 0.0
    for events in _starts(workdir):
        first = min((event.wall_time for event in events), default=0.0)
        for event in events:
            if any(value.tag == f"validation/{metric}" for value in event.summary.value):
                minutes[event.step] = before + (event.wall_time - first) / 60
        before += _span(events) / 60
    return minutes


def _span(events: list[Any]) -> float:
    times = [event.wall_time for event in events]
    return max(times) - min(times) if times else 0.0


def _starts(workdir: Path) -> Iterator[list[Any]]:
    """Yields the records of each start."""
    # It imports TensorFlow.
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    for path in sorted((workdir / "tensorboard").glob("events.out.tfevents.*")):
        # The head of a file is stamped with whole seconds.
        events = EventFileLoader(str(path)).Load()
        yield [event for event in events if not event.HasField("file_version")]
