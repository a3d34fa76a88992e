"""Runs notebooks and stores them with their outputs: python -m documentation.notebooks [NAME]."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat

from documentation.notebooks.execution import execute
from documentation.notebooks.sources import FOLDER, NAMES, read_cells
from documentation.notebooks.stored import write_figures


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs notebooks, all or those that are named.

    Args:
        arguments: Words of the command line; None: those of the process.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--out_dir", type=Path, help="folder of NAME.ipynb, and nothing else")
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.names) - set(NAMES))
    if unknown:
        parser.error(f"NAME must be one of {', '.join(NAMES)}, but is {', '.join(unknown)}")
    for name in chosen.names or NAMES:
        started = time.monotonic()
        notebook = execute(read_cells(FOLDER / f"{name}.py"))
        nbformat.write(notebook, (chosen.out_dir or FOLDER) / f"{name}.ipynb")
        if chosen.out_dir is None:
            write_figures(name)
        sys.stdout.write(f"{name}: {time.monotonic() - started:.0f} s\n")


if __name__ == "__main__":
    main()
