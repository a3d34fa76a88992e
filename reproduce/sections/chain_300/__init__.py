"""The open Heisenberg chain to 300 spins: `docs/chain_300_results.md`."""

from reproduce.engine.pages import Page
from reproduce.searches.section import make_section
from reproduce.sections.chain_300.cases import GROWTHS


def _page() -> Page:
    from reproduce.sections.chain_300.page import PAGE

    return PAGE


SECTION = make_section("chain_300", GROWTHS, _page)
