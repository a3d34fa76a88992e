"""Time, queues and numbers run out: the code of the protocol, at once, and only for who asked."""

import json
import time

import grpc
import numpy as np
import pytest

from tests.serving.faults.clients import (
    FOREVER,
    Connection,
    Usage,
    assert_well,
    crowd,
    http_request,
    slow_body,
    slow_request,
    timed,
)
from tests.serving.faults.limited_server import MAX_CONCURRENT, MAX_REQUEST_BYTES, REST_SECONDS
from tests.serving.running_server import error_of, predict_request, wait_for

pytestmark = pytest.mark.long

PREDICT_PATH = "/v1/models/heavy:predict"


def post(server, body):
    """Sends a predict request on a connection of its own; returns (status, message)."""
    with Connection(server.rest_port) as connection:
        status, answer = connection.request("POST", PREDICT_PATH, body)
    return status, json.loads(answer).get("error")


@pytest.mark.parametrize("name", ["server", "batching_server"])
def test_deadline_ends_what_runs_and_what_waits(name, request):
    server = request.getfixturevalue(name)
    # The first fill all threads, so that the rest wait.
    calls = [(0.7, k) for k in range(16)] + [(0.4, 16), (0.5, 17)]
    with crowd(len(calls)) as start:
        running = []
        for seconds, number in calls:
            call = server.prediction.Predict
            turns = slow_request(FOREVER + number % 2)
            running.append(start(timed, error_of, call, turns, timeout=seconds))
            time.sleep(0.002)
        for (seconds, _), future in zip(calls, running, strict=True):
            (code, _), taken = future.result()
            assert code == "DEADLINE_EXCEEDED"
            assert seconds - 0.05 < taken < seconds + 1
    assert_well(server)


@pytest.mark.parametrize("name", ["server", "batching_server"])
def test_rest_deadline_is_answered_with_504(name, request):
    server = request.getfixturevalue(name)
    with crowd(3) as start:
        running = [start(timed, post, server, slow_body(FOREVER + k)) for k in range(3)]
        for future in running:
            answer, seconds = future.result()
            assert answer == (504, "Deadline Exceeded")
            assert REST_SECONDS - 0.05 < seconds < REST_SECONDS + 1
    assert_well(server)


def test_deadline_already_over_runs_nothing(server):
    code, _ = error_of(server.prediction.Predict, slow_request(), timeout=-1)
    assert code == "DEADLINE_EXCEEDED"
    assert_well(server)


