"""What of a folder is finished, so that a killed run continues where it stopped.

While a folder is being filled, `.journal.jsonl` holds the settings in its first line and
one line for every finished shard. When all are there, the manifest takes its place.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qtf.data.schema import MANIFEST_NAME, Manifest, Shard, shard_from
from qtf.data.writing.plan import Storage
from qtf.data.writing.shards import TEMPORARY_PREFIX
from qtf.files import append_json_line, json_line, read_json_lines, write_atomically
from qtf.settings import differences

JOURNAL_NAME = ".journal.jsonl"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds a folder for this process alone; the system lets go of it if the process dies.

    Args:
        folder: An existing folder.

    Raises:
        OSError: Another process holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise OSError(f"Folder {folder} is being written to by another process.") from error
    finally:
        os.close(descriptor)


def open_journal(folder: Path, settings: Storage) -> dict[str, Shard]:
    """Returns the finished shards of a folder and makes it ready for more.

    Leftovers of a killed run are removed. A folder without journal and manifest must be
    empty apart from hidden files; in one of ours, files that are not ours are left alone.

    Args:
        folder: An existing folder, held by this process.
        settings: Settings of the folder.

    Returns:
        The finished shards by file name.

    Raises:
        ValueError: The folder holds foreign files, or data of other settings.
    """
    remove_temporary_files(folder)
    recorded = _written_settings(folder)
    if recorded is None:
        _check_empty(folder)
        shards: list[Shard] = []
    else:
        _check_same(folder, recorded, settings)
        shards = [s for s in _written_shards(folder) if _is_whole(folder, s)]
    if not (folder / MANIFEST_NAME).exists():
        lines = [settings.as_record(), *map(asdict, shards)]
        write_atomically(folder / JOURNAL_NAME, "".join(json_line(line) for line in lines))
    return {shard.file: shard for shard in shards}


def append_to_journal(folder: Path, shard: Shard) -> None:
    """Records that a shard is finished; the line is on the disk when this returns.

    Args:
        folder: The folder.
        shard: The entry of the manifest.
    """
    if not (folder / JOURNAL_NAME).exists():
        return
    append_json_line(folder / JOURNAL_NAME, asdict(shard))


def close_journal(folder: Path, manifest: Manifest) -> None:
    """Writes the manifest, if it is not there yet, and removes the journal.

    Args:
        folder: The folder.
        manifest: The complete manifest.
    """
    written = (folder / MANIFEST_NAME).exists()
    if not written or Manifest.load(folder, verify="none") != manifest:
        manifest.save(folder)
    (folder / JOURNAL_NAME).unlink(missing_ok=True)


def remove_temporary_files(folder: Path) -> None:
    """Removes what killed or interrupted runs were in the middle of writing.

    Args:
        folder: A folder held by this process, without workers at work.
    """
    prefixes = (TEMPORARY_PREFIX, f".{MANIFEST_NAME}.", f".{JOURNAL_NAME}.")
    for path in folder.iterdir():
        if path.name.startswith(prefixes):
            path.unlink(missing_ok=True)


def _journal_lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / JOURNAL_NAME
    # The last line is torn if the process was killed while writing it.
    return list(read_json_lines(path)) if path.exists() else []


def _written_settings(folder: Path) -> dict[str, Any] | None:
    if (folder / MANIFEST_NAME).exists():
        return Manifest.load(folder, verify="none").settings
    return next(iter(_journal_lines(folder)), None)


def _written_shards(folder: Path) -> list[Shard]:
    if (folder / MANIFEST_NAME).exists():
        return list(Manifest.load(folder, verify="none").files)
    path = folder / JOURNAL_NAME
    return [shard_from(line, path) for line in _journal_lines(folder)[1:]]


def _is_whole(folder: Path, shard: Shard) -> bool:
    path = folder / shard.file
    return path.is_file() and path.stat().st_size == shard.n_bytes


def _check_empty(folder: Path) -> None:
    foreign = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if foreign:
        raise ValueError(
            f"Folder {folder} must be empty or hold an earlier run, but holds `{foreign[0]}`."
        )


def _check_same(folder: Path, recorded: Mapping[str, Any], settings: Storage) -> None:
    for key, old, new in differences(recorded, settings.as_record()):
        raise ValueError(
            f"Folder {folder} holds data of another config: `{key}` is {old!r} there, but {new!r}"
            " now; choose another folder, or repeat the earlier settings to complete this one."
        )
