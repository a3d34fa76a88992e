"""Runs an ASGI application on a port, patient with clients only up to a point."""

import asyncio
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.endpoints.http import CONNECTION, JSON, plain_error
from serving.endpoints.listening import bound_socket

_HEAD_SECONDS = 20.0
_HEAD_BYTES = 2**16


class HttpServer:
    """Runs an ASGI application on a port.

    Args:
        app: The application.
        host: Address to listen on.
        port: Port; 0 for any free one.
        read_seconds: Seconds that a client may take to read an answer.
        drain_seconds: Seconds that requests in flight may take after `stop`.
        is_shared: Whether other processes listen on the same port.

    Raises:
        OSError: The port is taken or the address unknown.
    """

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        *,
        read_seconds: float,
        drain_seconds: float,
        is_shared: bool = False,
    ) -> None:
        self._socket = bound_socket(host, port, is_shared=is_shared)
        self._socket.listen(2048)
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            http=cast(
                type[asyncio.Protocol],
                functools.partial(PatientProtocol, read_seconds=read_seconds),
            ),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=max(1, round(drain_seconds)),
        )
        self._server = _Server(config)
        self._serving: asyncio.Task | None = None

    async def start(self) -> None:
        """Starts to answer."""
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started and not self._serving.done():
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Refuses new connections and ends once requests in flight are answered."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving


class PatientProtocol(HttpToolsProtocol):
    """Closes connections of clients that send their headers or read their answers too slowly.

    Attributes:
        is_lost: Whether the client has gone away.

    Args:
        read_seconds: Seconds that a client may take to read an answer.
        arguments: Those of the protocol.
    """

    def __init__(self, *, read_seconds: float, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._read_seconds = read_seconds
        self._read_timer: asyncio.TimerHandle | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._working: set[asyncio.Task] = set()
        self.is_lost = False

    def cancel_when_lost(self, task: asyncio.Task) -> None:
        """Cancels a task when the client goes away."""
        self._working.add(task)

    def keep(self, task: asyncio.Task) -> None:
        """Cancels it no more."""
        self._working.discard(task)

    def connection_made(self, transport: Any) -> None:  # noqa: D102
        super().connection_made(transport)
        self._await_head()

    def on_message_begin(self) -> None:  # noqa: D102
        super().on_message_begin()
        if self._head_timer is None:
            self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Notes a header; those after a body could be endless, and nobody reads them."""
        if self._head_timer is not None:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:  # noqa: D102
        self._end_head()
        self._head_bytes = 0
        super().on_headers_complete()
        # The application starts to answer in the next turn of the event loop.
        self.scope[CONNECTION] = self  # type: ignore[literal-required]

    def on_body(self, body: bytes) -> None:  # noqa: D102
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:  # noqa: D102
        self._head_bytes = 0
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:  # noqa: D102
        # Heads, trailers and what stands beside the length of a chunk are bounded alike.
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > _HEAD_BYTES:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP in the form of all other errors."""
        body = plain_error(400, msg).body
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: {JSON}\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.transport.write(head.encode() + body)
        self.transport.close()

    def pause_writing(self) -> None:
        """Starts to wait for a client that does not read."""
        super().pause_writing()
        self._read_timer = self.loop.call_later(self._read_seconds, self.transport.abort)

    def resume_writing(self) -> None:  # noqa: D102
        self._end_reading()
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Gives the rest of a last answer a while to be read."""
        super().on_response_complete()
        if self.transport.is_closing():
            self.loop.call_later(self._read_seconds, self.transport.abort)

    def timeout_keep_alive_handler(self) -> None:
        """Ends an idle connection, also when its last answer was not read."""
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: D102
        self._end_head()
        self._end_reading()
        self.is_lost = True
        for task in self._working:
            task.cancel()
        super().connection_lost(exc)

    def _end_reading(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(_HEAD_SECONDS, self.transport.close)

    def _end_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to the process, which has two endpoints to stop."""
        yield
