"""What both endpoints share: models, limits, counting and timing of requests."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from serving.metrics import Metrics, microseconds
from serving.models.repository import ModelRepository
from serving.status import Code, StatusError


@dataclass(frozen=True)
class Limits:
    """What a single client may ask for.

    Attributes:
        max_request_bytes: Size of a request.
        max_concurrent_requests: Predictions in flight; more are refused.
        grpc_seconds: Time for a gRPC request, also when the client would wait longer.
        rest_seconds: Time for a REST request.
    """

    max_request_bytes: int = 2**26
    max_concurrent_requests: int = 1024
    grpc_seconds: float = 300.0
    rest_seconds: float = 30.0


class Service:
    """The served models with what every request passes.

    Args:
        models: All models.
        metrics: Where requests are counted.
        limits: What a client may ask for.
    """

    def __init__(self, models: ModelRepository, metrics: Metrics, limits: Limits) -> None:
        self.models = models
        self.metrics = metrics
        self.limits = limits
        self._n_in_flight = 0

    @contextmanager
    def request(self, api: str, entrypoint: str) -> Iterator["RequestRecord"]:
        """Counts and times a request; yields where its model's name is to be noted.

        Raises:
            StatusError: UNAVAILABLE, too many requests are in flight.
        """
        record = RequestRecord()
        started = time.monotonic()
        status = Code.INTERNAL
        try:
            with self._room():
                yield record
            status = Code.OK
        except StatusError as error:
            status = error.code
            raise
        except asyncio.CancelledError:
            status = Code.CANCELLED
            raise
        finally:
            self.metrics.request_count.add(record.model_name, status.name)
        elapsed = microseconds(time.monotonic() - started)
        self.metrics.request_latency.observe(record.model_name, api, entrypoint, value=elapsed)

    @contextmanager
    def _room(self) -> Iterator[None]:
        if self._n_in_flight >= self.limits.max_concurrent_requests:
            raise StatusError(
                Code.UNAVAILABLE,
                f"The server answers {self.limits.max_concurrent_requests} requests at once; "
                "try again later.",
            )
        self._n_in_flight += 1
        try:
            yield
        finally:
            self._n_in_flight -= 1


@dataclass
class RequestRecord:
    """What is known of a request while it is answered.

    Attributes:
        model_name: The served model, empty as long as none was found, so that invented
            names cannot fill the metrics.
    """

    model_name: str = ""
