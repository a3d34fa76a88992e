"""Learning from shots: `docs/measurement_results.md`."""

from reproduce.engine.layout import Layout
from reproduce.engine.pages import Page
from reproduce.engine.sections import Section
from reproduce.engine.stages import Stage
from reproduce.sections.measurements.all_cases import ALL_CASES
from reproduce.sections.measurements.cases import DrawnCase
from reproduce.sections.measurements.further import FurtherCase


def stages_of(layout: Layout, budget: str = "") -> list[Stage]:
    """Returns one stage for each case."""
    return [_stage(layout, case) for case in ALL_CASES.values()]


def _stage(layout: Layout, case: DrawnCase | FurtherCase) -> Stage:
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
