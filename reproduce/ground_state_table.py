"""The table of all ground states, `docs/ground_states.csv`: one row a result."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from qtf.files import write_atomically
from reproduce.searches.rows import TableRow
from reproduce.sections.chain_300 import page as chain_300
from reproduce.sections.ground_states import page as ground_states
from reproduce.sections.growth import page as growth
from reproduce.sections.ising_squares import page as ising_squares
from reproduce.sections.networks import page as networks
from reproduce.sections.periodic import page as periodic
from reproduce.sections.squares import page as squares

NAME = "ground_states.csv"
COLUMNS = tuple(field.name for field in fields(TableRow))
# In the order of the rows.
PAGES = (ground_states, growth, networks, squares, ising_squares, chain_300, periodic)


def write_table(docs: Path) -> None:
    """Writes the table from the numbers of the pages that are there.

    Args:
        docs: Folder of the pages.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(asdict, _rows(docs)))
    write_atomically(docs / NAME, text.getvalue())


def read_table(path: Path) -> Sequence[dict[str, str]]:
    """Returns the rows of a table, each with its columns."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _rows(docs: Path) -> Iterator[TableRow]:
    for module in PAGES:
        if (docs / f"{module.PAGE.name}.json").exists():
            yield from module.table_rows(module.PAGE.read(docs))
