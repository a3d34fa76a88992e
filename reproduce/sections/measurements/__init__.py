"""Learning from shots: `docs/measurement_results.md`."""

from reproduce.engine.layout import Layout
from reproduce.engine.pages import Page
from reproduce.engine.sections import Section
from reproduce.engine.stages import Stage
from reproduce.sections.measurements.cases import CASES, DrawnCase


def stages_of(layout: Layout, budget: str = "") -> list[Stage]:
    """Returns one stage for each case."""
    return [_stage(layout, case) for case in CASES.values()]


def _stage(layout: Layout, case: DrawnCase) -> Stage:
    output = layout.run(case.name) / "draws.json"
    return Stage(
        case.name,
        "reproduce.sections.measurements.draws",
        (f"--case={case.name}", f"--n_draws={case.n_draws}", f"--out_file={output}"),
        output,
        minutes=case.minutes,
    )


def _page() -> Page:
    from reproduce.sections.measurements.page import PAGE

    return PAGE


SECTION = Section("measurements", stages_of, _page)
