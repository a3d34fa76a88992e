"""All networks on the open 6 x 6 Heisenberg square: `docs/networks_results.md`."""

from reproduce.engine.pages import Page
from reproduce.searches.section import make_section
from reproduce.sections.networks.cases import GROWTHS


def _page() -> Page:
    from reproduce.sections.networks.page import PAGE

    return PAGE


SECTION = make_section("networks", GROWTHS, _page)
