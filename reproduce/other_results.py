"""Rows of `docs/results.md` about what has pages of its own: ground states and open systems."""

from pathlib import Path

from reports.tables import table
from reproduce.sections.chain_300 import page as chain_300
from reproduce.sections.ground_states import page as ground_states
from reproduce.sections.growth import page as growth
from reproduce.sections.ising_squares import page as ising_squares
from reproduce.sections.open_systems import page as open_systems
from reproduce.sections.periodic import page as periodic
from reproduce.sections.squares import page as squares

PAGES = (ground_states, growth, squares, ising_squares, chain_300, periodic, open_systems)

TITLE = "## Ground states and open systems"
INTRODUCTION = (
    "These systems have pages of their own: [ground states](ground_state_results.md),"
    " [growing them](growth_results.md), [squares](squares_results.md),"
    " [Ising squares](ising_squares_results.md), a [long chain](chain_300_results.md),"
    " [periodic squares](periodic_results.md) and [open systems](open_system_results.md). The"
    " table has the errors that these pages stated when this one was written, and the errors that"
    " were asked for. Errors of energies are relative; those of open systems are the largest"
    " distance of an averaged Pauli matrix from its exact value."
)


def describe_others(docs: Path) -> str:
    """Returns the table as markdown, or nothing where there are no such pages.

    Args:
        docs: Folder of the pages and of the numbers that they were made from.
    """
    rows = [
        [requirement.words, requirement.measured, requirement.limit]
        for page in PAGES
        if (docs / f"{page.PAGE.name}.json").exists()
        for requirement in page.summary(page.PAGE.read(docs))
    ]
    head = ["", "error found", "asked for"]
    return "\n\n".join([TITLE, INTRODUCTION, table(head, rows)]) if rows else ""
