"""What both endpoints share: models, limits, counting and timing of requests."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from serving.configuration.options import AccessOptions, Limits
from serving.endpoints.access import Tokens
from serving.endpoints.access_log import AccessLog
from serving.metrics import OTHER, Metrics, microseconds
from serving.models.repository import ModelRepository
from serving.status import Code, StatusError


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
        self._n_in_flight = 0

    @contextmanager
    def request(self, api: str, entrypoint: str) -> Iterator["RequestRecord"]:
        """Counts and times a request; yields where its model's name is to be noted.

        Names that nobody serves are counted together: clients can think of any number of them.

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
            name = record.model_name if self.models.knows(record.model_name) else OTHER
            self.metrics.request_count.add(name, status.name)
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
        model_name: The model that was asked for, empty as long as it is not known.
    """

    model_name: str = ""
