"""Clients that die, stall or send too much: refused or forgotten, and nobody else notices."""

import gzip
import json
import subprocess
import sys
import time
import zlib
from pathlib import Path

import grpc
import numpy as np
import pytest

from tests.serving.faults.clients import (
    Connection,
    Usage,
    assert_well,
    code_of,
    http_request,
    metric,
    predict_body,
    slow_body,
    slow_request,
    timed,
)
from tests.serving.faults.doomed_client import PREDICT
from tests.serving.faults.limited_server import MAX_REQUEST_BYTES, REST_SECONDS
from tests.serving.running_server import error_of, predict_request, wait_for

pytestmark = pytest.mark.long

PREDICT_PATH = "/v1/models/heavy:predict"
# A head must be whole after 20 s; the sender notices up to some seconds later.
HEAD_SECONDS = (15, 30)


def killed_client(server, folder, n_requests, seconds):
    """Runs a client process until its requests are sent, waits a little and kills it."""
    files = folder / "grpc", folder / "rest"
    files[0].write_bytes(slow_request().SerializeToString())
    files[1].write_bytes(http_request("POST", PREDICT_PATH, slow_body()))
    script = Path(__file__).with_name("doomed_client.py")
    ports = server.grpc_port, server.rest_port
    command = [sys.executable, script, *ports, n_requests, seconds, *files]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout.readline() == "sent\n"
        time.sleep(0.3)
        client.kill()


@pytest.mark.parametrize("name", ["server", "batching_server"])
def test_killed_client_leaves_nothing_behind(name, request, tmp_path):
    server = request.getfixturevalue(name)
    assert_well(server)
    with Usage(server) as usage:
        killed_client(server, tmp_path, n_requests=6, seconds=1.0)
        # What runs already runs until its deadline; what waited must never run.
        time.sleep(REST_SECONDS - 0.3)
        assert_well(server)
        wait_for(lambda: usage.n_new_files() <= 0)
    assert usage.grown < 32


def test_request_of_a_client_that_left_the_queue_never_runs(batching_server):
    server = batching_server
    before = metric(server, "batching_session:processed_batch_size_count")
    blocking = server.prediction.Predict.future(slow_request(), timeout=1.0)
    wait_for(lambda: metric(server, "batching_session:processed_batch_size_count") == before + 1)
    leaving = server.prediction.Predict.future(slow_request(7), timeout=10)
    with Connection(server.rest_port) as connection:
        connection.send(http_request("POST", PREDICT_PATH, slow_body(8)))
        time.sleep(0.2)
        leaving.cancel()
    staying = server.prediction.Predict(slow_request(9), timeout=10)
    assert blocking.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert staying.outputs["y"].float_val == [1]
    assert metric(server, "batching_session:processed_batch_size_count") == before + 2


def test_queued_request_of_a_client_that_left_never_runs_without_batching(server):
    before = metric(server, "runtime_latency_count")
    endless = [server.prediction.Predict.future(slow_request(), timeout=1.0) for _ in range(16)]
    time.sleep(0.3)
    leaving = [server.prediction.Predict.future(slow_request(1), timeout=10) for _ in range(8)]
    time.sleep(0.2)
    for call in leaving:
        call.cancel()
    assert {call.code() for call in endless} == {grpc.StatusCode.DEADLINE_EXCEEDED}
    assert_well(server)
    assert metric(server, "runtime_latency_count") == before + 2


def test_body_that_says_it_is_too_large_is_refused_unread(server):
    length = MAX_REQUEST_BYTES + 1
    head = f"POST {PREDICT_PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
    with Connection(server.rest_port) as connection:
        connection.send(head.encode())
        (status, body), seconds = timed(connection.answer)
        assert connection.answer() is None
    assert (status, seconds < 1) == (413, True)
    assert json.loads(body) == {
        "error": f"Request body must have at most {MAX_REQUEST_BYTES} bytes."
    }
    assert_well(server)


def test_body_in_chunks_is_refused_once_it_is_too_large(server):
    chunk = b"10000\r\n" + b" " * 2**16 + b"\r\n"
    with Usage(server) as usage, Connection(server.rest_port) as connection:
        head = f"POST {PREDICT_PATH} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        connection.send(head.encode() + b"\r\n")
        n_sent = send_until_closed(connection, chunk, most=64 * MAX_REQUEST_BYTES)
        answer = connection.answer()
    # The answer is lost when the server closes while data is still under way.
    assert answer is None or answer[0] == 413
    assert n_sent < 8 * MAX_REQUEST_BYTES
    assert usage.grown < 32
    assert_well(server)


