"""Stored notebooks, and their pages of the site; read without Jupyter."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from documentation.notebooks.sources import FOLDER, NAMES, Cell

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "docs/figures"
PREFIX = "notebook"


@dataclass(frozen=True)
class StoredFigure:
    """A picture that a cell of a notebook draws.

    Attributes:
        file: Name of its file in `docs/figures`.
        caption: Heading it stands under.
        lines: The cell.
        png: The picture.
    """

    file: str
    caption: str
    lines: str
    png: bytes


def read_notebook(name: str) -> dict[str, Any]:
    """Returns a stored notebook as its JSON has it.

    Args:
        name: Its name, without folder and ending.
    """
    return json.loads((FOLDER / f"{name}.ipynb").read_text())


def stored_cells(name: str) -> list[Cell]:
    """Returns the cells of a stored notebook."""
    cells = read_notebook(name)["cells"]
    return [Cell(cell["cell_type"] == "code", "".join(cell["source"])) for cell in cells]


def title(name: str) -> str:
    """Returns the title of a stored notebook."""
    return stored_cells(name)[0].text.splitlines()[0].removeprefix("# ")


def figures(name: str) -> list[StoredFigure]:
    """Returns the pictures of a stored notebook, from top to bottom."""
    found: list[StoredFigure] = []
    heading = ""
    for cell in read_notebook(name)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            headings = re.findall(r"^#+ (.*)", source, re.MULTILINE)
            heading = headings[-1] if headings else heading
            continue
        for png in _pictures(cell):
            file = f"{PREFIX}_{name}_{len(found) + 1}.png"
            found.append(StoredFigure(file, heading, source, png))
    return found


def write_figures(name: str) -> None:
    """Writes the pictures of a stored notebook into `docs/figures`, and removes older ones."""
    for old in FIGURES.glob(f"{PREFIX}_{name}_[0-9]*.png"):
        old.unlink()
    for figure in figures(name):
        (FIGURES / figure.file).write_bytes(figure.png)


def page(name: str) -> str:
    """Returns a stored notebook as a page of the site.

    Args:
        name: Its name, without folder and ending.
    """
    pictures = iter(figures(name))
    parts = []
    for cell in read_notebook(name)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(_relinked(source))
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            data = output.get("data", {})
            if "image/png" in data:
                figure = next(pictures)
                parts.append(f"![{figure.caption}](../figures/{figure.file})")
            else:
                text = "".join(output.get("text", data.get("text/plain", "")))
                parts.append(f"```text\n{text.rstrip()}\n```")
    download = f"[{name}.ipynb](../../examples/notebooks/{name}.ipynb)"
    parts.append(f"The notebook as a file: {download}.")
    return "\n\n".join(parts) + "\n"


def write_pages(folder: Path) -> None:
    """Writes every page, if its text has changed: Sphinx reads again only what is new.

    Args:
        folder: Folder of the pages.
    """
    folder.mkdir(exist_ok=True)
    for name in NAMES:
        path, text = folder / f"{name}.md", page(name)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def _pictures(cell: dict[str, Any]) -> Iterator[bytes]:
    for output in cell["outputs"]:
        png = output.get("data", {}).get("image/png")
        if png is not None:
            yield base64.b64decode("".join(png))


def _relinked(markdown: str) -> str:
    """Returns text whose links lead from the page of the site instead of the notebook's folder."""
    markdown = markdown.replace("](../../docs/", "](../")
    return re.sub(r"\]\((\w+)\.ipynb", r"](\1.md", markdown)
