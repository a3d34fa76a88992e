"""Runs notebooks in a Jupyter kernel, and keeps of their outputs what readers see."""

import base64
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from traitlets.config import Config

from documentation.notebooks.sources import Cell
from documentation.small_png import reduce_colors

ROOT = Path(__file__).resolve().parents[2]
PNG = "image/png"
# Seconds that a cell may take, on a machine that does other things, too.
PATIENCE = 1800
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def unexecuted(cells: Sequence[Cell]) -> nbformat.NotebookNode:
    """Returns a notebook without outputs.

    Args:
        cells: Its cells.
    """
    made = []
    for place, cell in enumerate(cells, 1):
        new_cell = new_code_cell if cell.is_code else new_markdown_cell
        made.append(new_cell(cell.text, id=f"cell-{place}"))
    return new_notebook(cells=made, metadata=METADATA)


def execute(cells: Sequence[Cell]) -> nbformat.NotebookNode:
    """Returns a notebook with its outputs, run from top to bottom in an empty folder.

    What goes to standard error is progress, and not kept.

    Args:
        cells: Its cells.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell raised.
    """
    notebook = unexecuted(cells)
    with tempfile.TemporaryDirectory(prefix="nb-") as folder:
        work, private = Path(folder, "work"), Path(folder, "jupyter")
        work.mkdir()
        private.mkdir()
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            config=_through_files(private),
            timeout=PATIENCE,
            record_timing=False,
            resources={"metadata": {"path": str(work)}},
        )
        client.execute(env=_environment(private))
    for cell in notebook.cells:
        cell.metadata.clear()
        if cell.cell_type == "code":
            cell.outputs = _kept(cell.outputs)
    nbformat.validate(notebook)
    return notebook


def _through_files(private: Path) -> Config:
    """Returns settings with which nobody else reaches the kernel, as they would a port."""
    return Config(
        KernelManager={"transport": "ipc", "connection_file": str(private / "kernel.json")}
    )


def _environment(private: Path) -> dict[str, str]:
    """Returns an environment in which commands are found, and nobody's settings of Jupyter."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    commands = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PATH": os.pathsep.join(filter(None, commands)),
        "IPYTHONDIR": str(private),
        "JUPYTER_CONFIG_DIR": str(private),
    }


def _kept(outputs: Sequence[Any]) -> list[Any]:
    """Returns what readers see: text in one piece, and small pictures."""
    kept: list[Any] = []
    for output in outputs:
        if output.output_type == "stream":
            if output.name != "stdout":
                continue
            if kept and kept[-1].output_type == "stream":
                kept[-1].text += output.text
                continue
        elif PNG in output.data:
            small = reduce_colors(base64.b64decode(output.data[PNG]))
            output.data[PNG] = base64.b64encode(small).decode()
            output.metadata.clear()
        kept.append(output)
    return kept
