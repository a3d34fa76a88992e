"""Docstrings, which are plain text, as what Sphinx reads."""

import re
from typing import Any

# Names of sections, whose indentation napoleon reads.
SECTION = re.compile(
    r"(Args|Attributes|Call arguments|Example|Examples|Note|Raises|Returns|Yields):\s*$"
)
# What reStructuredText would take for markup; words between backticks are code.
SPECIAL = re.compile(r"(`[^`]*`)|([|*]|(?<=\w)_(?=\W|$))")


def prepare(
    _app: Any, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]
) -> None:
    """Changes the lines of a docstring in place: equations become blocks, bars stay bars.

    Called by Sphinx before napoleon reads the sections.

    Args:
        lines: Lines of the docstring.
    """
    prepared: list[str] = []
    in_section = in_block = False
    for line in lines:
        is_indented = line.startswith("    ")
        if line.strip() and not is_indented:
            in_section, in_block = bool(SECTION.match(line)), False
        elif is_indented and not in_section and not in_block:
            prepared.extend(["", "::", ""])
            in_block = True
        is_code = in_block or line.lstrip().startswith((">>>", "..."))
        prepared.append(line if is_code else _escaped(line))
    lines[:] = prepared


def _escaped(line: str) -> str:
    return SPECIAL.sub(lambda match: match[1] or f"\\{match[2]}", line)
