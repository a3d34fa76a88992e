"""Traces of a few training steps for TensorBoard's profile page."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

# The first steps compile; what follows is alike.
SKIPPED_STEPS = 5
TRACED_STEPS = 10


class StepProfiler:
    """Traces steps 6 to 15 after the start, or nothing.

    Args:
        folder: Of TensorBoard; the trace goes below `plugins/profile`.
        start: Step at which the run starts or continues.
        enabled: Whether anything is traced.
    """

    def __init__(self, folder: Path, start: int, *, enabled: bool) -> None:
        self._folder = folder
        self._first = start + SKIPPED_STEPS
        self._last = self._first + TRACED_STEPS - 1
        self._enabled = enabled
        self._is_tracing = False

    @contextlib.contextmanager
    def step(self, number: int) -> Iterator[None]:
        """Surrounds the optimiser step with this number, counted from 0."""
        if self._enabled and number == self._first:
            tf.profiler.experimental.start(str(self._folder))
            self._is_tracing = True
        if not self._is_tracing:
            yield
            return
        with tf.profiler.experimental.Trace("train", step_num=number, _r=1):
            yield
        if number == self._last:
            self.close()

    def close(self) -> None:
        """Writes the trace if one is being taken."""
        if self._is_tracing:
            self._is_tracing = False
            tf.profiler.experimental.stop()