@pytest.mark.parametrize("line", [b"a: " + b"b" * 60 + b"\r\n", b"a" * 1024])
def test_trailers_without_end_are_cut_off(line, server):
    head = f"POST {PREDICT_PATH} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Usage(server) as usage, Connection(server.rest_port) as connection:
        connection.send(head.encode() + b"2\r\n{}\r\n0\r\n")
        n_sent = send_until_closed(connection, line * 1000, most=2**28)
    assert n_sent < 2**24
    assert usage.grown < 32
    assert_well(server)


def test_head_without_end_is_cut_off(server):
    with Usage(server) as usage, Connection(server.rest_port) as connection:
        connection.send(b"GET / HTTP/1.1\r\n")
        n_sent = send_until_closed(connection, b"a: b\r\n" * 1000, most=2**28)
    assert n_sent < 2**24
    assert usage.grown < 32
    assert_well(server)


def send_until_closed(connection, data, *, most):
    """Sends `data` again and again; returns how many bytes the server took."""
    n_sent = 0
    try:
        while n_sent < most:
            connection.send(data)
            n_sent += len(data)
    except ConnectionError:
        pass
    return n_sent


def test_grpc_message_that_is_too_large_is_refused(server):
    inputs = {"x": np.zeros(MAX_REQUEST_BYTES // 4, np.float32)}
    (code, _), seconds = timed(error_of, server.predict, "heavy", inputs)
    assert (code, seconds < 2) == ("RESOURCE_EXHAUSTED", True)
    assert_well(server)


def test_compressed_message_that_unpacks_too_large_is_refused(server):
    """Zeros shrink a thousandfold, so a small message could ask for any memory."""
    with Usage(server) as usage:
        channel = grpc.insecure_channel(
            f"127.0.0.1:{server.grpc_port}", compression=grpc.Compression.Gzip
        )
        with channel:
            bomb = bytes(64 * MAX_REQUEST_BYTES)
            assert len(zlib.compress(bomb)) < MAX_REQUEST_BYTES
            code, _ = error_of(channel.unary_unary(PREDICT), bomb, timeout=20)
    assert code == "RESOURCE_EXHAUSTED"
    assert usage.grown < 64
    assert_well(server)


def test_compressed_body_that_unpacks_too_large_is_refused(server):
    with Usage(server) as usage, Connection(server.rest_port) as connection:
        bomb = gzip.compress(bytes(64 * MAX_REQUEST_BYTES))
        assert len(bomb) < MAX_REQUEST_BYTES
        answer = connection.request(
            "POST", PREDICT_PATH, bomb, headers="Content-Encoding: gzip\r\n"
        )
    assert answer[0] == 413
    assert usage.grown < 32
    assert_well(server)


def test_tensor_of_few_values_and_large_shape_is_refused_at_once(server):
    """One value stands for a whole tensor, so a few bytes could ask for any memory."""
    with Usage(server) as usage:
        for dtype, size in ((1, 2**26), (7, 2**26), (18, 2**26), (1, 2**40), (7, 2**62)):
            request = predict_request("heavy", {"x": np.float32([1])})
            tensor = request.inputs["x"]
            tensor.dtype = dtype
            tensor.tensor_shape.dim[0].size = size
            code, seconds = timed(code_of, server.prediction.Predict, request, timeout=5)
            assert (code, seconds < 1) == ("INVALID_ARGUMENT", True)
    assert usage.grown < 32
    assert_well(server)


@pytest.mark.parametrize(
    "name",
    [
        "nothing",
        "half a request line",
        "head byte by byte",
        "head in many lines",
        "second head byte by byte",
        "nothing over gRPC",
        "half a preface over gRPC",
    ],
)
def test_sender_that_never_finishes_its_head_is_cut_off(name, lingering):
    seconds, _ = lingering[name].outcome()
    assert HEAD_SECONDS[0] < seconds < HEAD_SECONDS[1]


@pytest.mark.parametrize(
    "name", ["unfinished body", "body byte by byte", "chunk after chunk", "trailer after trailer"]
)
def test_sender_that_never_finishes_its_body_is_answered_in_time(name, lingering):
    seconds, received = lingering[name].outcome()
    assert REST_SECONDS - 0.1 < seconds < REST_SECONDS + 2
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 504 ")
    assert json.loads(body) == {"error": "Deadline Exceeded"}


def test_reader_that_never_reads_is_cut_off(server):
    body = predict_body("large", {"x": [0.1234567] * 20, "width": 40_000})
    with Usage(server) as usage:
        readers = [Connection(server.rest_port, receive_buffer=4096) for _ in range(4)]
        for reader in readers:
            reader.send(http_request("POST", PREDICT_PATH, body))
        wait_for(lambda: usage.n_new_files() == 4)
        assert_well(server)
        wait_for(lambda: usage.n_new_files() <= 0, timeout=2 * REST_SECONDS + 5)
    for reader in readers:
        reader.close()
    assert_well(server)
