"""An HTTP connection that keeps a deadline over everything that it does."""

import http.client
import io
import socket
import ssl
from typing import Any, Literal, cast

from serving.client.address import Address
from serving.client.deadline import Deadline

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


class RestConnection:
    """One connection, kept open between requests; for one thread at a time.

    Args:
        address: Address of the server.
        context: Settings of TLS, None without.
        token: Token of every request; None: none.
    """

    def __init__(
        self, address: Address, context: ssl.SSLContext | None, token: str | None = None
    ) -> None:
        self._headers = (
            _HEADERS if token is None else {**_HEADERS, "Authorization": f"Bearer {token}"}
        )
        if context is None:
            self._http = http.client.HTTPConnection(address.host, address.port)
        else:
            self._http = http.client.HTTPSConnection(address.host, address.port, context=context)

    @property
    def is_open(self) -> bool:
        """Whether another request can use the connection."""
        return self._http.sock is not None

    def request(
        self, method: str, path: str, body: bytes | None, deadline: Deadline
    ) -> tuple[int, bytes]:
        """Returns status and body of the answer.

        Raises:
            TimeoutError: The deadline has passed.
            OSError: The connection failed.
            http.client.HTTPException: What came is no answer of HTTP.
        """
        try:
            if self._http.sock is None:
                self._http.timeout = _left(deadline)
                self._http.connect()
                self._http.sock = _TimedSocket(cast(socket.socket, self._http.sock), deadline)
            cast(_TimedSocket, self._http.sock).deadline = deadline
            self._http.request(method, path, body, self._headers)
            answer = self._http.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self) -> None:
        """Closes the connection."""
        self._http.close()


class _TimedSocket:
    """A socket whose every operation ends by one deadline.

    A socket's own timeout starts anew with every piece that arrives, so a server that
    answers byte by byte could hold a client forever.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self.deadline = deadline

    def sendall(self, data: bytes) -> None:
        self.arm()
        self._sock.sendall(data)

    def makefile(self, mode: Literal["rb"]) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self, self._sock.makefile(mode, buffering=0)))

    def arm(self) -> None:
        self._sock.settimeout(_left(self.deadline))

    def close(self) -> None:
        self._sock.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, owner: _TimedSocket, file: io.RawIOBase) -> None:
        self._owner = owner
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._owner.arm()
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


def _left(deadline: Deadline) -> float:
    seconds = deadline.remaining()
    if seconds <= 0:
        raise TimeoutError("timed out")
    return seconds
