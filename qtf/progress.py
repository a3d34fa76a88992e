"""Says what takes long, while it does."""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator

from tqdm import tqdm

# Seconds that something may take without a word, and between two lines where there is no terminal.
PATIENCE = 8.0
EVERY = 30.0
_INTERVAL = 0.5


class Activity:
    """Something that may take long.

    Args:
        what: Names it.
        total: Number of parts; None: it has none.
        patience: Seconds that it may take without a word.

    Attributes:
        done: Parts that are done.
    """

    def __init__(
        self, what: str, total: int | None = None, *, patience: float | None = None
    ) -> None:
        self.what = what
        self.total = total
        self.patience = PATIENCE if patience is None else patience
        self.done = 0
        self._started = self._said_at = time.monotonic()
        self._bar: tqdm | None = None
        self._said = False

    def advance(self, n: int = 1) -> None:
        """Counts parts that are done."""
        self.done += n

    def is_long(self) -> bool:
        """Tells whether it has lasted so long that it must be told."""
        return time.monotonic() - self._started > self.patience

    def report(self) -> None:
        """Shows a bar on a terminal, and elsewhere writes a line now and then."""
        if _has_room_for_bars():
            self._show_bar()
        elif not self._said or time.monotonic() - self._said_at > EVERY:
            self._say(self.line())

    def close(self) -> None:
        """Ends what `report` has begun."""
        if self._bar is not None:
            self._bar.close()
        elif self._said:
            self._say(f"{self.what}: done in {time.monotonic() - self._started:.0f} s")

    def line(self) -> str:
        """Returns how far it is."""
        seconds = time.monotonic() - self._started
        if self.total is None:
            return f"{self.what}: {seconds:.0f} s so far"
        left = ""
        if self.done:
            left = f", about {seconds / self.done * (self.total - self.done):.0f} s left"
        return f"{self.what}: {self.done}/{self.total} in {seconds:.0f} s{left}"

    def _say(self, line: str) -> None:
        self._said, self._said_at = True, time.monotonic()
        tqdm.write(line, file=sys.stderr)

    def _show_bar(self) -> None:
        if self._bar is None:
            form = None if self.total else "{desc}: {elapsed}"
            self._bar = tqdm(
                total=self.total,
                desc=self.what,
                bar_format=form,
                leave=False,
                dynamic_ncols=True,
                file=sys.stderr,
            )
            self._bar.start_t -= time.monotonic() - self._started
        self._bar.n = self.done
        self._bar.refresh()


def _has_room_for_bars() -> bool:
    # Some terminals do not know their width; bars are empty there.
    return sys.stderr.isatty() and os.get_terminal_size(sys.stderr.fileno()).columns > 0


class _Reporter:
    """A thread that looks at what is in work."""

    def __init__(self) -> None:
        self._activities: list[Activity] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self, activity: Activity) -> None:
        self._activities.append(activity)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
            self._thread.start()

    def end(self, activity: Activity) -> None:
        self._activities.remove(activity)
        with self._lock:
            activity.close()

    def _run(self) -> None:
        # Nobody listens any more where standard error is closed.
        with contextlib.suppress(OSError, ValueError):
            while True:
                time.sleep(_INTERVAL)
                with self._lock:
                    # Of what is within one another, the innermost that is long.
                    long = [activity for activity in self._activities if activity.is_long()]
                    if long:
                        long[-1].report()


_reporter = _Reporter()


@contextlib.contextmanager
def announced(
    what: str, total: int | None = None, *, patience: float | None = None, enabled: bool = True
) -> Iterator[Activity]:
    """Says what is done inside, with progress, if it takes more than some seconds.

    Args:
        what: Names it, for example "exact energies".
        total: Number of its parts, which `advance` of the activity counts; None: it has none.
        patience: Seconds that it may take without a word; None: `PATIENCE`.
        enabled: Whether anything is said.

    Yields:
        The activity.

    Example:
        >>> with announced("squares", total=3) as activity:
        ...     for number in range(3):
        ...         activity.advance()
        >>> activity.line()
        'squares: 3/3 in 0 s, about 0 s left'
    """
    activity = Activity(what, total, patience=patience)
    if not enabled:
        yield activity
        return
    _reporter.begin(activity)
    try:
        yield activity
    finally:
        _reporter.end(activity)
