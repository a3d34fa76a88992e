"""How long a training took, by the clock of its own records."""

from pathlib import Path


def training_minutes(workdir: Path) -> float:
    """Returns the minutes between first and last record, summed over all starts.

    Validations and compilation are in it, the time between an interruption and the next
    start is not. A run without TensorBoard records gives 0.

    Args:
        workdir: Run folder.
    """
    # It imports TensorFlow.
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    seconds = 0.0
    for path in sorted((workdir / "tensorboard").glob("events.out.tfevents.*")):
        events = EventFileLoader(str(path)).Load()
        # The head of a file is stamped with whole seconds.
        times = [event.wall_time for event in events if not event.HasField("file_version")]
        seconds += max(times) - min(times) if times else 0.0
    return seconds / 60
