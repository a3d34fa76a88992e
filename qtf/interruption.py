"""Answers Ctrl-C and SIGTERM at once, even while TensorFlow computes.

Python's own handlers run between two instructions of Python, so that they wait for a step of
minutes. A pipe that the interpreter writes every signal to wakes up a thread here instead.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds that an interrupted command has to tidy up before it is ended.
GRACE = 5.0
GRACE_OF_SECOND = 1.0
_CLOSED = 0


class _Answers:
    """What happens to both signals while this is entered, in the main thread only."""

    def __init__(self, leave: Callable[[], None] | None, grace: float | None) -> None:
        self.finishing: str | None = None
        self.asked = False
        self._leave = leave
        self._grace = grace
        self._n_seen = self._n_handled = 0

    def __enter__(self) -> "_Answers":
        handlers = {number: signal.signal(number, self._handle) for number in SIGNALS}
        self._handlers = handlers
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        # Kept open: TensorFlow is imported with standard error closed.
        self._stderr = os.dup(2)
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._watch, name="signals", daemon=True)
        self._thread.start()
        return self

    @property
    def is_interrupted(self) -> bool:
        """Whether a signal has come."""
        return self._n_seen > 0

    def __exit__(self, *error: object) -> None:
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.write(self._write, bytes([_CLOSED]))
        self._thread.join()
        for descriptor in (self._read, self._write, self._stderr):
            os.close(descriptor)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        # Two signals during one long call of C++ come here as one.
        self._n_handled = max(self._n_handled + 1, self._n_seen)
        if self.finishing is not None:
            self.asked = True
        if self._n_handled == 1 and self.finishing is not None:
            return
        # Commands are ended by the thread; a second exception would meet the first one's end.
        if self._n_handled == 1 or self.finishing is not None or self._leave is None:
            raise KeyboardInterrupt

    def _watch(self) -> None:
        while True:
            for number in os.read(self._read, 64):
                if number == _CLOSED:
                    return
                if number in SIGNALS:
                    self._n_seen += 1
                    self._answer()

    def _answer(self) -> None:
        if self._n_seen == 1 and self.finishing is not None:
            self.asked = True
            os.write(self._stderr, f"\n{self.finishing}; again to stop now.\n".encode())
        elif self._leave is not None:
            seconds = self._grace if self._n_seen == 1 else GRACE_OF_SECOND
            if seconds is not None:
                timer = threading.Timer(seconds, self._leave)
                timer.daemon = True
                timer.start()


_current: _Answers | None = None


@contextlib.contextmanager
def answered(
    leave: Callable[[], None] | None = None, *, grace: float | None = GRACE
) -> Iterator[_Answers | None]:
    """Makes SIGTERM behave as Ctrl-C, and answers both even during a long call of C++.

    The first signal raises `KeyboardInterrupt`, unless something is `finishing`.

    Args:
        leave: Ends the process; called from another thread where the main one has not come to
            an end in time, and after a second signal. None: nobody is ended by force.
        grace: Seconds after the first signal; None: any time.

    Yields:
        What answers, or None outside of the main thread, which signals never reach.
    """
    global _current
    if threading.current_thread() is not threading.main_thread():
        yield None
        return
    before = _current
    try:
        with _Answers(leave, grace) as _current:
            yield _current
    finally:
        _current = before


@contextlib.contextmanager
def finishing(what: str) -> Iterator[Callable[[], bool]]:
    """Lets what is in work come to its end after a first signal; a second one interrupts.

    Args:
        what: Is told to the user at the first signal, for example "finishing this step".

    Yields:
        Tells whether there was a signal.
    """
    with contextlib.ExitStack() as stack:
        answers = _current or stack.enter_context(answered())
        if answers is None:
            yield lambda: False
            return
        answers.finishing = what
        try:
            yield lambda: answers.asked
        finally:
            answers.finishing = None
