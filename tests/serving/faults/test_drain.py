"""SIGTERM and SIGINT: what is in flight is finished, nothing new begins, and the end is clean."""

import contextlib
import ipaddress
import json
import signal
import subprocess
import sys
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.serving.conformance.saved_models import copy_into_place
from tests.serving.faults.clients import (
    FOREVER,
    Connection,
    crowd,
    http_request,
    slow_body,
    slow_request,
    timed,
)
from tests.serving.faults.limited_server import LimitedServer
from tests.serving.faults.saved_models import write_slow_warm_up
from tests.serving.faults.test_reach import listening
from tests.serving.running_server import (
    error_of,
    model_config,
    wait_for,
    write_text,
)

pytestmark = pytest.mark.long

PREDICT_PATH = "/v1/models/heavy:predict"
# Takes about half a second.
N_TURNS = 50_000
DRAIN_SECONDS = 1.0


@contextlib.contextmanager
def started(models, folder, *flags):
    """Starts a server that serves the model `heavy`."""
    flags = ["--model_name=heavy", f"--model_base_path={models.root / 'heavy'}", *flags]
    with LimitedServer.started(flags, folder) as running:
        yield running


def test_sigterm_finishes_what_is_in_flight_and_refuses_what_is_new(models, tmp_path):
    with started(models, tmp_path, "--enable_batching") as server, crowd(4) as start:
        idle = [Connection(server.rest_port) for _ in range(3)]
        assert idle[0].request("GET", "/v1/models/heavy")[0] == 200
        idle[1].send(b"POST /v1/models/heavy:pre")
        slow = Connection(server.rest_port)
        server.status("heavy")
        watch = health_pb2_grpc.HealthStub(server.channel).Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        asked = start(server.prediction.Predict, slow_request(N_TURNS), timeout=20)
        slow.send(http_request("POST", PREDICT_PATH, slow_body(N_TURNS)))
        time.sleep(0.2)
        assert not asked.done()
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: refuses_connections(server), timeout=2)
        code, _ = error_of(server.prediction.Predict, slow_request(1), timeout=5)
        assert code == "UNAVAILABLE"
        assert not asked.done()
        assert asked.result().outputs["y"].float_val == [1]
        status, body = slow.answer()
        assert (status, json.loads(body)) == (200, {"outputs": [1.0]})
        # Whoever is idle holds up nothing.
        code, seconds = timed(server.process.wait, timeout=10)
        assert (code, seconds < 2) == (0, True)
        assert [connection.answer() for connection in idle] == [None] * 3
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        for connection in (*idle, slow):
            connection.close()
    assert "Traceback" not in server.log.read_text()


def refuses_connections(server):
    try:
        Connection(server.rest_port).close()
    except ConnectionRefusedError:
        return True
    return False


def test_sigint_waits_no_longer_than_it_is_told(models, tmp_path):
    """Neither for clients that wait nor for runs of those that have gone."""
    flags = f"--drain_seconds={DRAIN_SECONDS}", "--host=0.0.0.0"
    with started(models, tmp_path, *flags) as server:
        every = ipaddress.ip_address("0.0.0.0"), ipaddress.ip_address("::")
        assert all(address in every for address in listening(server).values())
        gone = grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}")
        call = gone.unary_unary("/tensorflow.serving.PredictionService/Predict")
        abandoned = call.future(slow_request(FOREVER).SerializeToString(), timeout=60)
        waiting = server.prediction.Predict.future(slow_request(FOREVER - 1), timeout=60)
        reader = Connection(server.rest_port)
        reader.send(http_request("POST", PREDICT_PATH, slow_body(FOREVER - 2)))
        unfinished = Connection(server.rest_port)
        unfinished.send(http_request("POST", PREDICT_PATH, slow_body())[:-5])
        time.sleep(0.5)
        abandoned.cancel()
        gone.close()
        server.process.send_signal(signal.SIGINT)
        code, seconds = timed(server.process.wait, timeout=20)
        assert (code, seconds < DRAIN_SECONDS + 2.5) == (0, True)
        assert waiting.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
        answer = reader.answer()
        assert answer is None or answer[0] in (500, 503)
        reader.close()
        unfinished.close()


@contextlib.contextmanager
def starting(folder, *flags):
    """Starts a server process without waiting for it; yields the process and its log."""
    command = [sys.executable, "-m", "serving.server", "--port=0", "--rest_api_port=0", *flags]
    log = folder / "stderr.txt"
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        yield process, log
    finally:
        process.kill()
        process.communicate()


def test_signal_before_there_is_anything_ends_the_start(models, tmp_path):
    flag = f"--model_base_path={models.root / 'heavy'}"
    with starting(tmp_path, flag) as (process, log):
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        # Before TensorFlow is there no handler is, so the signal itself may end the process.
        assert process.wait(timeout=10) in (0, -signal.SIGTERM)
        assert "Traceback" not in log.read_text()


def test_signal_while_a_model_is_loaded_ends_the_start(models, tmp_path):
    base = tmp_path / "stuck"
    copy_into_place(models.root / "heavy" / "1", base, 1)
    copy_into_place(models.root / "heavy" / "1", base, 2)
    write_slow_warm_up(base / "2", n_turns=FOREVER)
    config = model_config(tmp_path, "stuck", model_version_policy={"all": {}})
    file = write_text(tmp_path / "models.config", [config])
    flags = f"--model_config_file={file}", f"--drain_seconds={DRAIN_SECONDS}"
    with starting(tmp_path, *flags) as (process, log):
        # One version is loaded after the other.
        wait_for(lambda: "Version 1 of stuck is available" in log.read_text(), timeout=60)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        code, seconds = timed(process.wait, timeout=20)
        assert (code, seconds < DRAIN_SECONDS + 2.5) == (0, True)
        assert process.stdout.read() == ""
        assert "Traceback" not in log.read_text()
