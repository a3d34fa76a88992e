"""Direct samples against Markov chains: `docs/sampler_results.md`.

Two trained wave functions in the ferromagnet, and what a wave function is trained on.
"""

from reproduce.engine.pages import Page
from reproduce.engine.sections import Section
from reproduce.sections.samplers.stages import stages_of


def _page() -> Page:
    from reproduce.sections.samplers.page import PAGE

    return PAGE


SECTION = Section("samplers", stages_of, _page)
