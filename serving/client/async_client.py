"""The client for asyncio: the same calls, awaited."""

import asyncio
from collections.abc import AsyncIterator, Collection
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from serving.client import calls, dynamics_calls, sampled_calls
from serving.client.answers import Metadata, Observables, StreamState, Trajectory, VersionStatus
from serving.client.arguments import checked_count
from serving.client.calls import Call, Request
from serving.client.connection import Connection
from serving.client.deadline import Deadline
from serving.client.errors import ServingError
from serving.client.retries import Attempts
from serving.client.sampled import GroundState, OpenSystem, Samples
from serving.client.states import checked_n_steps
from serving.client.waiting import Waiting
from serving.status import Code

Result = TypeVar("Result")


class AsyncClient(Connection):
    """`Client` for asyncio: its calls are awaited, and many may be under way at once.

    Arguments and errors of calls are those of `Client`. Requests are sent by threads of the
    client's own; between attempts no thread waits. A task that is cancelled stops at once, and
    nothing is asked again; a request that is under way then ends by its deadline.

    Args:
        address: As of `Client`. With gRPC the first client imports TensorFlow, for seconds in
            which the event loop stands still.
        max_concurrent: Largest number of requests under way; others wait, within their timeout.
        **options: As of `Client`.

    Raises:
        ValueError: An argument is not allowed.
        FileNotFoundError: A certificate does not exist.

    Example:
        >>> client = AsyncClient("http://127.0.0.1:8501", model="ising", max_concurrent=8)
        >>> asyncio.run(client.close())
    """

    def __init__(self, address: str, *, max_concurrent: int = 32, **options: Any) -> None:
        n_threads = checked_count("max_concurrent", max_concurrent)
        super().__init__(address, **options)
        self._threads = ThreadPoolExecutor(n_threads, "serving-client")

    async def rollout(self, psi0: ArrayLike, n_steps: int) -> Trajectory:
        """Returns the predicted states at steps 0 to `n_steps`."""
        return await self._run(dynamics_calls.rollout(self._target, psi0, n_steps))

    async def observables(self, psi0: ArrayLike, n_steps: int) -> Observables:
        """Returns norm, magnetisations and, if it has one, energy of the predicted states."""
        return await self._run(dynamics_calls.observables(self._target, psi0, n_steps))

    async def start(self, psi0: ArrayLike) -> StreamState:
        """Returns the state from which `step` goes on, bound to the version served now."""
        return await self._run(dynamics_calls.start(self._target, psi0))

    async def step(self, state: StreamState) -> StreamState:
        """Returns the state one time step later."""
        return await self._run(dynamics_calls.step(self._target, state))

    async def stream(
        self, psi0: ArrayLike, n_steps: int | None = None
    ) -> AsyncIterator[np.ndarray]:
        """Yields the states of `rollout`, computed one at a time.

        Arguments are checked when the first state is asked for.
        """
        n_steps = None if n_steps is None else checked_n_steps(n_steps)
        state = await self.start(psi0)
        yield state.psi
        taken = 0
        while n_steps is None or taken < n_steps:
            state = await self.step(state)
            taken += 1
            yield state.psi

    async def ground_state(self, n_samples: int = 1024, *, seed: int = 0) -> GroundState:
        """Returns energy and magnetisations of a served wave function, with error bars."""
        return await self._run(sampled_calls.ground_state(self._target, n_samples, seed))

    async def open_system(self, n_samples: int = 1024, *, seed: int = 0) -> OpenSystem:
        """Returns <X>, <Y>, <Z> and correlators of a served open system, with error bars."""
        return await self._run(sampled_calls.open_system(self._target, n_samples, seed))

    async def sample(self, n_samples: int, *, seed: int = 0) -> Samples:
        """Returns samples of a served wave function or open system."""
        return await self._run(sampled_calls.sample(self._target, n_samples, seed))

    async def log_psi(self, bits: ArrayLike) -> np.ndarray:
        """Returns the logarithms of a served wave function, complex128 (n,)."""
        return await self._run(sampled_calls.log_psi(self._target, bits))

    async def log_prob(self, outcomes: ArrayLike) -> np.ndarray:
        """Returns the logarithms of the probabilities of a served open system, float64 (n,)."""
        return await self._run(sampled_calls.log_prob(self._target, outcomes))

    async def status(self) -> list[VersionStatus]:
        """Returns the state of every version of the model, or of the chosen version."""
        return await self._run(calls.status(self._target.model))

    async def metadata(self) -> Metadata:
        """Returns which version answers now, and its signatures."""
        return await self._run(calls.metadata(self._target.model))

    async def wait_until_ready(self, timeout: float = 60.0) -> int:  # noqa: ASYNC109
        """Waits until the model answers and returns the version that does."""
        with Waiting(self._target.model, timeout) as waiting:
            return await self._run(waiting.call(), waiting.deadline, waiting.awaited)

    async def close(self) -> None:
        """Closes all connections; the client cannot be used any more."""
        self._is_closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._transport.close()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _run(
        self,
        call: Call[Result],
        deadline: Deadline | None = None,
        awaited: Collection[Code] = (),
    ) -> Result:
        """Sends the requests of a call one after another, all until one deadline."""
        deadline = deadline or self._deadline()
        answer: Any = None
        while True:
            try:
                request = call.send(answer)
            except StopIteration as end:
                return end.value
            self._check_open()
            answer = await self._send(request, Attempts(self._retry, deadline, awaited))

    async def _send(self, request: Request, attempts: Attempts) -> Any:
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await loop.run_in_executor(
                    self._threads, request, self._transport, attempts.deadline
                )
            except ServingError as error:
                await asyncio.sleep(attempts.pause_after(error))
                attempts.check_time(error)
