"""One deadline for a whole call, and repeating what may succeed a moment later."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from serving.client.errors import ServingError

Answer = TypeVar("Answer")

FIRST_DELAY = 0.1
LONGEST_DELAY = 3.0


class Deadline:
    """The moment when a call must have ended.

    Args:
        seconds: Time from now.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Returns the seconds that are left, negative when it has passed."""
        return self._end - time.monotonic()


def with_retries(request: Callable[[Deadline], Answer], deadline: Deadline) -> Answer:
    """Returns the answer of `request`, repeated after transient errors until the deadline.

    Delays double from `FIRST_DELAY` to `LONGEST_DELAY`, each shortened by a random part of
    up to a half, so that clients that failed together do not come back together.

    Raises:
        ServingError: A lasting error at once, a transient one when the next attempt would
            start after the deadline.
    """
    attempts, longest = 0, FIRST_DELAY
    while True:
        attempts += 1
        try:
            return request(deadline)
        except ServingError as error:
            delay = random.uniform(longest / 2, longest)
            if not error.is_transient or delay >= deadline.remaining():
                if attempts == 1:
                    raise
                raise _after(attempts, error) from error
        time.sleep(delay)
        longest = min(2 * longest, LONGEST_DELAY)


def _after(attempts: int, error: ServingError) -> ServingError:
    message = f"{error.message} ({attempts} attempts)"
    return ServingError(error.code, message, is_transient=error.is_transient)
