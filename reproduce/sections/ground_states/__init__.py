"""Ground states of squares and a chain: `docs/ground_state_results.md`."""

from reproduce.engine.pages import Page
from reproduce.engine.sections import Section
from reproduce.engine.stages import train_each
from reproduce.sections.ground_states.cases import CASES


def _page() -> Page:
    # It needs TensorFlow, which --help and mistakes in the flags do not wait for.
    from reproduce.sections.ground_states.page import PAGE

    return PAGE


SECTION = Section("ground_states", train_each(CASES), _page)
