"""The standard health service of gRPC.

The service that comes with gRPC keeps a `Watch` open until the server is gone, so that the server
waits for it, and writes a traceback for bytes that are no message.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from grpc_health.v1 import health_pb2

from serving.status import Code, StatusError

SERVICE = "grpc.health.v1.Health"
_State = health_pb2.HealthCheckResponse


class HealthService:
    """Tells whether services answer; every error is a `StatusError`.

    Args:
        names: The services, all in the same state.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._state = _State.NOT_SERVING
        self._is_closing = False
        self._changed = asyncio.Condition()

    @property
    def methods(self) -> dict[str, tuple[type, Callable[..., Any]]]:
        """Method name -> message type of the request and the function that answers."""
        return {"Check": (health_pb2.HealthCheckRequest, self.check)}

    @property
    def streams(self) -> dict[str, tuple[type, Callable[..., Any]]]:
        """The same for methods with many answers."""
        return {"Watch": (health_pb2.HealthCheckRequest, self.watch)}

    async def announce(self, *, ready: bool) -> None:
        """Tells everyone who asks or watches whether the services answer."""
        async with self._changed:
            self._state = _State.SERVING if ready else _State.NOT_SERVING
            self._changed.notify_all()

    async def close(self) -> None:
        """Tells everyone that the services are about to end, and ends what watches them."""
        async with self._changed:
            self._is_closing = True
            self._state = _State.NOT_SERVING
            self._changed.notify_all()

    async def check(self, request: health_pb2.HealthCheckRequest, seconds: float | None) -> bytes:
        """Returns the state of a service."""
        if request.service not in self._names:
            raise StatusError(Code.NOT_FOUND, f"Unknown service: {request.service[:200]}")
        return _State(status=self._state).SerializeToString()

    async def watch(self, request: health_pb2.HealthCheckRequest) -> AsyncIterator[bytes]:
        """Yields the state of a service, and again whenever it changes, until the end."""
        told = None
        while True:
            state = self._state if request.service in self._names else _State.SERVICE_UNKNOWN
            if state != told:
                told = state
                yield _State(status=state).SerializeToString()
            async with self._changed:
                # While the last state was on its way, there may have come another.
                if told not in (self._state, _State.SERVICE_UNKNOWN):
                    continue
                if self._is_closing:
                    raise StatusError(Code.UNAVAILABLE, "The server is shutting down.")
                await self._changed.wait()
