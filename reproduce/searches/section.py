"""A section of growths."""

import functools
from collections.abc import Callable, Sequence

from reproduce.engine.layout import Layout
from reproduce.engine.pages import Page
from reproduce.engine.sections import TINY, USUAL, Section
from reproduce.engine.stages import Stage
from reproduce.searches.growths import GrowthCase, make_stages


def make_section(name: str, growths: Sequence[GrowthCase], page: Callable[[], Page]) -> Section:
    """Returns a section with one stage for each growth, whose finished sizes are kept.

    Args:
        name: Name on the command line.
        growths: Its growths.
        page: Returns the page.
    """
    stages: Callable[[Layout, str], list[Stage]] = functools.partial(
        make_stages, section=name, growths=growths
    )
    return Section(name, stages, page, budgets=(USUAL, TINY))
