"""Times pieces of work in turns, so that a change of the machine's speed hits all alike."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# Does some work once and returns how many seconds it took.
Run = Callable[[], float]


@dataclass(frozen=True)
class Timings:
    """Seconds of all runs of one piece of work, in the order in which they ran.

    Attributes:
        seconds: One number for each run.
    """

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Returns the median."""
        return statistics.median(self.seconds)

    def over(self, other: "Timings") -> float:
        """Returns the median of the quotients of runs that followed one another."""
        return statistics.median(a / b for a, b in zip(self.seconds, other.seconds, strict=True))

    def scale(self, factor: float) -> "Timings":
        """Returns all seconds times a factor, for work that was measured in part."""
        return Timings(tuple(factor * seconds for seconds in self.seconds))


def clock(work: Callable[[], Any]) -> Run:
    """Returns a run of `work`, timed by the clock of the wall.

    Args:
        work: Comes back when it is done; must not leave computations behind.
    """

    def run() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return run


def run_in_turns(runs: Mapping[str, Run], count: int) -> dict[str, Timings]:
    """Returns the timings of all runs, each done once before and then `count` times in turns.

    Example:
        >>> timings = run_in_turns({"nothing": clock(lambda: None), "one": lambda: 1.0}, 3)
        >>> timings["one"]
        Timings(seconds=(1.0, 1.0, 1.0))
    """
    for run in runs.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(count):
        for name, run in runs.items():
            seconds[name].append(run())
    return {name: Timings(tuple(values)) for name, values in seconds.items()}
