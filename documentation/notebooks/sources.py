"""Cells of the notebooks, read from the scripts that they are written as."""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "examples/notebooks"
# In the order of the index.
NAMES = ("quench", "j1j2", "shots", "steady_state", "serve", "grow")
_MARK = re.compile(r"^# %%(.*)\n", re.MULTILINE)
_MARKDOWN = "[markdown]"


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook.

    Attributes:
        is_code: Whether it is code; else it is markdown.
        text: Its text, without a line break at the end.
    """

    is_code: bool
    text: str


def read_cells(path: Path) -> list[Cell]:
    """Returns the cells of a script, as its comments `# %%` divide it.

    Args:
        path: The script.

    Raises:
        ValueError: Something stands before the first mark, a mark has unknown words, or text that
            is no comment stands in a cell of markdown.
    """
    before, *parts = _MARK.split(path.read_text())
    if before.strip() or not parts:
        raise ValueError(f"File `{path.name}` must begin with a line `# %%`, but does not.")
    cells = []
    for words, text in zip(parts[::2], parts[1::2], strict=True):
        if words.strip() not in ("", _MARKDOWN):
            raise ValueError(f"A mark of `{path.name}` must be `# %%`, but is `# %%{words}`.")
        is_code = not words.strip()
        cells.append(Cell(is_code, text.strip("\n") if is_code else _uncomment(text, path.name)))
    return cells


def _uncomment(text: str, name: str) -> str:
    lines = text.strip("\n").splitlines()
    wrong = next((line for line in lines if line.rstrip() != "#" and line[:2] != "# "), None)
    if wrong is not None:
        raise ValueError(f"Markdown of `{name}` must be comments, but has the line {wrong!r}.")
    return "\n".join(line[2:].rstrip() for line in lines)
