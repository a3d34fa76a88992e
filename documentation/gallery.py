"""Writes docs/gallery.md, every figure with what makes it: python -m documentation.gallery.

Pictures of the notebooks have the lines of their cells; those of the pages of results come from
commands, and have the words under which their pages show them.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from documentation.notebooks.sources import NAMES
from documentation.notebooks.stored import figures, title

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGE = DOCS / "gallery.md"
LATTICES = ROOT / "examples/draw_lattices.py"
IMAGE = re.compile(r"!\[([^\]]*)\]\((?:docs/)?figures/(\w+\.png)\)")
HEADING = re.compile(r"^##+ (.*)", re.MULTILINE)
N_COLUMNS = 2
INTRODUCTION = """# Gallery

<!-- Written by python -m documentation.gallery. -->

Every figure of this documentation, each with the lines or the command that makes it. All of them
have one style, `qtf.figure_style`: exact values are always the same dashed line, axes carry their
units, and titles name the system and its size.
"""


@dataclass(frozen=True)
class Group:
    """Figures that one command makes.

    Attributes:
        title: Heading.
        files: Pattern of the names of the files.
        command: The command.
    """

    title: str
    files: str
    command: str


GROUPS = (
    Group(
        "From short chains to twelve spins",
        "tutorial_*.png",
        "python examples/learn_and_predict_12_spins.py --figure=twelve.png",
    ),
    Group("The demo", "demo_*.png", "make demo"),
    Group("Dynamics", "results_*.png", "python -m reproduce dynamics"),
    Group("Ground states", "ground_states.png", "python -m reproduce ground_states"),
    Group("Squares", "squares_*.png", "python -m reproduce squares"),
    Group("Ising squares", "ising_squares_*.png", "python -m reproduce ising_squares"),
    Group("Periodic squares", "periodic_*.png", "python -m reproduce periodic"),
    Group("Growing", "growth_*.png", "python -m reproduce growth"),
    Group("Samplers", "samplers_*.png", "python -m reproduce samplers"),
    Group("Open systems", "open_system_*.png", "python -m reproduce open_systems"),
    Group("Speed", "benchmarks_*.png", "python -m benchmarks"),
    Group("A server under load", "serving_*.png", "python -m benchmarks.load"),
    Group("Lattices", "lattice_*.png", "python examples/draw_lattices.py FOLDER"),
)


@dataclass(frozen=True)
class Shown:
    """Where a figure stands.

    Attributes:
        words: What is said of it there.
        link: The page, as a link from the folder of the documentation; empty: the README, which is
            no page of the site.
    """

    words: str
    link: str


def page() -> str:
    """Returns the page."""
    return "\n".join([INTRODUCTION, *_notebooks(), *_groups()])


def shown_figures() -> dict[str, Shown]:
    """Returns where each figure stands, by the name of its file."""
    pages = {path.name: path for path in sorted(DOCS.glob("*.md")) if path != PAGE}
    pages[""] = ROOT / "README.md"
    return {
        file: shown
        for link, path in pages.items()
        for file, shown in _shown_on(path.read_text(), link)
    }


def lattice_calls() -> dict[str, str]:
    """Returns the line that draws each lattice, by the name of its file."""
    tree = ast.parse(LATTICES.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    made = {
        call.func.id.lower(): ast.unparse(call)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id[0].isupper() and call.func.id != "Path"
    }
    return {f"lattice_{kind}.png": f"{words}.plot()" for kind, words in made.items()}


def _notebooks() -> Iterator[str]:
    for name in NAMES:
        yield f"## {title(name)}\n"
        notebook = f"[the notebook](../examples/notebooks/{name}.ipynb)"
        yield f"The lines are cells of {notebook}, where others come before them.\n"
        for figure in figures(name):
            yield f"![{figure.caption}](figures/{figure.file})\n"
            yield f"<details><summary>{figure.caption}: the lines</summary>\n"
            yield f"```python\n{figure.lines}\n```\n\n</details>\n"


def _groups() -> Iterator[str]:
    shown, calls = shown_figures(), lattice_calls()
    for group in GROUPS:
        files = sorted(path.name for path in (DOCS / "figures").glob(group.files))
        yield f"## {group.title}\n\n```\n{group.command}\n```\n"
        cells = []
        for file in files:
            words = f"`{calls[file]}`" if file in calls else _place(shown[file])
            cells.append(f"![{shown[file].words}](figures/{file})<br>{words}")
        yield _table(cells)


def _shown_on(text: str, link: str) -> Iterator[tuple[str, Shown]]:
    """Yields the figures of a page, by the names of their files."""
    # What stands before the first heading, then each heading and what stands under it.
    before, *parts = HEADING.split(text)
    for heading, part in (("", before), *zip(parts[::2], parts[1::2], strict=True)):
        for words, file in IMAGE.findall(part):
            # Some words only say the heading again.
            said = [heading] if words.lower() in heading.lower() else [heading, words]
            yield file, Shown(": ".join(filter(None, said)), link)


def _place(shown: Shown) -> str:
    return f"[{shown.words}]({shown.link})" if shown.link else shown.words


def _table(cells: Sequence[str]) -> str:
    """Returns cells in rows of a table that has no words at its head."""
    n_columns = min(N_COLUMNS, len(cells))
    rows = [cells[k : k + n_columns] for k in range(0, len(cells), n_columns)]
    rows[-1] = [*rows[-1], *[" "] * (n_columns - len(rows[-1]))]
    lines = [[" "] * n_columns, ["---"] * n_columns, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Writes the page."""
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
