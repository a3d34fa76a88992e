"""What the workers of one server tell one another: their metrics, and new lists of models.

Each listens on a socket in a folder of theirs. It also writes its metrics there every second, so
that the one that is started in its place goes on counting from there.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from absl import logging

from qtf.files import write_atomically
from serving.configuration.options import WorkerOptions
from serving.metrics import Metrics
from serving.status import Code, StatusError

_METRICS, _RELOAD = b"m", b"r"
_SNAPSHOT_SECONDS = 1.0
_METRICS_SECONDS, _RELOAD_SECONDS = 2.0, 600.0


class Peers:
    """The other workers.

    Args:
        options: Which worker this one is.
        metrics: Its metrics.
        reload: Replaces its list of models by a serialized `ReloadConfigRequest`.
    """

    def __init__(
        self, options: WorkerOptions, metrics: Metrics, reload: Callable[[bytes], Awaitable[None]]
    ) -> None:
        self._options = options
        self._metrics = metrics
        self._reload = reload
        self._others = [k for k in range(options.n_workers) if k != options.number]
        self._server: asyncio.Server | None = None
        self._writing: asyncio.Task | None = None

    async def start(self) -> None:
        """Goes on where the worker before this one ended, and listens to the others."""
        self._metrics.add(self._snapshot(self._options.number))
        if self._list_of_models.exists():
            try:
                await self._reload(self._list_of_models.read_bytes())
            except StatusError as error:
                # As for the first list of a server: loading is tried again.
                logging.error("%s", error.message)
        path = self._path(self._options.number, "socket")
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._answer, str(path))
        self._writing = asyncio.create_task(self._write_snapshots())

    async def stop(self) -> None:
        """Listens no more, and leaves the last metrics for the others."""
        if self._writing is not None and self._server is not None:
            self._writing.cancel()
            self._server.close()
            self._write_snapshot()

    async def metrics(self) -> Metrics:
        """Returns the sum of the metrics of all workers."""
        total = Metrics()
        total.add(self._metrics.values())
        answers = await asyncio.gather(
            *(self._ask(k, _METRICS, _METRICS_SECONDS) for k in self._others)
        )
        for number, answer in zip(self._others, answers, strict=True):
            total.add(self._snapshot(number) if answer is None else answer)
        return total

    async def reload(self, request: bytes) -> None:
        """Replaces the list of models of the other workers, and of those that are started later.

        Raises:
            StatusError: One of them refused it.
        """
        write_atomically(self._list_of_models, request)
        answers = await asyncio.gather(
            *(self._ask(k, _RELOAD + request, _RELOAD_SECONDS) for k in self._others)
        )
        for answer in filter(None, answers):
            raise StatusError(Code(answer["code"]), answer["message"])

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.read()
            answer: dict[str, Any] = {}
            if request.startswith(_METRICS):
                answer = self._metrics.values()
            else:
                try:
                    await self._reload(request[1:])
                except StatusError as error:
                    answer = {"code": int(error.code), "message": error.message}
            writer.write(json.dumps(answer).encode())
            await writer.drain()
        except OSError:
            logging.error("Worker %d could not be answered.", self._options.number)
        finally:
            writer.close()

    async def _ask(self, number: int, request: bytes, seconds: float) -> dict[str, Any] | None:
        """Returns the answer of another worker; None where there is none."""
        try:
            async with asyncio.timeout(seconds):
                path = str(self._path(number, "socket"))
                reader, writer = await asyncio.open_unix_connection(path)
                writer.write(request)
                writer.write_eof()
                answer = await reader.read()
                writer.close()
            return json.loads(answer)
        except (OSError, TimeoutError, ValueError):
            # It is being started, and then reads what the others know.
            return None

    async def _write_snapshots(self) -> None:
        while True:
            await asyncio.sleep(_SNAPSHOT_SECONDS)
            self._write_snapshot()

    def _write_snapshot(self) -> None:
        text = json.dumps(self._metrics.values())
        write_atomically(self._path(self._options.number, "json"), text)

    def _snapshot(self, number: int) -> dict[str, Any]:
        try:
            return json.loads(self._path(number, "json").read_text())
        except FileNotFoundError:
            return {}

    @property
    def _list_of_models(self) -> Path:
        return self._options.folder / "models.pb"

    def _path(self, number: int, suffix: str) -> Path:
        return self._options.folder / f"worker_{number}.{suffix}"
