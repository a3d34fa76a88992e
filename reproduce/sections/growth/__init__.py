"""A chain and a square whose ground states are grown: `docs/growth_results.md`."""

from reproduce.engine.pages import Page
from reproduce.engine.sections import Section
from reproduce.engine.stages import train_each
from reproduce.sections.growth.cases import CASES


def _page() -> Page:
    from reproduce.sections.growth.page import PAGE

    return PAGE


SECTION = Section("growth", train_each(CASES), _page)
