"""The memory that a piece of work takes beyond what its process held before."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

# `resource` would count what the parent held when it started this process. Linux only.
STATUS = Path("/proc/self/status")


def peak_growth(work: Callable[[], Any]) -> float:
    """Returns by how many MiB the largest resident memory of this process grows.

    It never shrinks again, so that each process can measure one piece of work, whose libraries
    are in use already.
    """
    before = _peak()
    work()
    return _peak() - before


def _peak() -> float:
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024
