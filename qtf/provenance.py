"""What stands beside every measured number: machine, versions, date."""

import datetime
import importlib.metadata
import os
import platform
import re
from pathlib import Path

PACKAGES = ("qtf", "tensorflow", "keras", "numpy", "scipy")


def machine(gpu: str = "") -> str:
    """Returns processor, cores, memory and system of this machine in words.

    Args:
        gpu: Name of the GPU that was used; empty for none.
    """
    cpu_info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.+)", cpu_info.read_text()) if cpu_info.exists() else []
    name = names[0] if names else platform.processor() or platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{name}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()},"
        f" {gpu or 'no GPU used'}"
    )


def versions() -> dict[str, str]:
    """Returns the versions of Python and of what computes the numbers."""
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"python": platform.python_version(), **versions}


def today() -> str:
    """Returns the date of today, UTC, as 2030-12-31."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()
