"""Periodic squares: `docs/periodic_results.md`."""

from reproduce.engine.pages import Page
from reproduce.searches.section import make_section
from reproduce.sections.periodic.cases import GROWTHS


def _page() -> Page:
    from reproduce.sections.periodic.page import PAGE

    return PAGE


SECTION = make_section("periodic", GROWTHS, _page)
