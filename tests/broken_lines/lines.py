"""What a broken line is."""

from typing import NamedTuple


class BrokenLine(NamedTuple):
    """A change.

    Attributes:
        room: What it belongs to.
        path: File.
        old: Text that stands in it once.
        new: What it becomes.
        tests: Arguments of pytest.
    """

    room: str
    path: str
    old: str
    new: str
    tests: str


def lines(room: str, folder: str, tests: str, *changes: tuple[str, str, str, str]) -> list:
    """Returns the broken lines of a room: file, text, what it becomes, tests that should notice."""
    return [
        BrokenLine(room, f"{folder}/{file}", old, new, _in_folder(tests, test))
        for file, old, new, test in changes
    ]


def _in_folder(folder: str, arguments: str) -> str:
    words = arguments.split(" ")
    return " ".join(f"{folder}/{word}" if word.endswith(".py") else word for word in words)
