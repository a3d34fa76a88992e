"""Starts processes that listen on the same ports, and starts those anew that die.

The system hands each new connection to one of them (SO_REUSEPORT). This process itself answers
nothing: it keeps the ports, so that nobody else takes them while a worker is started anew, hands
SIGTERM on to all, and ends when all have ended.
"""

import ctypes
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from absl import logging

from serving.configuration.options import ServerOptions, WorkerOptions
from serving.endpoints.listening import bound_socket

# Whoever died so soon after its start is started anew only after a while.
_SOON, _PAUSE = 5.0, 1.0
_SET_SIGNAL_OF_PARENT_DEATH = 1
_Announce = Callable[[int, int | None], None]


class Supervisor:
    """Keeps a number of workers alive until a signal ends all.

    Args:
        options: Options of the server; port 0 is any free one, the same for all workers.
        n_workers: Number of workers.
        serve: Serves in this process, and calls its second argument once it answers.
        announce: Called with the gRPC and the REST port once all workers answer.

    Raises:
        OSError: A port is taken.
    """

    def __init__(
        self,
        options: ServerOptions,
        n_workers: int,
        serve: Callable[[ServerOptions, _Announce], None],
        announce: _Announce,
    ) -> None:
        self._n_workers = n_workers
        self._serve = serve
        self._announce = announce
        ports = [port for port in (options.port, options.rest_port) if port >= 0]
        # Not shared at first: another server on these ports would share them unnoticed.
        for port in filter(None, ports):
            bound_socket(options.host, port).close()
        self._kept = [bound_socket(options.host, port, is_shared=True) for port in ports]
        numbers = [kept.getsockname()[1] for kept in self._kept]
        self._options = replace(
            options, port=numbers[0], rest_port=numbers[1] if len(numbers) > 1 else -1
        )
        self._workers: dict[int, tuple[int, float]] = {}
        self._is_stopping = False

    def run(self) -> None:
        """Serves until SIGTERM or SIGINT; in a worker, returns or fails as `serve` does."""
        folder = Path(tempfile.mkdtemp(prefix="qtf-serve-"))
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, self._stop)
        code = self._start_all(folder)
        while self._workers:
            pid, status = os.wait()
            number, started = self._workers.pop(pid)
            if self._is_stopping:
                continue
            logging.error(
                "Worker %d ended with code %d.", number, os.waitstatus_to_exitcode(status)
            )
            if time.monotonic() - started < _SOON:
                time.sleep(_PAUSE)
            self._start(number, folder)
        shutil.rmtree(folder, ignore_errors=True)
        if code:
            sys.exit(code)

    def _start_all(self, folder: Path) -> int:
        """Starts the first worker, then all others; returns the code of one that cannot start."""
        # What is wrong with models or files is told once.
        for numbers in ([0], range(1, self._n_workers)):
            for pid, ready in [self._start(number, folder) for number in numbers]:
                is_ready = os.read(ready, 1)
                os.close(ready)
                if is_ready or self._is_stopping:
                    continue
                self._stop()
                self._workers.pop(pid)
                return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) or 1
        if not self._is_stopping:
            self._announce(
                self._options.port,
                self._options.rest_port if self._options.rest_port >= 0 else None,
            )
        return 0

    def _start(self, number: int, folder: Path) -> tuple[int, int]:
        """Starts a worker; returns its process and where it says that it answers."""
        ready, told = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(ready)
            self._work(number, folder, told)
        os.close(told)
        self._workers[pid] = number, time.monotonic()
        if self._is_stopping:
            os.kill(pid, signal.SIGTERM)
        return pid, ready

    def _work(self, number: int, folder: Path, told: int) -> None:
        """Serves in a process of its own, which ends with it."""
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, signal.SIG_DFL)
        if sys.platform == "linux":
            # Nobody would end it when this process is killed.
            ctypes.CDLL(None).prctl(_SET_SIGNAL_OF_PARENT_DEATH, signal.SIGTERM)
        worker = WorkerOptions(number, self._n_workers, folder)
        socket = self._options.grpc_socket if number == 0 else None
        self._serve(
            replace(self._options, worker=worker, grpc_socket=socket),
            lambda *_: os.close(told) if not os.write(told, b"1") else None,
        )
        os._exit(0)

    def _stop(self, *_: object) -> None:
        self._is_stopping = True
        for pid in self._workers:
            os.kill(pid, signal.SIGTERM)
