"""Open Heisenberg squares to 16 x 16: `docs/squares_results.md`."""

from reproduce.engine.pages import Page
from reproduce.searches.section import make_section
from reproduce.sections.squares.cases import GROWTHS


def _page() -> Page:
    from reproduce.sections.squares.page import PAGE

    return PAGE


SECTION = make_section("squares", GROWTHS, _page)
