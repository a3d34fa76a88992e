"""Runs requests on a loaded version: in threads, each until its own deadline, or at once.

To hand a request to a thread and its answer back takes longer than a short run. A run is simple
where the graph has no loop and no sizes that a request chooses, and the inputs are small; it is
short where the last one of its kind took little time of the processor, too. A simple run is made
in one thread, although nothing could stop it there; a short one in that of the event loop.
"""

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

_MOST_BYTES_OF_SIMPLE = 2**12
_SECONDS_OF_SHORT = 1e-3
_MOST_KINDS = 100


class Execution(Protocol):
    """The way from a request to its outputs: directly, or together with others."""

    def run_at_once(
        self,
        signature: Signature,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        deadline: float,
    ) -> dict[str, np.ndarray] | None:
        """Computes `outputs` if that is known to be short; returns None if it is not.

        Raises:
            StatusError: As `run`.
        """
        ...

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
        # Signature and outputs -> whether their last simple run was short.
        self._was_short: dict[tuple[str, tuple[str, ...]], bool] = {}

    def run_at_once(
        self,
        signature: Signature,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        deadline: float,
    ) -> dict[str, np.ndarray] | None:
        """Computes `outputs` if that is known to be short, see `Execution.run_at_once`."""
        is_known = self._was_short.get((signature.name, tuple(outputs)), False)
        if not is_known or not self._is_simple(signature.name, inputs, outputs):
            return None
        return self._run_simple(signature.name, inputs, outputs, deadline)

    async def run(
        self,
        signature: Signature,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        deadline: float,
    ) -> dict[str, np.ndarray]:
        """Computes `outputs` of one request, see `Execution.run`."""
        values = self.run_at_once(signature, inputs, outputs, deadline)
        if values is not None:
            return values
        is_simple = self._is_simple(signature.name, inputs, outputs)
        run = self._run_simple if is_simple else self._run
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(
            self._executor, run, signature.name, inputs, outputs, deadline
        )
        try:
            async with asyncio.timeout_at(deadline):
                return await running
        except TimeoutError:
            raise deadline_exceeded() from None

    def _is_simple(
        self, signature: str, inputs: Mapping[str, np.ndarray], outputs: Sequence[str]
    ) -> bool:
        n_bytes = sum([array.nbytes for array in inputs.values()])
        return n_bytes <= _MOST_BYTES_OF_SIMPLE and self._version.is_bounded(signature, outputs)

    def _run_simple(
        self,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        deadline: float,
    ) -> dict[str, np.ndarray]:
        started = time.thread_time()
        values = self._run(signature, inputs, outputs, deadline, in_caller=True)
        kind = signature, tuple(outputs)
        # Clients choose outputs.
        if kind in self._was_short or len(self._was_short) < _MOST_KINDS:
            self._was_short[kind] = time.thread_time() - started < _SECONDS_OF_SHORT
        return values

    def _run(
        self,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        deadline: float,
        *,
        in_caller: bool = False,
    ) -> dict[str, np.ndarray]:
        started = time.monotonic()
        if started >= deadline:
            raise deadline_exceeded()
        values = self._version.run(
            signature, inputs, outputs, timeout=deadline - started, in_caller=in_caller
        )
        elapsed = microseconds(time.monotonic() - started)
        self._metrics.runtime_latency.observe(self._version.name, "Predict", "TF1", value=elapsed)
        return values
