"""A chain and a square whose ground states are grown: `docs/growth_results.md`."""

from reproduce.engine.layout import Layout
from reproduce.engine.pages import Page
from reproduce.engine.sections import Section
from reproduce.engine.stages import Stage, train_all
from reproduce.sections.growth.cases import CASES


def stages_of(layout: Layout, budget: str = "") -> list[Stage]:
    """Returns one growth for each lattice."""
    return train_all(layout, CASES)


def _page() -> Page:
    from reproduce.sections.growth.page import PAGE

    return PAGE


SECTION = Section("growth", stages_of, _page)
