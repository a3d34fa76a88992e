"""Senders that never finish: each ties up a connection until the server ends it."""

import select
import socket
import threading
import time
from dataclasses import dataclass

from tests.serving.faults.clients import http_request

_PATH = "/v1/models/heavy:predict"
_HEAD = f"POST {_PATH} HTTP/1.1\r\nHost: localhost\r\n".encode()
_PAUSE = 0.25


@dataclass
class Sender:
    """One connection: what is sent first, then again and again, and what came of it.

    `seconds` is None as long as the server has not ended the connection.
    """

    first: bytes
    again: bytes = b""
    on_rest: bool = True
    received: bytes = b""
    seconds: float | None = None

    def start(self, server, give_up):
        port = server.rest_port if self.on_rest else server.grpc_port
        self._give_up = give_up
        self._thread = threading.Thread(target=self._run, args=(port,), daemon=True)
        self._thread.start()

    def outcome(self):
        """Waits for the end and returns (seconds, received)."""
        self._thread.join()
        return self.seconds, self.received

    def _run(self, port):
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(self.first)
            while not self._give_up.is_set() and time.monotonic() < started + 40:
                if self._ended(connection):
                    self.seconds = time.monotonic() - started
                    return

    def _ended(self, connection):
        try:
            if select.select([connection], [], [], _PAUSE)[0]:
                data = connection.recv(2**16)
                self.received += data
                return not data
            connection.sendall(self.again)
        except ConnectionError:
            return True
        return False


def senders():
    """Returns name -> sender; those of the first group wait for the head, the others not."""
    whole = http_request("GET", "/v1/models/heavy")
    return {
        "nothing": Sender(b""),
        "half a request line": Sender(b"POST /v1/mo"),
        "head byte by byte": Sender(_HEAD, b"X"),
        "head in many lines": Sender(_HEAD, b"a: b\r\n"),
        "second head byte by byte": Sender(whole + _HEAD, b"X"),
        "nothing over gRPC": Sender(b"", on_rest=False),
        "half a preface over gRPC": Sender(b"PRI * HTTP/2.0", on_rest=False),
        "unfinished body": Sender(_HEAD + b'Content-Length: 99\r\n\r\n{"insta'),
        "body byte by byte": Sender(_HEAD + b"Content-Length: 99\r\n\r\n{", b" "),
        "chunk after chunk": Sender(
            _HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"1\r\n \r\n"
        ),
        "trailer after trailer": Sender(
            _HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"a: b\r\n"
        ),
    }
