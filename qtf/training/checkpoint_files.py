"""The files of checkpoints: which there are, which are whole, which may go."""

import re
import shutil
import sys
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from qtf.files import literal_path, write_atomically

# TensorFlow's own list, for its functions that look for the newest checkpoint of a folder.
STATE = "checkpoint"
OWN_FILES = re.compile(r"ckpt-(\d+)(\.index|\.data-\d{5}-of-\d{5}|\.npz|_temp)")
# Folder that TensorFlow writes a checkpoint in.
UNFINISHED = "_temp"
# Beside those of TensorFlow; it translates few of its errors.
DAMAGE = (
    AssertionError,
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def damage_errors() -> tuple[type[Exception], ...]:
    """Returns what reading damaged checkpoints may raise."""
    if "tensorflow" not in sys.modules:
        return DAMAGE
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    return (*DAMAGE, tf.errors.OpError, DecodeError)


def name_of(step: int) -> str:
    """Returns the name of the checkpoint after `step` optimiser steps."""
    return f"ckpt-{step}"


def kept_steps(folder: Path) -> list[int]:
    """Returns the steps of which there is a file of a checkpoint, the last one first."""
    steps = {step for step, path in _own_files(folder) if not path.name.endswith(UNFINISHED)}
    return sorted(steps, reverse=True)


def whole_steps(folder: Path, steps: Iterable[int]) -> Iterator[int]:
    """Yields those of the steps, ordered from the last, whose checkpoint can be read.

    Others are passed over with a line on standard error.
    """
    unread: list[tuple[int, str]] = []
    for step in steps:
        reason = damage(folder, step)
        if reason is None:
            tell_of_fallback(folder, unread, step)
            unread = []
            yield step
        else:
            unread.append((step, reason))


def newest_whole_step(folder: Path) -> int:
    """Returns the optimiser steps that a run had taken at its newest checkpoint that is whole.

    Raises:
        FileNotFoundError: There is none.
    """
    steps = kept_steps(folder)
    step = next(whole_steps(folder, steps), None)
    if step is None:
        what = "no checkpoint that can be read" if steps else "no checkpoint"
        raise FileNotFoundError(f"Folder {folder} holds {what}; train that run first.")
    return step


def last_step(folder: Path) -> int | None:
    """Returns the steps that a run had taken at its newest checkpoint, or None without one."""
    begun = kept_steps(folder)
    return next(
        (n for n in begun if (folder / f"{name_of(n)}.index").exists() or is_plain(folder, n)), None
    )


def check_engine(folder: Path, *, plain: bool) -> None:
    """Checks that a folder holds no checkpoints of another engine.

    Args:
        folder: The folder; it need not exist.
        plain: Whether checkpoints are plain arrays, as on JAX.

    Raises:
        ValueError: It does.
    """
    names = {True: "jax", False: "tensorflow"}
    if any(is_plain(folder, step) != plain for step in kept_steps(folder)):
        raise ValueError(
            f"Folder {folder} holds checkpoints of another backend; go on with"
            f" --backend={names[not plain]}, or choose another folder."
        )


def is_plain(folder: Path, step: int) -> bool:
    """Tells whether a checkpoint holds plain arrays, and is none of TensorFlow."""
    return plain_path(folder, step).exists()


def plain_path(folder: Path, step: int) -> Path:
    """Returns the file of a checkpoint of plain arrays."""
    return folder / f"{name_of(step)}.npz"


def damage(folder: Path, step: int) -> str | None:
    """Returns what is wrong with a checkpoint, or None if all of it can be read."""
    read: Callable[[Path, int], object] = read_plain if is_plain(folder, step) else _read_tensorflow
    try:
        read(folder, step)
    except damage_errors() as error:
        return reason_of(error, folder)
    return None


def read_plain(folder: Path, step: int) -> dict[str, np.ndarray]:
    """Returns the arrays of a checkpoint of plain arrays, whose checksums are compared."""
    with plain_path(folder, step).open("rb") as file, np.load(file) as arrays:
        return dict(arrays)


def _read_tensorflow(folder: Path, step: int) -> None:
    import tensorflow as tf

    with literal_path(folder) as path:
        reader = tf.train.load_checkpoint(f"{path}/{name_of(step)}")
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)


def reason_of(error: Exception, folder: Path) -> str:
    """Returns what an error of TensorFlow says, on one line and with the folder's own name."""
    text = re.sub(r"/proc/self/fd/\d+", lambda _: str(folder), str(error))
    return " ".join(text.split())[:400] or type(error).__name__


def tell_of_fallback(folder: Path, unread: Iterable[tuple[int, str]], step: int) -> None:
    """Prints why checkpoints are passed over, and which one is taken instead."""
    for bad, reason in unread:
        tqdm.write(
            f"Checkpoint {folder / name_of(bad)} cannot be read; {name_of(step)} before it is"
            f" taken. {reason}",
            file=sys.stderr,
        )


def refuse_leftovers(folder: Path, unread: Sequence[tuple[int, str]]) -> None:
    """Checks that a folder of which no checkpoint can be read is empty or not there.

    Args:
        folder: Of the checkpoints.
        unread: Steps whose checkpoints cannot be read, and why.

    Raises:
        ValueError: There are files in it.
    """
    leftovers = sorted(path.name for path in folder.glob("*"))
    if leftovers:
        why = f" {unread[0][1]}" if unread else ""
        raise ValueError(
            f"Checkpoints in {folder} cannot be read ({', '.join(leftovers)});"
            f" remove the folder to start anew.{why}"
        )


def keep_only(folder: Path, steps: Collection[int]) -> None:
    """Removes all checkpoints but some, and lists these for TensorFlow.

    Args:
        folder: Of the checkpoints; other files in it stay.
        steps: Which stay.
    """
    names = [name_of(step) for step in sorted(steps)]
    lines = [f'model_checkpoint_path: "{names[-1]}"']
    lines += [f'all_model_checkpoint_paths: "{name}"' for name in names]
    write_atomically(folder / STATE, "".join(f"{line}\n" for line in lines))
    for step, path in _own_files(folder):
        if step in steps and not path.name.endswith(UNFINISHED):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _own_files(folder: Path) -> list[tuple[int, Path]]:
    if not folder.is_dir():
        return []
    matches = ((OWN_FILES.fullmatch(path.name), path) for path in folder.iterdir())
    return [(int(match[1]), path) for match, path in matches if match]
