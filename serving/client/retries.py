"""What is asked again, and when: one policy for all calls of a client."""

import random
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from serving.client.arguments import checked_count, checked_positive
from serving.client.calls import Request
from serving.client.deadline import Deadline
from serving.client.errors import ServingError
from serving.client.transport import Transport
from serving.status import Code


@dataclass(frozen=True)
class RetryPolicy:
    """How often a client asks again, and how long it waits before.

    Only what may succeed a moment later is asked again, an overloaded or absent server, and only
    if the next attempt would begin before the call's deadline. Delays double, each shortened by a
    random part of up to a half, so that clients that failed together do not come back together.

    Attributes:
        first_delay: Seconds before the second attempt, at most.
        longest_delay: Seconds before any other, at most.
        max_attempts: Largest number of attempts of one request; None: what the deadline allows.

    Raises:
        ValueError: A delay is not positive, or a number no positive integer.

    Example:
        >>> RetryPolicy(max_attempts=1).first_delay
        0.1
    """

    first_delay: float = 0.1
    longest_delay: float = 3.0
    max_attempts: int | None = None

    def __post_init__(self) -> None:
        checked_positive("first_delay", self.first_delay)
        checked_positive("longest_delay", self.longest_delay)
        if self.max_attempts is not None:
            checked_count("max_attempts", self.max_attempts)


class Attempts:
    """The attempts of one request.

    Args:
        policy: How often, and when.
        deadline: When the call must have ended.
        awaited: Codes that are asked again as well, because somebody waits for their end.
    """

    def __init__(
        self, policy: RetryPolicy, deadline: Deadline, awaited: Collection[Code] = ()
    ) -> None:
        self.deadline = deadline
        self._policy = policy
        self._awaited = awaited
        self._longest = policy.first_delay
        self._n_failed = 0

    def pause_after(self, error: ServingError) -> float:
        """Returns the seconds until the next attempt.

        Raises:
            ServingError: There is no further attempt: this error, with their number.
        """
        self._n_failed += 1
        delay = random.uniform(self._longest / 2, self._longest)
        self._longest = min(2 * self._longest, self._policy.longest_delay)
        is_last = self._n_failed == self._policy.max_attempts
        may_end = error.is_transient or error.code in self._awaited
        if may_end and not is_last and delay < self.deadline.remaining():
            return delay
        raise self._end(error)

    def check_time(self, error: ServingError) -> None:
        """Ends the attempts where the pause after an error was longer than it should have been.

        Raises:
            ServingError: The deadline has passed: this error, which says more than that.
        """
        if self.deadline.remaining() <= 0.0:
            raise self._end(error)

    def _end(self, error: ServingError) -> ServingError:
        """Returns an error that tells the number of attempts, if there were several."""
        if self._n_failed == 1:
            return error
        message = f"{error.message} ({self._n_failed} attempts)"
        told = ServingError(error.code, message, is_transient=error.is_transient)
        told.__cause__ = error
        return told


def with_retries(request: Request, transport: Transport, attempts: Attempts) -> Any:
    """Returns the answer of a request, each of whose attempts has the call's deadline.

    Raises:
        ServingError: A lasting error at once, others after the last attempt.
    """
    while True:
        try:
            return request(transport, attempts.deadline)
        except ServingError as error:
            time.sleep(attempts.pause_after(error))
            attempts.check_time(error)
