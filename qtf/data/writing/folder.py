"""Fills a folder with files of trajectories, and goes on where it was stopped."""

import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from qtf.data.schema import Manifest, Shard
from qtf.data.writing.journal import append_to_journal, close_journal, locked, open_journal
from qtf.data.writing.plan import ShardPlan, Storage, plan_shards, planned_bytes
from qtf.data.writing.shards import Written, commit
from qtf.files import writable_folder


class Outcome(NamedTuple):
    """What was done: the manifest, and how many files were written."""

    manifest: Manifest
    n_written: int


def fill_folder(
    folder: Path | str,
    settings: Storage,
    *,
    write: Callable[[Path, Sequence[ShardPlan], list[ShardPlan]], Generator[Written, None, None]],
    describe: Callable[[tuple[Shard, ...]], Manifest],
) -> Outcome:
    """Writes the files that a folder lacks, and then its manifest.

    Args:
        folder: Folder to fill; empty, new, or left by an interrupted run.
        settings: What it holds, and in which files.
        write: Of the folder, all files and those that are missing: writes these.
        describe: Returns the manifest of all files.

    Raises:
        ValueError: The folder holds something else.
        OSError: The folder cannot be written to or the disk is full; finished files stay.
    """
    folder = writable_folder(folder)
    with locked(folder):
        finished = open_journal(folder, settings)
        plans = plan_shards(settings)
        todo = [plan for plan in plans if plan.file not in finished]
        _check_space(settings, todo, folder)
        # Closed at once after an error here, so that no worker outlives it.
        with closing(write(folder, plans, todo)) as written:
            for shard in (commit(each, folder) for each in written):
                append_to_journal(folder, shard)
                finished[shard.file] = shard
        manifest = describe(tuple(finished[plan.file] for plan in plans))
        close_journal(folder, manifest)
    return Outcome(manifest, len(todo))


def _check_space(settings: Storage, todo: list[ShardPlan], folder: Path) -> None:
    needed = sum(planned_bytes(settings, plan) for plan in todo)
    free = shutil.disk_usage(folder).free
    if settings.compression == "none" and needed > free:
        raise OSError(
            f"Folder {folder} has {free / 1e9:.2f} GB free, but {needed / 1e9:.2f} GB are needed."
        )
