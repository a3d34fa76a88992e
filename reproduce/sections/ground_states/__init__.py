"""Ground states of squares and a chain: `docs/ground_state_results.md`."""

from reproduce.engine.layout import Layout
from reproduce.engine.pages import Page
from reproduce.engine.sections import Section
from reproduce.engine.stages import Stage, train_all
from reproduce.sections.ground_states.cases import CASES


def stages_of(layout: Layout, budget: str = "") -> list[Stage]:
    """Returns one training for each case."""
    return train_all(layout, CASES)


def _page() -> Page:
    # It needs TensorFlow, which --help and mistakes in the flags do not wait for.
    from reproduce.sections.ground_states.page import PAGE

    return PAGE


SECTION = Section("ground_states", stages_of, _page)
