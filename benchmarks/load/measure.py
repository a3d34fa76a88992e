"""Every load in turns, so that a change of the machine's speed hits all alike."""

import asyncio
import json
import random
import socket
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.load.clients import Answers, closed_loop, open_loop
from benchmarks.load.results import (
    CLOSED,
    LARGE_NUMBERS,
    N_BATCH,
    OPEN,
    PROTOCOLS,
    Large,
    Load,
    Overhead,
    Results,
)
from benchmarks.load.servers import ROLLOUT, TRIVIAL, Server, in_process, serve, write_models
from reports.provenance import Made

CLIENTS = (1, 2, 8, N_BATCH)
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
# Below this share of what is offered, queues grow without end, and larger loads tell nothing.
KEEPS_UP = 0.9
_PAUSE = 0.002
_Key = tuple[str, bool, str, float]


@dataclass
class _Runs:
    """All repetitions of one load: name of a field of `Load` or `Overhead` -> values."""

    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    n_failed: int = 0

    def add(self, answers: Answers, **more: float) -> None:
        """Adds a repetition."""
        self.n_failed += answers.n_failed
        numbers = {
            "rate": answers.rate,
            "p50": 1e3 * answers.percentile(50),
            "p99": 1e3 * answers.percentile(99),
            **more,
        }
        for name, value in numbers.items():
            self.values[name].append(value)

    @property
    def fields(self) -> dict[str, Any]:
        """The values as fields."""
        return {name: tuple(values) for name, values in self.values.items()}


