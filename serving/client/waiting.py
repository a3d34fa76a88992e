"""Waiting for a model that is not served yet."""

from types import TracebackType
from typing import Any, Self

from serving.client.answers import metadata_from
from serving.client.arguments import checked_positive
from serving.client.calls import Call
from serving.client.deadline import Deadline
from serving.client.errors import ServingError
from serving.client.transport import ModelName, Transport
from serving.status import Code

# What a model that is not served yet may answer.
_NOT_YET = {
    Code.NOT_FOUND,
    Code.UNAVAILABLE,
    Code.RESOURCE_EXHAUSTED,
    Code.DEADLINE_EXCEEDED,
    Code.FAILED_PRECONDITION,
}
# A server that hangs is asked again.
_SHORTEST_ATTEMPT, _LONGEST_ATTEMPT = 0.2, 2.0


class Waiting:
    """One wait; as a context it says in its error how long it was.

    Attributes:
        deadline: When it ends.
        awaited: Codes whose end it waits for.

    Args:
        model: The model.
        timeout: Seconds to wait at most.

    Raises:
        ValueError: `timeout` is not positive.
    """

    def __init__(self, model: ModelName, timeout: float) -> None:
        self._model = model
        self._timeout = checked_positive("timeout", timeout)
        self.deadline = Deadline(self._timeout)
        # An unknown label is an invalid argument until the server has learned it.
        self.awaited = _NOT_YET | ({Code.INVALID_ARGUMENT} if model.label else set())

    def call(self) -> Call[int]:
        """Asks which version answers."""

        def ask(transport: Transport, until: Deadline) -> dict[str, Any]:
            seconds = min(max(until.remaining(), _SHORTEST_ATTEMPT), _LONGEST_ATTEMPT)
            return transport.metadata(self._model, Deadline(seconds))

        return metadata_from((yield ask)).version

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, ServingError) and error.code in self.awaited:
            text = f"Not ready after {self._timeout:g} s: {error.message}"
            raise ServingError(error.code, text) from error
