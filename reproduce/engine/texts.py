"""Texts of pages: markdown beside the code, with fields for numbers."""

import re
from collections.abc import Iterable
from pathlib import Path

_MARK = re.compile(r"^<!-- part (\w+) -->$", re.MULTILINE)


def read_parts(module_file: str) -> dict[str, str]:
    """Returns the parts of the `page.md` beside a module, by name.

    Each part follows a line `<!-- part NAME -->`. What is between braces is filled by `str.format`.

    Args:
        module_file: `__file__` of the module.
    """
    _, *pieces = _MARK.split(Path(module_file).with_name("page.md").read_text())
    return {name: text.strip() for name, text in zip(pieces[::2], pieces[1::2], strict=True)}


def join_parts(parts: Iterable[str]) -> str:
    """Returns the parts that are not empty as one page."""
    return "\n\n".join(part for part in parts if part) + "\n"
