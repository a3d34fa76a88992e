"""The time that a training takes, over all its starts, and what it may take at most."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from qtf.files import read_object, write_json

# File of a run folder.
PACE = "pace.json"
# Seconds between two times that the file is written.
EVERY = 10.0


class Pace:
    """Counts the seconds of a training over all its starts, and ends it when they are used up.

    The learning rate of a training whose seconds are limited follows `fraction`: it grows from 0
    to 1 evenly in time, of which the first step of a start, which is compiled, is no part.

    Args:
        folder: Run folder, where a file keeps what has been used; None: nothing is kept.
        limit: Seconds of the training and what comes after it; None: as many as its steps take.
        n_after: What comes after the training, as the number of steps that take as long.
        tell: Makes of this object what is told beside the progress of the training.
        clock: Seconds from any moment on.

    Attributes:
        fraction: How much of its time a limited training has used, at most 1.
        is_over: Whether its time is used up, as seen after the last step.
        seconds_per_step: Mean duration of a step but the first one of a start; None: unknown.

    Raises:
        ValueError: The file is damaged.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        limit: float | None = None,
        n_after: float = 0.0,
        tell: Callable[["Pace"], str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = None if folder is None else folder / PACE
        self._limit = limit
        self._n_after = n_after
        self._tell = tell
        self._clock = clock
        kept = _read(self._path)
        self._used_before = float(kept.get("seconds", 0.0))
        self.seconds_per_step: float | None = kept.get("seconds_per_step")
        self.fraction = float(kept.get("fraction", 0.0))
        self._is_finished = bool(kept.get("finished", False))
        self.is_over = self.is_limited and self._is_finished
        self._started = self._written = clock()
        # Of this start, without its first step: number and seconds of steps, fraction, time used.
        self._n_steps, self._in_steps = -1, 0.0
        self._fraction_at_first, self._seen = self.fraction, 0.0
        self._n_left = 0

    @property
    def is_limited(self) -> bool:
        """Whether the seconds are limited."""
        return self._limit is not None

    @property
    def used(self) -> float:
        """Seconds of all starts so far."""
        return self._used_before + self._clock() - self._started

    @property
    def left(self) -> float | None:
        """Seconds until the training and what comes after it are expected to end, if known."""
        if self._limit is not None:
            return max(0.0, self._limit - self.used)
        if self.seconds_per_step is None:
            return None
        return (self._n_left + self._n_after) * self.seconds_per_step

    @contextlib.contextmanager
    def step(self, n_left: int) -> Iterator[None]:
        """Surrounds one step of the training.

        Args:
            n_left: Planned steps after this one, where nothing is limited.
        """
        started = self._clock()
        yield
        self._n_left = n_left
        self._n_steps += 1
        if self._n_steps:
            self._in_steps += self._clock() - started
            self.seconds_per_step = self._in_steps / self._n_steps
        if self._limit is not None:
            self._advance(self._limit)
        if self._clock() - self._written > EVERY:
            self.save()

    def _advance(self, limit: float) -> None:
        per_step, used = self.seconds_per_step or 0.0, self.used
        end = limit - self._n_after * per_step
        if self._n_steps:
            rest = end - self._seen
            share = (used - self._seen) / rest if rest > 0.0 else 1.0
            self.fraction += (1.0 - self.fraction) * min(1.0, share)
        self._seen = used
        # Whichever is closer to the end, this step or the next one.
        self.is_over = used + 0.5 * per_step >= end

    def expected_steps(self, step: int, planned: int) -> int:
        """Returns how many steps the training is expected to have in the end.

        Args:
            step: Steps taken.
            planned: What was planned.
        """
        if self._limit is None:
            return planned
        if self.is_over:
            return step
        gained = self.fraction - self._fraction_at_first
        if gained <= 0.0:
            return max(planned, step)
        return step + max(1, round((1.0 - self.fraction) / gained * self._n_steps))

    def tell(self) -> str:
        """Returns what is told beside the progress of the training, or nothing."""
        return "" if self._tell is None else f"  {self._tell(self)}"

    def finish(self) -> None:
        """Keeps that the training has come to its end."""
        self._is_finished = True
        self.save()

    def save(self) -> None:
        """Writes the file, so that the next start counts on from here."""
        self._written = self._clock()
        if self._path is None:
            return
        content = {
            "seconds": self.used,
            "seconds_per_step": self.seconds_per_step,
            "fraction": self.fraction,
            "finished": self._is_finished,
        }
        write_json(self._path, content)


def used_seconds(folder: Path) -> float:
    """Returns the seconds that all starts of a run have used, 0 where they were not counted.

    Args:
        folder: The run folder.

    Raises:
        ValueError: The file is damaged.
    """
    return float(_read(folder / PACE).get("seconds", 0.0))


def _read(path: Path | None) -> dict[str, Any]:
    return {} if path is None or not path.exists() else read_object(path, keys=("seconds",))
