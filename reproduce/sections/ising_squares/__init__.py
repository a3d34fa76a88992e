"""Ising squares of 12 x 12 in five fields, and of 21 x 21: `docs/ising_squares_results.md`."""

from reproduce.engine.pages import Page
from reproduce.searches.section import make_section
from reproduce.sections.ising_squares.cases import GROWTHS


def _page() -> Page:
    from reproduce.sections.ising_squares.page import PAGE

    return PAGE


SECTION = make_section("ising_squares", GROWTHS, _page)
