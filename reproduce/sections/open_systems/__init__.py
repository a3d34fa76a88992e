"""Open systems in time and at rest: `docs/open_system_results.md`."""

from reproduce.engine.layout import Layout
from reproduce.engine.pages import Page
from reproduce.engine.sections import Section
from reproduce.engine.stages import Stage, train_all
from reproduce.sections.open_systems.cases import CASES


def stages_of(layout: Layout, budget: str = "") -> list[Stage]:
    """Returns one run for each case."""
    return train_all(layout, CASES)


def _page() -> Page:
    from reproduce.sections.open_systems.page import PAGE

    return PAGE


SECTION = Section("open_systems", stages_of, _page)
