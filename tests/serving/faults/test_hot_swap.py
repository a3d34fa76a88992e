"""Versions change while many clients ask: no request lost, none answered by the wrong version."""

import http.client
import json
import shutil
import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest

from tests.serving.conformance.saved_models import copy_into_place
from tests.serving.faults.clients import crowd
from tests.serving.running_server import wait_for

pytestmark = pytest.mark.long

N_CLIENTS = 16
N_REQUESTS = 2000
N_EACH = N_REQUESTS // N_CLIENTS


@dataclass
class Seen:
    """An answer: when its request was sent, which version its numbers and its spec tell."""

    sent: float
    by_numbers: float
    by_spec: int | None


class Client:
    """Asks one request after the other until told to stop, and at least N_EACH times."""

    def __init__(self, server, model, number, swapping):
        self._server, self._model, self._number = server, model, number
        self._swapping = swapping
        self.seen = []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._server.rest_port, timeout=20)
        while len(self.seen) < N_EACH or self._swapping.is_set():
            x = float(self._number * 1000 + len(self.seen))
            sent = time.monotonic()
            if self._number % 2:
                self.seen.append(Seen(sent, *self._grpc(x)))
            else:
                self.seen.append(Seen(sent, self._rest(x, connection), None))
            # Left to themselves, fast clients would be done before the first change.
            time.sleep(0.01)
        connection.close()
        return self.seen

    def _grpc(self, x):
        answer = self._server.predict(self._model, {"x": np.float32([x])})
        return answer.outputs["y"].float_val[0] - x / 2, answer.model_spec.version.value

    def _rest(self, x, connection):
        connection.request("POST", f"/v1/models/{self._model}:predict", f'{{"instances": [{x}]}}')
        answer = json.loads(connection.getresponse().read())
        return answer["predictions"][0] - x / 2


@pytest.mark.parametrize("name", ["server", "batching_server"])
def test_no_request_is_lost_when_versions_change(name, models, request):
    server = request.getfixturevalue(name)
    swapping = threading.Event()
    swapping.set()
    clients = [Client(server, server.swapped.name, k, swapping) for k in range(N_CLIENTS)]
    with crowd(N_CLIENTS) as start:
        running = [start(client.run) for client in clients]
        try:
            ended = _change_versions(server, models.made, clients)
        finally:
            swapping.clear()
        # Raises what a client met: a refusal, a closed connection, an answer without numbers.
        answers = [future.result() for future in running]
    assert sum(map(len, answers)) >= N_REQUESTS
    assert {seen.by_numbers for client in answers for seen in client} == {1.0, 2.0, 3.0, 4.0}
    for seen in (seen for client in answers for seen in client):
        assert seen.by_spec in (None, seen.by_numbers)
        assert seen.sent < ended.get(seen.by_numbers, np.inf)
    for client in answers:
        versions = [seen.by_numbers for seen in client]
        assert versions == sorted(versions)


def _change_versions(server, made, clients):
    """Publishes versions 2, 3 and 4; returns when each old one was first seen to have ended."""
    base, ended = server.swapped, {}

    def asked(count):
        return sum(len(client.seen) for client in clients) >= count

    for version in (2, 3, 4):
        wait_for(lambda: asked((version - 1) * N_REQUESTS // 4))  # noqa: B023
        copy_into_place(made / str(version), base, version)
        if version == 3:
            shutil.rmtree(base / "2")
        old = version - 1
        wait_for(lambda: server.status(base.name, old)[old][0] == "END")  # noqa: B023
        ended[old] = time.monotonic()
        assert server.status(base.name, version)[version][0] == "AVAILABLE"
    return ended