class LoadGenerator:
    """Measures servers of this tree.

    Args:
        repeats: Repetitions, of which medians are taken.
        seconds: Seconds of each load.
        workers: Processes of each server.
        tell: Called with a line after each load.
    """

    def __init__(
        self, repeats: int, seconds: float, workers: int, tell: Callable[[str], None]
    ) -> None:
        self._repeats = repeats
        self._seconds = seconds
        self._workers = workers
        self._tell = tell
        self._loads: dict[_Key, _Runs] = defaultdict(_Runs)
        self._overheads: dict[tuple[str, int], _Runs] = defaultdict(_Runs)
        self._large: dict[str, list[float]] = defaultdict(list)

    def measure(self) -> Results:
        """Starts the servers and returns all results."""
        flags = [f"--workers={self._workers}"] if self._workers > 1 else []
        with tempfile.TemporaryDirectory() as folder:
            write_models(Path(folder))
            run = in_process(Path(folder))
            with (
                serve(Path(folder), *flags) as batching,
                serve(Path(folder), *flags, "--enable_batching=false") as alone,
            ):
                for repeat in range(self._repeats):
                    for server in (batching, alone):
                        for protocol in PROTOCOLS:
                            self._rollouts(server, protocol, run, server is batching, repeat)
                    for protocol in PROTOCOLS:
                        self._trivial(batching, protocol)
                    self._large_request(batching)
        return self._results()

    def _rollouts(
        self, server: Server, protocol: str, run: Callable, is_batching: bool, repeat: int
    ) -> None:
        """Measures all loads of one protocol beside the run in process."""
        batch = _median_seconds(lambda: run(N_BATCH), self._seconds / 2)
        single = _median_seconds(lambda: run(1), self._seconds / 2)
        limit = {"limit": N_BATCH / batch, "batch": 1e3 * batch, "single": 1e3 * single}

        async def in_turn() -> None:
            async with server.caller(protocol, ROLLOUT) as call:
                await call()
                for n_clients in CLIENTS:
                    answers = await closed_loop(call, n_clients, self._seconds)
                    add(CLOSED, n_clients, answers)
                for share in SHARES:
                    rate = share * N_BATCH / batch
                    answers = await open_loop(call, rate, self._seconds, seed=repeat)
                    add(OPEN, share, answers)
                    if answers.rate < KEEPS_UP * rate:
                        break

        def add(kind: str, offered: float, answers: Answers) -> None:
            self._loads[protocol, is_batching, kind, offered].add(answers, **limit)
            self._tell(
                f"{protocol}, {'batching' if is_batching else 'alone'}, {kind} {offered}:"
                f" {answers.rate:.3g} states/s of {limit['limit']:.3g}"
            )

        asyncio.run(in_turn())

    def _trivial(self, server: Server, protocol: str) -> None:
        async def in_turn() -> None:
            async with server.caller(protocol, TRIVIAL) as call:
                for n_clients in (1, N_BATCH):
                    await closed_loop(call, n_clients, 0.5)
                    before = server.processor_seconds()
                    started = time.perf_counter()
                    n_before = call.n_sent
                    answers = await closed_loop(call, n_clients, self._seconds)
                    n_sent = call.n_sent - n_before
                    processor = 1e3 * (server.processor_seconds() - before) / n_sent
                    self._overheads[protocol, n_clients].add(answers, processor=processor)
                    self._tell(
                        f"{protocol}, three numbers, {n_clients} clients: {answers.rate:.0f} /s,"
                        f" {processor:.3f} ms of the processor,"
                        f" {time.perf_counter() - started:.1f} s"
                    )

        asyncio.run(in_turn())

    def _large_request(self, server: Server) -> None:
        source = random.Random(0)
        numbers = ",".join(f"{source.gauss(0, 1):.7g}" for _ in range(LARGE_NUMBERS))
        request = _request(f'{{"instances": [{numbers}]}}'.encode())
        port = server.ports["REST"]
        with _waits(port) as waits, socket.create_connection(("127.0.0.1", port)) as connection:
            _ask(connection, request)
            waits.clear()
            started = time.perf_counter()
            _ask(connection, request)
            seconds = time.perf_counter() - started
            # The last small request may have begun while the large one was answered.
            time.sleep(0.1)
            wait = max(waits)
            waits.clear()
            time.sleep(seconds)
            usual = max(waits)
        for name, value in {"seconds": seconds, "wait": wait, "usual_wait": usual}.items():
            self._large[name].append(value if name == "seconds" else 1e3 * value)
        self._tell(f"{LARGE_NUMBERS} numbers: {seconds:.3f} s, others wait {1e3 * wait:.0f} ms")

    def _results(self) -> Results:
        loads = [
            Load(*key, **runs.fields, n_failed=runs.n_failed) for key, runs in self._loads.items()
        ]
        overheads = [Overhead(*key, **runs.fields) for key, runs in self._overheads.items()]
        return Results(
            made=Made.now(),
            repeats=self._repeats,
            seconds=self._seconds,
            workers=self._workers,
            loads=tuple(loads),
            overheads=tuple(overheads),
            large=Large(**{name: tuple(values) for name, values in self._large.items()}),
        )


def _median_seconds(work: Callable[[], Any], seconds: float) -> float:
    """Returns the median time of some work, done again and again for so long."""
    work()
    times: list[float] = []
    while sum(times) < seconds or len(times) < 3:
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


@contextmanager
def _waits(port: int) -> Iterator[list[float]]:
    """Yields the seconds that small requests take, one after the other, as they come."""
    waits: list[float] = []
    stop = threading.Event()

    def ask_on() -> None:
        request = _request(b'{"instances": [1.0, 2.0, 5.0]}')
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not stop.wait(_PAUSE):
                started = time.perf_counter()
                _ask(connection, request)
                waits.append(time.perf_counter() - started)

    thread = threading.Thread(target=ask_on)
    thread.start()
    try:
        yield waits
    finally:
        stop.set()
        thread.join()


def _request(body: bytes) -> bytes:
    head = f"POST /v1/models/{TRIVIAL}:predict HTTP/1.1\r\nHost: localhost\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _ask(connection: socket.socket, request: bytes) -> None:
    """Sends a request and reads its answer to the end."""
    connection.sendall(request)
    received = bytearray()
    while b"\r\n\r\n" not in received:
        received += connection.recv(2**16)
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise OSError(json.loads(body)["error"])
    left = int(head.lower().split(b"content-length:")[1].split(b"\r")[0]) - len(body)
    while left > 0:
        left -= len(connection.recv(2**20))
