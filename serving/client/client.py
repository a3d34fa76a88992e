"""The client itself: complex states in, complex trajectories out."""

from collections.abc import Collection, Iterator
from types import TracebackType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from serving.client import calls, dynamics_calls, sampled_calls
from serving.client.answers import Metadata, Observables, StreamState, Trajectory, VersionStatus
from serving.client.calls import Call
from serving.client.connection import Connection
from serving.client.deadline import Deadline
from serving.client.retries import Attempts, with_retries
from serving.client.sampled import GroundState, OpenSystem, Samples
from serving.client.states import checked_n_steps
from serving.client.waiting import Waiting
from serving.status import Code

Result = TypeVar("Result")


class Client(Connection):
    """A client of one model on one server; safe to use from many threads.

    Requests that meet an overloaded or absent server are repeated until the deadline, as `retry`
    says; all other errors are raised at once. A prediction changes nothing on the server, so
    repeating it is harmless.

    Arguments of calls: `psi0` is a normalised state (2**n,) or states (batch, 2**n), real or
    complex; `n_steps` a number of steps; `n_samples` a number of samples, at least 2; `seed` says
    which samples, from 0 to 2**31 - 1, the same seed the same ones.

    Every call raises a `ValueError` for an argument that cannot be sent, and a `ServingError` when
    the server refused the request, could not be reached in time, or does not serve such a model.

    Args:
        address: `host:port` for gRPC, `http://host:port` for REST; `grpcs://` or
            `https://` for TLS. gRPC is faster, but imports TensorFlow (seconds); REST
            needs NumPy only.
        model: Name that the model is served under.
        version: Number of a version; None for the newest.
        label: Label of a version, instead of `version`.
        timeout: Seconds for a call, repetitions included.
        max_batch: Longer batches are sent in pieces of so many states or samples, one after
            another, all to one version; None sends states whole, and samples by 1024.
        retry: What is asked again, and when.
        certificate: PEM file of the authority that signed the server's certificate; None
            trusts those of the machine. With it, `host:port` means TLS.
        client_certificate: PEM files (certificate, private key) for a server that asks
            who we are.
        token: Token for a server that asks for one.

    Raises:
        ValueError: An argument is not allowed.
        FileNotFoundError: A certificate does not exist.

    Example:
        >>> client = Client("http://127.0.0.1:8501", model="ising", timeout=5.0)
        >>> client.close()
    """

    def rollout(self, psi0: ArrayLike, n_steps: int) -> Trajectory:
        """Returns the predicted states at steps 0 to `n_steps`."""
        return self._run(dynamics_calls.rollout(self._target, psi0, n_steps))

    def observables(self, psi0: ArrayLike, n_steps: int) -> Observables:
        """Returns norm, magnetisations and, if it has one, energy of the predicted states.

        The answer is small, however large the states.
        """
        return self._run(dynamics_calls.observables(self._target, psi0, n_steps))

    def start(self, psi0: ArrayLike) -> StreamState:
        """Returns the state from which `step` goes on, bound to the version served now."""
        return self._run(dynamics_calls.start(self._target, psi0))

    def step(self, state: StreamState) -> StreamState:
        """Returns the state one time step later.

        Args:
            state: Result of `start` or of the last `step`.

        Raises:
            ServingError: As every call; NOT_FOUND when the version that began is no longer
                served.
        """
        return self._run(dynamics_calls.step(self._target, state))

    def stream(self, psi0: ArrayLike, n_steps: int | None = None) -> Iterator[np.ndarray]:
        """Returns an iterator over the states of `rollout`, computed one at a time.

        The network's memory travels with each request, so no step is computed twice. Each
        step has the whole timeout.

        Args:
            psi0: As of every call.
            n_steps: Number of steps after the initial state; None goes on without end.
        """
        n_steps = None if n_steps is None else checked_n_steps(n_steps)
        return self._stream(self.start(psi0), n_steps)

    def ground_state(self, n_samples: int = 1024, *, seed: int = 0) -> GroundState:
        """Returns energy and magnetisations of a served wave function, with error bars."""
        return self._run(sampled_calls.ground_state(self._target, n_samples, seed))

    def open_system(self, n_samples: int = 1024, *, seed: int = 0) -> OpenSystem:
        """Returns <X>, <Y>, <Z> and correlators of a served open system, with error bars."""
        return self._run(sampled_calls.open_system(self._target, n_samples, seed))

    def sample(self, n_samples: int, *, seed: int = 0) -> Samples:
        """Returns samples of a served wave function or open system."""
        return self._run(sampled_calls.sample(self._target, n_samples, seed))

    def log_psi(self, bits: ArrayLike) -> np.ndarray:
        """Returns the logarithms of a served wave function, complex128 (n,).

        Args:
            bits: Configurations (n, n_sites), 0 is up.
        """
        return self._run(sampled_calls.log_psi(self._target, bits))

    def log_prob(self, outcomes: ArrayLike) -> np.ndarray:
        """Returns the logarithms of the probabilities of a served open system, float64 (n,).

        Args:
            outcomes: Outcomes (n, n_sites), 0 to 3.
        """
        return self._run(sampled_calls.log_prob(self._target, outcomes))

    def status(self) -> list[VersionStatus]:
        """Returns the state of every version of the model, or of the chosen version."""
        return self._run(calls.status(self._target.model))

    def metadata(self) -> Metadata:
        """Returns which version answers now, and its signatures."""
        return self._run(calls.metadata(self._target.model))

    def wait_until_ready(self, timeout: float = 60.0) -> int:
        """Waits until the model answers and returns the version that does.

        Args:
            timeout: Seconds to wait at most; the client's own timeout does not count.

        Raises:
            ServingError: The last answer, when the model was not ready in time; at once if
                waiting cannot help.
        """
        with Waiting(self._target.model, timeout) as waiting:
            return self._run(waiting.call(), waiting.deadline, waiting.awaited)

    def close(self) -> None:
        """Closes all connections; the client cannot be used any more."""
        self._is_closed = True
        self._transport.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _stream(self, state: StreamState, n_steps: int | None) -> Iterator[np.ndarray]:
        yield state.psi
        taken = 0
        while n_steps is None or taken < n_steps:
            state = self.step(state)
            taken += 1
            yield state.psi

    def _run(
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
            attempts = Attempts(self._retry, deadline, awaited)
            answer = with_retries(request, self._transport, attempts)
