"""What both endpoints share: models, limits, counting and timing of requests."""

import asyncio
import time
from typing import Protocol, Self

from serving.configuration.options import AccessOptions, Limits
from serving.endpoints.access import Tokens
from serving.endpoints.access_log import AccessLog
from serving.metrics import OTHER, Metrics, microseconds
from serving.models.repository import ModelRepository
from serving.status import Code, StatusError


class Peers(Protocol):
    """The other processes of a server."""

    async def metrics(self) -> Metrics:
        """Returns the sum of the metrics of all."""
        ...

    async def reload(self, request: bytes) -> None:
        """Replaces the list of models of the others."""
        ...


class Service:
    """The served models with what every request passes.

    Args:
        models: All models.
        metrics: Metrics that count requests.
        limits: Limits of what a client may ask for.
        access: Who may ask for what.

    Raises:
        OSError: A file that `access` names cannot be read or written to.
        ValueError: The file of tokens is none.
    """

    def __init__(
        self,
        models: ModelRepository,
        metrics: Metrics,
        limits: Limits,
        access: AccessOptions | None = None,
    ) -> None:
        self.models = models
        self.metrics = metrics
        self.limits = limits
        self.access = access or AccessOptions()
        self.tokens = None if self.access.tokens_file is None else Tokens(self.access.tokens_file)
        self.log = None if self.access.log is None else AccessLog(self.access.log)
        # Set where there are several processes.
        self.peers: Peers | None = None
        self._n_in_flight = 0

    async def metrics_text(self) -> str:
        """Returns the metrics of all processes in the Prometheus text format."""
        metrics = self.metrics if self.peers is None else await self.peers.metrics()
        return metrics.text()

    def request(self, api: str, entrypoint: str) -> "RequestRecord":
        """Returns what counts and times a request within `with`.

        Its model's name is to be noted there. Names that nobody serves are counted together:
        clients can think of any number of them.
        """
        return RequestRecord(self, api, entrypoint)

    def enter(self) -> None:
        """Lets a request in.

        Raises:
            StatusError: UNAVAILABLE, too many requests are in flight.
        """
        if self._n_in_flight >= self.limits.max_concurrent_requests:
            raise StatusError(
                Code.UNAVAILABLE,
                f"The server answers {self.limits.max_concurrent_requests} requests at once; "
                "try again later.",
            )
        self._n_in_flight += 1

    def leave(self) -> None:
        """Makes room for another."""
        self._n_in_flight -= 1


class RequestRecord:
    """What is known of a request while it is answered.

    Attributes:
        model_name: The model that was asked for, empty as long as it is not known.

    Args:
        service: Where it is counted.
        api: Name of the method.
        entrypoint: "REST" or "GRPC".
    """

    def __init__(self, service: Service, api: str, entrypoint: str) -> None:
        self.model_name = ""
        self._service = service
        self._labels = api, entrypoint
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        """Lets the request in.

        Raises:
            StatusError: UNAVAILABLE, too many requests are in flight.
        """
        try:
            self._service.enter()
        except StatusError as error:
            self._count(error.code)
            raise
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Counts the request, and times it where it was answered."""
        self._service.leave()
        if error is None:
            self._count(Code.OK)
            elapsed = microseconds(time.monotonic() - self._started)
            latency = self._service.metrics.request_latency
            latency.observe(self.model_name, *self._labels, value=elapsed)
        elif isinstance(error, StatusError):
            self._count(error.code)
        else:
            is_cancelled = isinstance(error, asyncio.CancelledError)
            self._count(Code.CANCELLED if is_cancelled else Code.INTERNAL)

    def _count(self, code: Code) -> None:
        name = self.model_name if self._service.models.knows(self.model_name) else OTHER
        self._service.metrics.request_count.add(name, code.name)
