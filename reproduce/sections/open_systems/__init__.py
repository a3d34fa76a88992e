"""Open systems in time and at rest: `docs/open_system_results.md`."""

from reproduce.engine.pages import Page
from reproduce.engine.sections import Section
from reproduce.engine.stages import train_each
from reproduce.sections.open_systems.cases import CASES, REFERENCES


def _page() -> Page:
    from reproduce.sections.open_systems.page import PAGE

    return PAGE


SECTION = Section("open_systems", train_each((*REFERENCES, *CASES)), _page)
