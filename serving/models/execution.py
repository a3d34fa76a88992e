"""Runs requests on a loaded version in threads, each until its own deadline."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Protocol

import numpy as np

from serving.metrics import Metrics, microseconds
from serving.models.loaded_version import LoadedVersion
from serving.protocol.signature import Signature
from serving.status import deadline_exceeded


class Execution(Protocol):
    """The way from a request to its outputs: directly, or together with others."""

    async def run(
        self,
        signature: Signature,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        deadline: float,
    ) -> dict[str, np.ndarray]:
        """Computes `outputs`; `deadline` is a time of `time.monotonic`.

        Raises:
            StatusError: The inputs are refused, time ran out, or there is no room.
        """
        ...


class DirectExecution:
    """One run of the session for each request.

    Args:
        version: The version that runs.
        executor: Threads; requests wait for a free one.
        metrics: Metrics that record run times.
    """

    def __init__(self, version: LoadedVersion, executor: Executor, metrics: Metrics) -> None:
        self._version = version
        self._executor = executor
        self._metrics = metrics

    async def run(
        self,
        signature: Signature,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        deadline: float,
    ) -> dict[str, np.ndarray]:
        """Computes `outputs` of one request, see `Execution.run`."""
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(
            self._executor, self._run, signature.name, inputs, outputs, deadline
        )
        try:
            async with asyncio.timeout_at(deadline):
                return await running
        except TimeoutError:
            raise deadline_exceeded() from None

    def _run(
        self,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        deadline: float,
    ) -> dict[str, np.ndarray]:
        started = time.monotonic()
        if started >= deadline:
            raise deadline_exceeded()
        values = self._version.run(signature, inputs, outputs, timeout=deadline - started)
        elapsed = microseconds(time.monotonic() - started)
        self._metrics.runtime_latency.observe(self._version.name, "Predict", "TF1", value=elapsed)
        return values
