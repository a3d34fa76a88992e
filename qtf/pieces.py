"""Work in equal pieces, none larger than the memory allows."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qtf.typing import Array

PIECE_VARIABLE = "QTF_PIECE_GIB"
GIB = 1 << 30
# Larger pieces are no faster. And where memory is not short, a run that goes on has the pieces
# that it began with, hence the same sums to the last bit.
LARGEST_BUDGET = GIB
# Of the memory that is available; the rest is for what is not in pieces.
SHARE = 4


def byte_budget() -> int:
    """Returns the memory that one piece of work may take, in bytes.

    A power of two: the largest within a quarter of what is available, but at most 1 GiB. The
    environment variable `QTF_PIECE_GIB` sets another one.

    Raises:
        ValueError: The variable holds no positive number.
    """
    text = os.environ.get(PIECE_VARIABLE)
    if text is None:
        return min(LARGEST_BUDGET, 1 << (available_memory() // SHARE).bit_length() - 1)
    try:
        budget = int(float(text) * GIB)
    except (ValueError, OverflowError):
        budget = 0
    if budget < 1:
        raise ValueError(
            f"Environment variable {PIECE_VARIABLE} must be a positive number of GiB, but is"
            f" {text!r}."
        )
    return budget


def available_memory() -> int:
    """Returns the bytes that this process may still take without swapping."""
    return max(1, min(_of_machine(), _of_control_group()))


def rows_at_once(bytes_of_row: int, budget: int | None = None) -> int:
    """Returns how many rows a piece may have, at least one.

    Args:
        bytes_of_row: Memory that the work on one row takes.
        budget: Memory that a piece may take; None: `byte_budget`.
    """
    return max(1, (byte_budget() if budget is None else budget) // max(1, bytes_of_row))


def equal_pieces(n_rows: int, largest: int) -> tuple[int, int]:
    """Returns the number and the size of as few equal pieces as possible, the last filled up.

    Args:
        n_rows: Number of rows.
        largest: Rows of a piece, at most.

    Raises:
        ValueError: A number is out of range.

    Example:
        >>> equal_pieces(10, 4)
        (3, 4)
        >>> equal_pieces(9, 4)
        (3, 3)
        >>> equal_pieces(0, 4)
        (0, 0)
    """
    for name, value, least in (("n_rows", n_rows, 0), ("largest", largest, 1)):
        if value < least:
            raise ValueError(f"Argument `{name}` must be at least {least}, but is {value}.")
    n_pieces = -(-n_rows // largest)
    return n_pieces, -(-n_rows // n_pieces) if n_pieces else 0


def rows_of_pieces(n_rows: int, largest: int, *, fill: int | None = None) -> Array:
    """Returns which rows belong to each of as few equal pieces as possible, the last filled up.

    Args:
        n_rows: Number of rows.
        largest: Rows of a piece, at most.
        fill: Number that fills up; None: that of the last row.

    Returns:
        int32 (n_pieces, size).

    Raises:
        ValueError: A number is out of range.

    Example:
        >>> rows_of_pieces(5, 3).tolist()
        [[0, 1, 2], [3, 4, 4]]
        >>> rows_of_pieces(5, 3, fill=-1).tolist()
        [[0, 1, 2], [3, 4, -1]]
    """
    n_pieces, size = equal_pieces(n_rows, largest)
    numbers = np.arange(n_pieces * size, dtype=np.int32)
    numbers[n_rows:] = n_rows - 1 if fill is None else fill
    return numbers.reshape(n_pieces, size)


def in_pieces(
    function: Callable[[Array], Sequence[Any]],
    rows: Array,
    largest: int,
    *,
    advance: Callable[[int], Any] | None = None,
) -> list[Array]:
    """Applies a function of rows, whose results have as many, to equal pieces of them.

    All pieces have one shape, so that a compiled function is compiled once.

    Args:
        function: Of (size, ...); returns arrays or tensors (size, ...), each row depending on
            its own only.
        rows: (n, ...), not empty.
        largest: Rows of a piece, at most.
        advance: Told the number of rows after each piece, see `qtf.progress`.

    Returns:
        Each result of all rows, (n, ...).

    Example:
        >>> squares, cubes = in_pieces(lambda x: (x**2, x**3), np.arange(5), 2)
        >>> squares.tolist(), cubes.tolist()
        ([0, 1, 4, 9, 16], [0, 1, 8, 27, 64])
    """
    n_rows = len(rows)
    results: list[Sequence[Array]] = []
    for numbers in rows_of_pieces(n_rows, largest):
        results.append([np.asarray(part) for part in function(rows[numbers])])
        if advance is not None:
            advance(min(len(numbers), n_rows - int(numbers[0])))
    return [np.concatenate(parts)[:n_rows] for parts in zip(*results, strict=True)]


def shown_bytes(n_bytes: float) -> str:
    """Returns a size in words.

    Example:
        >>> shown_bytes(3 << 30), shown_bytes(5e6)
        ('3.0 GiB', '4.8 MiB')
    """
    return f"{n_bytes / GIB:.1f} GiB" if n_bytes >= GIB / 2 else f"{n_bytes / 2**20:.1f} MiB"


def _of_machine() -> int:
    memory = Path("/proc/meminfo")
    if memory.exists():
        lines = dict(line.split(":", 1) for line in memory.read_text().splitlines())
        return 1024 * int(lines["MemAvailable"].split()[0])
    # Elsewhere only the memory as a whole is told.
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _of_control_group() -> int:
    """Returns what the limit of a container leaves."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text().strip()
        used = int((folder / "memory.current").read_text())
    except (OSError, ValueError):
        return _UNLIMITED
    return max(0, int(limit) - used) if limit.isdecimal() else _UNLIMITED


_UNLIMITED = 1 << 62
