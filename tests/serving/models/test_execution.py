import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from serving.metrics import Metrics
from serving.models import execution
from serving.models.execution import DirectExecution
from serving.protocol.signature import Signature, Tensor
from serving.status import Code, StatusError

X = Tensor("x:0", tf.float32, (None,))
SIGNATURE = Signature("double", "", {"x": X}, {"y": X})
SMALL, LARGE = np.ones(3, np.float32), np.ones(2000, np.float32)


class Doubler:
    """A version that notes in which threads its runs are made, and how."""

    name = "double"

    def __init__(self, *, is_bounded=True, seconds=0.0):
        self.threads = []
        self._is_bounded = is_bounded
        self._seconds = seconds

    def is_bounded(self, signature, outputs):
        return self._is_bounded

    def run(self, signature, inputs, outputs, *, timeout, in_caller):
        self.threads.append((threading.current_thread().name, in_caller))
        end = time.thread_time() + self._seconds
        while time.thread_time() < end:
            pass
        return {"y": 2 * inputs["x"]}


def run_in_turn(version, inputs, *, seconds=5.0):
    async def all_in_turn():
        direct = DirectExecution(version, ThreadPoolExecutor(1, "session"), Metrics())
        for x in inputs:
            deadline = time.monotonic() + seconds
            answer = await direct.run(SIGNATURE, {"x": x}, ("y",), deadline)
            np.testing.assert_array_equal(answer["y"], 2 * x)

    asyncio.run(all_in_turn())
    return [(name.startswith("session"), in_caller) for name, in_caller in version.threads]


def test_short_runs_are_made_in_the_event_loop_once_they_are_known():
    in_session_threads = run_in_turn(Doubler(), [SMALL] * 3)
    assert in_session_threads == [(True, True), (False, True), (False, True)]


def test_graphs_with_loops_are_left_to_threads_that_can_be_stopped():
    assert run_in_turn(Doubler(is_bounded=False), [SMALL] * 2) == [(True, False)] * 2


def test_large_inputs_are_left_to_threads_that_can_be_stopped():
    in_session_threads = run_in_turn(Doubler(), [SMALL, LARGE, SMALL])
    assert in_session_threads == [(True, True), (True, False), (False, True)]


def test_runs_that_take_long_are_left_to_threads():
    assert run_in_turn(Doubler(seconds=2e-3), [SMALL] * 3) == [(True, True)] * 3


def test_choices_of_outputs_are_remembered_up_to_a_number(monkeypatch):
    monkeypatch.setattr(execution, "_MOST_KINDS", 0)
    assert run_in_turn(Doubler(), [SMALL] * 2) == [(True, True)] * 2


def test_deadline_that_is_over_runs_nothing():
    version = Doubler()
    run_in_turn(version, [SMALL])
    with pytest.raises(StatusError) as raised:
        run_in_turn(version, [SMALL], seconds=-1)
    assert (raised.value.code, len(version.threads)) == (Code.DEADLINE_EXCEEDED, 1)
