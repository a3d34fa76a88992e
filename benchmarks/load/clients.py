"""Clients that cost little: prepared requests, answers of which only the status is read."""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, Self

# A client gives up after so many seconds.
PATIENCE = 30.0
PREDICT = "/tensorflow.serving.PredictionService/Predict"


class Caller(Protocol):
    """Sends one of its prepared requests, and comes back with the answer."""

    async def __call__(self) -> None:
        """Asks once.

        Raises:
            OSError: The answer is an error, or there is none.
        """
        ...


@dataclass(frozen=True)
class Answers:
    """What clients got within a stretch of time.

    Attributes:
        latencies: Seconds from when each request was due to its answer.
        n_failed: Requests that were refused or not answered.
        seconds: Length of the stretch.
    """

    latencies: Sequence[float]
    n_failed: int
    seconds: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, percent: float) -> float:
        """Returns the latency that so many percent of the answers do not exceed, in seconds."""
        if not self.latencies:
            return math.nan
        ordered = sorted(self.latencies)
        return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


async def closed_loop(call: Caller, n_clients: int, seconds: float) -> Answers:
    """Lets clients ask one request after another, each as soon as the last is answered."""
    warm = min(1.0, seconds / 4)
    start = time.perf_counter() + warm
    latencies: list[float] = []
    n_failed = 0

    async def client() -> None:
        nonlocal n_failed
        while (asked := time.perf_counter()) < start + seconds:
            try:
                await call()
            except OSError:
                n_failed += 1
                continue
            answered = time.perf_counter()
            if start <= answered < start + seconds:
                latencies.append(answered - asked)

    await asyncio.gather(*(client() for _ in range(n_clients)))
    return Answers(latencies, n_failed, seconds)


async def open_loop(call: Caller, rate: float, seconds: float, *, seed: int = 0) -> Answers:
    """Sends requests at random times, so many a second, whether or not others are answered.

    A request that leaves late because this process was busy counts from when it was due.
    """
    source = random.Random(seed)
    latencies: list[float] = []
    n_failed = 0

    async def ask(due: float) -> None:
        nonlocal n_failed
        try:
            async with asyncio.timeout(PATIENCE):
                await call()
            latencies.append(time.perf_counter() - due)
        except (OSError, TimeoutError):
            n_failed += 1

    asked, start = [], time.perf_counter()
    due = start + source.expovariate(rate)
    while due < start + seconds:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        asked.append(asyncio.create_task(ask(due)))
        due += source.expovariate(rate)
    await asyncio.gather(*asked)
    # What was still waiting at the end was not answered at this rate.
    return Answers(latencies, n_failed, max(seconds, time.perf_counter() - start))


class RestCaller(AbstractAsyncContextManager["RestCaller"]):
    """Asks by REST, each time on a connection that is free.

    Attributes:
        n_sent: Number of requests so far.

    Args:
        port: Port of the server on this machine.
        path: Path of the method.
        bodies: Bodies that are sent in turn.
    """

    def __init__(self, port: int, path: str, bodies: Sequence[bytes]) -> None:
        self._port = port
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        self._requests = [
            f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies
        ]
        self.n_sent = 0
        self._free: list[_Connection] = []
        self._all: list[_Connection] = []

    async def __aexit__(self, *error: object) -> None:
        """Closes all connections."""
        for connection in self._all:
            connection.close()

    async def __call__(self) -> None:
        """Asks once, see `Caller`."""
        request = self._requests[self.n_sent % len(self._requests)]
        self.n_sent += 1
        if self._free:
            connection = self._free.pop()
        else:
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_connection(_Connection, "127.0.0.1", self._port)
            self._all.append(connection)
        try:
            await connection.ask(request)
        finally:
            if not connection.is_closed:
                self._free.append(connection)


class _Connection(asyncio.Protocol):
    """One request at a time over HTTP, and the length of its answer from the head."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = self._awaited = 0
        self._answered: asyncio.Future[None] | None = None
        self.is_closed = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    async def ask(self, request: bytes) -> None:
        self._parts, self._size, self._awaited = [], 0, 0
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self._answered

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if not self._awaited:
            self._awaited = _length(b"".join(self._parts))
        if self._awaited and self._size >= self._awaited:
            self._end(None if self._parts[0].startswith(b"HTTP/1.1 200") else OSError("refused"))

    def connection_lost(self, error: Exception | None) -> None:
        self.is_closed = True
        self._end(OSError("The connection was closed."))

    def close(self) -> None:
        self._answered = None
        self._transport.close()

    def _end(self, error: OSError | None) -> None:
        if self._answered is None or self._answered.done():
            return
        if error is None:
            self._answered.set_result(None)
        else:
            self._answered.set_exception(error)


def _length(received: bytes) -> int:
    """Returns the length of an answer with its head; 0 as long as that is not there."""
    head, end, _ = received.partition(b"\r\n\r\n")
    if not end:
        return 0
    _, _, after = head.lower().partition(b"\r\ncontent-length:")
    return len(head) + len(end) + int(after.partition(b"\r\n")[0])


class GrpcCaller(AbstractAsyncContextManager["GrpcCaller"]):
    """Asks by gRPC, over one channel.

    Attributes:
        n_sent: Number of requests so far.

    Args:
        port: Port of the server on this machine.
        requests: Messages that are sent in turn.
    """

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        self._address = f"127.0.0.1:{port}"
        self._requests = requests
        self.n_sent = 0
        self._predict: Callable[..., Awaitable[bytes]] | None = None

    async def __aenter__(self) -> Self:
        """Opens the channel."""
        import grpc

        self._error: type[Exception] = grpc.RpcError
        self._channel = grpc.aio.insecure_channel(self._address)
        self._predict = self._channel.unary_unary(PREDICT)
        return self

    async def __aexit__(self, *error: object) -> None:
        """Closes the channel."""
        await self._channel.close()

    async def __call__(self) -> None:
        """Asks once, see `Caller`."""
        request = self._requests[self.n_sent % len(self._requests)]
        self.n_sent += 1
        try:
            await self._predict(request, timeout=PATIENCE)
        except self._error as error:
            raise OSError(str(error)) from error
