"""Clients that do to a server what no honest client does, and what tells whether it is well."""

import contextlib
import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import psutil

from tests.serving.running_server import predict_request

# A run that only its deadline ends.
FOREVER = 2**30
_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)


class Connection:
    """A raw HTTP connection, kept alive from one request to the next."""

    def __init__(self, port, *, timeout=15, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(("127.0.0.1", port))
        except OSError:
            self.socket.close()
            raise
        # Small requests leave at once, as with every HTTP library.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        self.is_last = False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def request(self, method, path, body=b"", *, headers=""):
        """Sends a request and returns (status, body) of its answer."""
        self.send(http_request(method, path, body, headers=headers))
        return self.answer(has_body=method != "HEAD")

    def answer(self, *, has_body=True):
        """Returns (status, body) of the next answer; None if the connection ended instead.

        `is_last` tells afterwards whether the answer ends the connection.
        """
        while b"\r\n\r\n" not in self._rest:
            if not self._receive():
                return None
        head, _, rest = self._rest.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 100 "):
            self._rest = rest
            return self.answer(has_body=has_body)
        found = _LENGTH.search(head)
        self.is_last = b"\r\nconnection: close" in head.lower()
        length = int(found[1]) if has_body and found else 0
        self._rest = rest
        while len(self._rest) < length:
            if not self._receive():
                return None
        body, self._rest = self._rest[:length], self._rest[length:]
        return int(head.split(b" ", 2)[1]), body

    def _receive(self):
        try:
            data = self.socket.recv(2**16)
        except ConnectionError:
            data = b""
        self._rest += data
        return bool(data)


def http_request(method, path, body=b"", *, headers=""):
    """Returns the bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


def predict_body(signature, inputs):
    """Returns the JSON of a predict request by columns."""
    return json.dumps({"signature_name": signature, "inputs": inputs}).encode()


def slow_body(n_turns=FOREVER):
    """Returns the JSON of a request that runs for `n_turns`."""
    return predict_body("slow", {"x": [1.0], "n_turns": [n_turns]})


def slow_request(n_turns=FOREVER):
    """Returns a PredictRequest that runs for `n_turns`."""
    inputs = {"x": np.float32([1]), "n_turns": np.int32([n_turns])}
    return predict_request("heavy", inputs, signature="slow")


def assert_well(server, *, within=1.5):
    """Asks for right numbers over both protocols; they must come within so many seconds."""
    started = time.monotonic()
    answer = server.predict("heavy", {"x": np.float32([1, 2])}, timeout=5)
    np.testing.assert_array_equal(answer.outputs["y"].float_val, [2, 3])
    with Connection(server.rest_port, timeout=5) as connection:
        status, body = connection.request(
            "POST", "/v1/models/heavy:predict", b'{"instances": [1.0, 2.0]}'
        )
    assert (status, json.loads(body)) == (200, {"predictions": [2.0, 3.0]})
    assert time.monotonic() - started < within


def metric(server, name):
    """Returns the sum of a metric over its labels."""
    text = server.rest("GET", "/monitoring/prometheus/metrics").text
    lines = re.findall(rf"^:tensorflow:serving:{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE)
    return sum(map(float, lines))


class Usage:
    """Memory and open files of a process from now on; the peak is looked at often."""

    def __init__(self, server):
        self._process = psutil.Process(server.process.pid)
        self.start = self.peak = self.memory()
        self.n_files = self._process.num_fds()
        self._stop = threading.Event()

    def __enter__(self):
        self._watching = threading.Thread(target=self._watch)
        self._watching.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        self._watching.join()

    def memory(self):
        """Returns the resident memory in MiB."""
        return self._process.memory_info().rss / 2**20

    def busy(self, seconds=0.3):
        """Returns how many cores the process keeps busy in the next so many seconds."""
        return self._process.cpu_percent(seconds) / 100

    @property
    def grown(self):
        """MiB that the peak lies above the start."""
        return self.peak - self.start

    def n_new_files(self):
        """Returns how many more files are open than at the start."""
        return self._process.num_fds() - self.n_files

    def _watch(self):
        while not self._stop.wait(0.01):
            self.peak = max(self.peak, self.memory())


@contextlib.contextmanager
def crowd(n_clients):
    """Yields a function that starts a call in a thread of its own and returns its future."""
    with ThreadPoolExecutor(n_clients) as executor:
        yield executor.submit


def code_of(call, *arguments, **keywords):
    """Returns the code of a gRPC call without its answer, which may be huge."""
    try:
        call(*arguments, **keywords)
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def timed(call, *arguments, **keywords):
    """Returns what a call returned and the seconds it took."""
    started = time.monotonic()
    result = call(*arguments, **keywords)
    return result, time.monotonic() - started
