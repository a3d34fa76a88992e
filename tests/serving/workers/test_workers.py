"""Two processes behind one port: requests, deaths, reloads and metrics of both."""

import concurrent.futures
import contextlib
import json
import os
import re
import signal
import time

import grpc
import numpy as np
import psutil
import pytest

from tests.serving.conformance.saved_models import copy_into_place, save_half_plus
from tests.serving.faults.clients import Connection, http_request
from tests.serving.running_server import (
    RunningServer,
    error_of,
    model_config,
    wait_for,
    write_text,
)

N_WORKERS = 2
BODY = b'{"instances": [1.0, 2.0]}'
COUNT = re.compile(r'^:tensorflow:serving:request_count{model_name="half",status="OK"} (\d+)', re.M)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    save_half_plus(root / "made" / "1", 1)
    for name in ("half", "other"):
        (root / name).mkdir()
        copy_into_place(root / "made" / "1", root / name, 1)
    return root


@pytest.fixture
def server(models, tmp_path):
    file = write_text(tmp_path / "models.config", [model_config(models, "half")])
    flags = f"--model_config_file={file}", f"--workers={N_WORKERS}", "--allow_reload_config"
    with RunningServer.started(flags, tmp_path) as running:
        yield running


def workers(server):
    """Returns the processes that answer."""
    return psutil.Process(server.process.pid).children()


def ask(server, n_requests, n_clients):
    """Asks so often by REST on several connections; returns the numbers of answers of each kind."""

    def client(_):
        answers = []
        with contextlib.ExitStack() as stack:
            connection = None
            for k in range(n_requests // n_clients):
                # A new connection may reach another worker.
                if connection is None or k % 50 == 0:
                    connection = stack.enter_context(Connection(server.rest_port))
                try:
                    answer = connection.request("POST", "/v1/models/half:predict", BODY)
                except OSError:
                    answer = None
                if answer is None:
                    connection = None
                answers.append(answer)
        return answers

    with concurrent.futures.ThreadPoolExecutor(n_clients) as pool:
        return [answer for answers in pool.map(client, range(n_clients)) for answer in answers]


def assert_right(answers):
    assert {answer[0] for answer in answers} == {200}
    assert {tuple(json.loads(answer[1])["predictions"]) for answer in answers} == {(1.5, 2.0)}


def n_counted(server):
    return int(COUNT.search(server.rest("GET", "/monitoring/prometheus/metrics").text)[1])


def test_requests_to_all_workers_are_answered_and_counted_together(server):
    assert len(workers(server)) == N_WORKERS
    answers = ask(server, 2000, 8)
    assert_right(answers)
    # Whichever worker is asked.
    for _ in range(6):
        assert n_counted(server) == len(answers)
    used = [process.cpu_times().user for process in workers(server)]
    assert min(used) > 0
    answer = server.predict("half", {"x": np.float32([1, 2])})
    np.testing.assert_array_equal(answer.outputs["y"].float_val, [1.5, 2.0])


def test_worker_that_dies_costs_its_own_requests_only_and_is_replaced(server):
    ask(server, 400, 8)
    # What a worker counts in its last second dies with it.
    time.sleep(3.0)
    before = {process.pid for process in workers(server)}
    doomed = min(before)
    # Each connection stays with one worker; half a request is in flight on all of them.
    connections = [Connection(server.rest_port) for _ in range(16)]
    request = http_request("POST", "/v1/models/half:predict", BODY)
    for connection in connections:
        connection.send(request[:-4])
    wait_for(lambda: all(_n_connections(pid) for pid in before))
    n_doomed = _n_connections(doomed)
    os.kill(doomed, signal.SIGKILL)
    answers = []
    for connection in connections:
        with contextlib.suppress(OSError):
            connection.send(request[-4:])
        answers.append(connection.answer())
        connection.close()
    lost = [answer for answer in answers if answer is None]
    assert 0 < len(lost) <= n_doomed
    assert_right([answer for answer in answers if answer is not None])
    wait_for(lambda: len({p.pid for p in workers(server)} - before) == 1, timeout=60)
    assert_right(ask(server, 400, 8))
    assert n_counted(server) >= 800


def test_reload_reaches_all_workers_and_those_that_are_started_later(server, models):
    server.reload([model_config(models, "other")])

    def served():
        channel = grpc.insecure_channel(
            f"127.0.0.1:{server.grpc_port}", options=[("grpc.use_local_subchannel_pool", 1)]
        )
        with channel:
            answers = [server.rest("GET", f"/v1/models/{name}/metadata") for name in NAMES]
        return [answer.status for answer in answers]

    NAMES = ("half", "other")
    for _ in range(12):
        assert served() == [404, 200]
    before = {process.pid for process in workers(server)}
    os.kill(max(before), signal.SIGKILL)
    wait_for(lambda: len({p.pid for p in workers(server)} - before) == 1, timeout=60)
    # The new one answers once the list has reached it.
    for _ in range(12):
        assert served() == [404, 200]
    code, message = error_of(server.reload, [model_config(models, "absent")])
    assert code == "INVALID_ARGUMENT"
    assert "Could not find base path" in message


def test_end_of_the_server_is_that_of_its_workers(models, tmp_path):
    flags = f"--model_base_path={models / 'half'}", "--model_name=half", "--workers=2"
    with RunningServer.started(flags, tmp_path) as running:
        processes = workers(running)
        assert len(processes) == N_WORKERS
    assert not any(process.is_running() for process in processes)


def test_worker_that_cannot_start_is_told_once(tmp_path):
    log = tmp_path / "stderr.txt"
    flags = f"--model_base_path={tmp_path / 'absent'}", "--model_name=half", "--workers=2"
    started = RunningServer.started(flags, tmp_path)
    with pytest.raises(RuntimeError, match="never became ready"), started:
        pass
    assert log.read_text().count("Could not find base path") == 1


@pytest.mark.long
def test_hundred_thousand_requests_lose_nothing_and_leave_memory_flat(server):
    assert_right(ask(server, 20_000, 16))
    before = [process.memory_info().rss for process in workers(server)]
    answers = ask(server, 100_000, 16)
    assert_right(answers)
    after = [process.memory_info().rss for process in workers(server)]
    assert max(b - a for a, b in zip(before, after, strict=True)) < 2**24
    assert n_counted(server) == 20_000 + len(answers)


def _n_connections(pid):
    found = psutil.Process(pid).net_connections("tcp")
    return sum(each.status == psutil.CONN_ESTABLISHED for each in found)
