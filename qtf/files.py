"""Files that are either whole or not there, in folders of any name."""

import fcntl
import io
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

# What TensorFlow's functions of files take for a part of a pattern.
PATTERN_CHARACTERS = frozenset("*?[\\")
# Ends the name of a folder that is being written, after eight characters of chance.
_ASIDE = ".aside"
_ASIDE_NAME = re.compile(r"\..+\.[a-z0-9_]{8}\.aside")


def write_atomically(path: Path | str, content: bytes | str) -> None:
    """Writes `content` to `path` so that no reader ever sees half of it.

    Args:
        path: Destination; its folder must exist.
        content: Bytes, or text written as UTF-8.

    Raises:
        OSError: The folder is missing, not writable, or the disk is full; whatever
            stood at `path` before is untouched.
    """
    path = check_parent(path)
    content = content.encode() if isinstance(content, str) else content
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(f"File {path} cannot be written: {error.strerror or error}.") from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def check_parent(path: Path | str) -> Path:
    """Returns the path of a file that is to be written, before anything is computed for it.

    Args:
        path: The file; its folder must exist.

    Raises:
        FileNotFoundError: There is no such folder.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"File {path} cannot be written: there is no folder {path.parent}.")
    return path


def write_json(path: Path | str, content: Any) -> None:
    """Writes `content` as indented JSON with sorted keys, atomically."""
    write_atomically(path, json.dumps(content, indent=2, sort_keys=True) + "\n")


def write_figure(path: Path | str, figure: Any, **options: Any) -> None:
    """Writes a Matplotlib figure as PNG so that no reader ever sees a part of it.

    Args:
        path: The file.
        figure: The figure.
        **options: Of `Figure.savefig`, for example `dpi`.
    """
    image = io.BytesIO()
    figure.savefig(image, format="png", **options)
    write_atomically(path, image.getvalue())


def read_json(path: Path) -> Any:
    """Returns the content of a JSON file.

    Raises:
        ValueError: The file holds no JSON; the message names it.
    """
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"File {path} holds no JSON: {error}") from error


def read_object(path: Path, *, keys: Sequence[str] = ()) -> dict[str, Any]:
    """Returns the content of a file that holds one JSON object.

    Args:
        path: The file.
        keys: What the object must have.

    Raises:
        ValueError: It holds something else, or a key is missing; the message names the file.
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise ValueError(f"File {path} must hold a JSON object, but holds {content!r:.40}.")
    for key in keys:
        if key not in content:
            raise ValueError(
                f"File {path} must have the key `{key}`, but has {sorted(content)!s:.300}."
            )
    return content


def read_json_lines(path: Path, *, keys: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """Yields the objects of a file with one in each line, without a torn last one.

    Args:
        path: The file.
        keys: What every object must have.

    Raises:
        ValueError: A line holds no such object; the message names file and line.
    """
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        if not line.endswith(b"\n"):
            return
        try:
            content = json.loads(line)
        except ValueError as error:
            raise ValueError(f"File {path}, line {number}, holds no JSON: {error}") from error
        if not isinstance(content, dict) or not content.keys() >= set(keys):
            raise ValueError(
                f"File {path}, line {number}, must be a JSON object with the keys"
                f" {', '.join(keys)}, but is {content!r:.60}."
            )
        yield content


def json_line(content: Mapping[str, Any]) -> str:
    """Returns an object as one line of a file that `read_json_lines` reads."""
    return json.dumps(content, sort_keys=True) + "\n"


def append_json_line(path: Path, content: Mapping[str, Any]) -> None:
    """Adds an object to a file with one in each line; it is on the disk when this returns.

    Args:
        path: The file.
        content: The object.

    Raises:
        OSError: The file cannot be written.
    """
    with open(path, "a") as file:
        file.write(json_line(content))
        file.flush()
        os.fsync(file.fileno())


def locked(folder: Path) -> IO[str]:
    """Returns the folder's open lock file; closing it, or the process's end, unlocks.

    Args:
        folder: An existing folder.

    Raises:
        ValueError: Another process holds it.
    """
    file = (folder / ".lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise ValueError(f"Folder {folder} is in use by another process.") from error
    return file


@contextmanager
def literal_path(folder: Path | str) -> Iterator[str]:
    r"""Yields a path of a folder that functions which expand patterns take as it stands.

    They would look for `run1` if asked for `run[1]`, and know no other way to write it. Where
    the path holds one of * ? [ \ the folder is opened, and its path is that of the descriptor.

    Args:
        folder: An existing folder.

    Yields:
        A path that holds in this process until the block ends.

    Raises:
        OSError: There is no such folder.
    """
    if PATTERN_CHARACTERS.isdisjoint(str(folder)):
        yield str(folder)
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


@contextmanager
def folder_written_aside(path: Path | str) -> Iterator[Path]:
    """Yields an empty folder beside `path` that becomes `path` on success.

    What processes left behind that were killed while they wrote beside `path` is removed first.

    Args:
        path: Destination folder; must not exist yet, its parent is created.

    Yields:
        The temporary folder to fill. It is removed if the block raises.

    Raises:
        FileExistsError: `path` exists already.
    """
    path = Path(path)
    if path.exists():
        raise FileExistsError(f"Folder {path} exists already.")
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path.parent)
    temporary, held = _held_folder(path)
    try:
        yield temporary
        os.chmod(temporary, 0o755)
        os.replace(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    finally:
        os.close(held)


def _held_folder(path: Path) -> tuple[Path, int]:
    """Creates a folder beside `path` that is locked as long as this process lives.

    Before it is locked another process may take it for a leftover; then it is created anew.

    Returns:
        The folder, and the descriptor that holds the lock.
    """
    while True:
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=_ASIDE))
        try:
            held = os.open(temporary, os.O_RDONLY)
        except FileNotFoundError:
            continue
        # A file system without locks has none either when leftovers are looked for.
        with suppress(OSError):
            fcntl.flock(held, fcntl.LOCK_EX)
        if temporary.exists():
            return temporary, held
        os.close(held)


def _remove_leftovers(parent: Path) -> None:
    """Removes the folders written aside in `parent` by processes that have ended."""
    for folder in parent.iterdir():
        if not _ASIDE_NAME.fullmatch(folder.name):
            continue
        try:
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            # Its process lives.
            continue
        finally:
            os.close(held)


def writable_folder(path: Path | str) -> Path:
    """Returns `path` as an existing folder that can be written to, creating it.

    Args:
        path: The folder.

    Raises:
        ValueError: The path is not in UTF-8.
        OSError: `path` is a file, cannot be created, or cannot be written to.
    """
    path = Path(path)
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"Folder {str(path)!r} must have a path in UTF-8.") from error
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(f"{path} is a file, but a folder is needed.")
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise OSError(f"Folder {path} cannot be written to: {error.strerror}.") from error
    return path
