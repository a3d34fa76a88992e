"""One deadline for a whole call."""

import time


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
