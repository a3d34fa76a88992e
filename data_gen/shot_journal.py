"""What of a file of shots is measured, so that a killed simulation continues where it stopped.

While shots are simulated, `.NAME.journal.jsonl` beside the file holds what is measured in its first
line and one line for every finished task. When all are there, the file takes its place.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qtf.files import append_json_line, json_line, read_json_lines
from qtf.settings import differences

# Key of what tells the settings that are measured from others.
SETTINGS = "settings"


@contextmanager
def open_journal(path: Path, record: Mapping[str, Any]) -> Iterator["ShotJournal"]:
    """Opens the journal of a file and holds it for this process alone.

    Args:
        path: The file of the shots.
        record: What is measured, as JSON can hold it.

    Raises:
        ValueError: The journal is of other measurements, or damaged.
        OSError: Another process holds it, or the folder cannot be written to.
    """
    journal = journal_of(path)
    with _held(journal, path):
        # The last line is torn if the process was killed while writing it.
        lines = list(read_json_lines(journal))
        os.truncate(journal, sum(len(json_line(line).encode()) for line in lines))
        if lines:
            _check_same(path, journal, lines[0], record)
        else:
            append_json_line(journal, record)
        opened = ShotJournal(journal, {_key(line): line["counts"] for line in lines[1:]})
        try:
            yield opened
        except BaseException:
            # A mistake in what was asked for leaves nothing.
            if not opened.finished:
                opened.remove()
            raise


def journal_of(path: Path) -> Path:
    """Returns the path of the journal of a file."""
    return path.parent / f".{path.name}.journal.jsonl"


class ShotJournal:
    """The finished tasks of a file.

    Args:
        path: The journal, held by this process.
        finished: First setting and first shot of a task -> counts of its settings.
    """

    def __init__(self, path: Path, finished: dict[tuple[int, int], list[dict[str, int]]]) -> None:
        self._path, self.finished = path, finished

    def append(self, key: tuple[int, int], counts: list[dict[str, int]]) -> None:
        """Records that a task is finished; the line is on the disk when this returns."""
        setting, shot = key
        append_json_line(self._path, {"setting": setting, "shot": shot, "counts": counts})
        self.finished[key] = counts

    def remove(self) -> None:
        """Removes the journal, when the file is there."""
        self._path.unlink()


def _key(line: Mapping[str, Any]) -> tuple[int, int]:
    return line["setting"], line["shot"]


@contextmanager
def _held(journal: Path, path: Path) -> Iterator[None]:
    """Holds the journal, which is made if need be; the system lets go of it if the process dies."""
    while True:
        try:
            descriptor = os.open(journal, os.O_CREAT | os.O_RDWR, 0o644)
        except OSError as error:
            raise OSError(f"File {path} cannot be written: {error.strerror}.") from error
        try:
            _lock(descriptor, path)
            # Another process may have finished and removed it in between.
            if journal.exists() and os.path.samestat(os.fstat(descriptor), journal.stat()):
                yield
                return
        finally:
            os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OSError(f"File {path} is being written by another process.") from error


def _check_same(
    path: Path, journal: Path, recorded: Mapping[str, Any], wanted: Mapping[str, Any]
) -> None:
    # What is in a config tells more than the settings that are drawn by it.
    found = sorted(differences(recorded, wanted), key=lambda entry: entry[0] == SETTINGS)
    for key, old, new in found:
        raise ValueError(
            f"File {path} is half done with another config: `{key}` is {old!r:.80} there, but"
            f" {new!r:.80} now; repeat the earlier settings to complete it, choose another file,"
            f" or remove {journal}."
        )