def test_large_bad_bodies_hold_up_nobody(server):
    """Reading and refusing them is work, which others must not wait for."""
    n_numbers = MAX_REQUEST_BYTES // 8
    bodies = {
        "late mistake": b'{"instances": [' + b"1.0," * n_numbers + b'"a"]}',
        "deep mistake": b'{"instances": [' + b"[1.0]," * (n_numbers * 2 // 3) + b"[1,2]]}",
        "lists": b'{"instances": [' + b"[]," * n_numbers + b"[1]]}",
        "objects": b'{"instances": [' + b"{}," * n_numbers + b"{}]}",
        "named": b'{"instances": [' + b'{"x":1},' * (n_numbers // 2) + b'{"z":1}]}',
        "strings": b'{"inputs": [' + b'"a",' * n_numbers + b"1]}",
        "whole numbers": b'{"inputs": [' + b"1," * n_numbers + b"null]}",
        "unknown": b'{"x": [' + b'"\\u0000",' * (n_numbers // 3) + b"1]}",
    }
    with crowd(3) as start:
        for name, body in bodies.items():
            refused = start(timed, post, server, body)
            while not refused.done():
                assert_well(server, within=2.0)
                time.sleep(0.01)
            (status, _), seconds = refused.result()
            assert (name, status in (400, 504), seconds < REST_SECONDS + 1) == (name, True, True)
    # A thread that reads on for ever would be missed by the next large request; this one ends with
    # the body, on a busy machine after some seconds.
    wait_for(lambda: Usage(server).busy() < 0.2)


def test_full_queue_refuses_at_once(batching_server):
    server = batching_server
    with crowd(8) as start:
        blocking = start(server.prediction.Predict, slow_request(), timeout=1.5)
        time.sleep(0.2)
        batch = np.ones(8, np.float32)
        waiting = [start(server.predict, "heavy", {"x": batch * k}) for k in range(2)]
        time.sleep(0.1)
        (code, message), seconds = timed(error_of, server.predict, "heavy", {"x": batch})
        answer, rest_seconds = timed(post, server, json.dumps({"inputs": [1.0] * 8}).encode())
        assert not blocking.done()
        assert code == "UNAVAILABLE"
        assert message == "The batch scheduling queue to which this task was submitted is full"
        assert answer == (503, message)
        assert max(seconds, rest_seconds) < 1.0
        # Those that were let in are answered.
        for k, future in enumerate(waiting):
            assert future.result().outputs["y"].float_val == [k + 1] * 8
        assert blocking.exception().code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert_well(server)


def test_too_many_requests_at_once_are_refused(batching_server):
    server = batching_server
    # Of two kinds, since one queue has no room for all.
    requests = slow_request(1), predict_request("heavy", {"x": np.float32([0])})
    with crowd(MAX_CONCURRENT + 2) as start:
        blocking = start(server.prediction.Predict, slow_request(), timeout=1.5)
        time.sleep(0.2)
        call = server.prediction.Predict
        waiting = [start(call, requests[k % 2], timeout=5) for k in range(MAX_CONCURRENT - 1)]
        time.sleep(0.2)
        (code, message), seconds = timed(error_of, call, requests[1])
        answer, rest_seconds = timed(post, server, b'{"instances": [1.0]}')
        assert not blocking.done()
        assert code == "UNAVAILABLE"
        assert message.startswith(f"The server answers {MAX_CONCURRENT} requests at once")
        assert answer == (503, message)
        assert max(seconds, rest_seconds) < 1.0
        # Questions about models are still answered.
        assert server.status("heavy")[1][0] == "AVAILABLE"
        for future in waiting:
            assert future.result().outputs["y"].float_val == [1]
    assert_well(server)


def test_request_without_rows_spoils_no_neighbour(batching_server):
    server = batching_server
    with crowd(5) as start:
        blocking = start(error_of, server.prediction.Predict, slow_request(), timeout=0.5)
        time.sleep(0.1)
        rows = [[1, 2], [3]]
        good = [start(server.predict, "heavy", {"x": np.float32(x)}) for x in rows]
        time.sleep(0.1)
        empty = start(server.predict, "heavy", {"x": np.float32([])})
        for x, future in zip(rows, good, strict=True):
            np.testing.assert_array_equal(future.result().outputs["y"].float_val, np.add(x, 1))
        error = empty.exception()
        assert error is None or error.code().name in ("INVALID_ARGUMENT", "FAILED_PRECONDITION")
        assert blocking.result()[0] == "DEADLINE_EXCEEDED"


def test_connections_without_number_leave_room_for_others(server):
    """Idle connections cost a file each and nothing else."""
    with Usage(server) as usage:
        idle = [Connection(server.rest_port) for _ in range(300)]
        wait_for(lambda: usage.n_new_files() >= 300)
        assert_well(server)
        for connection in idle:
            connection.close()
        wait_for(lambda: usage.n_new_files() <= 0)
    assert usage.grown < 32


def test_answers_leave_at_once_on_a_kept_connection(server):
    """Head and body of an answer must not wait for the client's acknowledgement, some 40 ms."""
    with Connection(server.rest_port) as connection:
        times = [
            timed(connection.request, "POST", PREDICT_PATH, b'{"instances": [1.0]}')[1]
            for _ in range(20)
        ]
    assert np.median(times) < 0.02


def test_requests_in_a_row_without_waiting_are_all_answered(server):
    """Pipelining: the server must not gather them without limit, nor mix them up."""
    n_requests = 200
    bodies = [json.dumps({"instances": [float(k)]}).encode() for k in range(n_requests)]
    with Connection(server.rest_port) as connection:
        connection.send(b"".join(http_request("POST", PREDICT_PATH, body) for body in bodies))
        answers = [connection.answer() for _ in bodies]
    for k, (status, body) in enumerate(answers):
        assert (status, json.loads(body)) == (200, {"predictions": [k + 1.0]})
