"""One file of trajectories, written under another name until it is sure to be on the disk."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from qtf.data.schema import Shard
from qtf.data.writing.plan import ShardPlan
from qtf.data.writing.record_writer import RecordWriter

TEMPORARY_PREFIX = ".shard-"


class Written(NamedTuple):
    """A file that is written, but not yet sure to be on the disk, and its future entry."""

    temporary: Path
    shard: Shard


def write_file(
    plan: ShardPlan,
    chunks: Iterable[tuple[int, np.ndarray]],
    folder: Path,
    *,
    open_writer: Callable[[Path], RecordWriter],
) -> Written:
    """Writes the trajectories of a planned file under a temporary name.

    Args:
        plan: The file.
        chunks: Index of the first trajectory and trajectories (n, n_times, 2, 2**n_sites), as they
            are stored.
        folder: Folder of the file.
        open_writer: Opens a file to be written.

    Returns:
        The temporary file and the manifest's entry of the final one.

    Raises:
        OSError: The folder cannot be written to or the disk is full; nothing is left.
    """
    temporary = folder / f"{TEMPORARY_PREFIX}{plan.file}.{os.getpid()}"
    try:
        writer = open_writer(temporary)
        with writer:
            for first, trajectories in chunks:
                writer.write_trajectories(plan.n_sites, first, trajectories)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    shard = Shard(**vars(plan), n_bytes=writer.n_bytes, sha256=writer.sha256)
    return Written(temporary, shard)


def commit(written: Written, folder: Path) -> Shard:
    """Waits until a written file is on the disk and gives it its name.

    Done by the parent process, so that the workers compute while the disk works.

    Args:
        written: Result of `write_file`.
        folder: Folder in which the file belongs.

    Returns:
        The manifest's entry of the file.

    Raises:
        OSError: The disk is full or broken.
    """
    with open(written.temporary, "rb") as file:
        os.fsync(file.fileno())
    os.replace(written.temporary, folder / written.shard.file)
    return written.shard
