"""What takes days, started, stopped and resumed: `docs/full_scale.md`."""

from reproduce.engine.layout import Layout
from reproduce.engine.pages import Page
from reproduce.engine.sections import Section
from reproduce.engine.stages import Stage
from reproduce.sections.full_scale.cases import STARTS, Start, measurement


def stages_of(layout: Layout, budget: str = "") -> list[Stage]:
    """Returns one stage for each configuration."""
    return [_stage(layout, start) for start in STARTS]


def _stage(layout: Layout, start: Start) -> Stage:
    case, output = start.case, measurement(layout, start.case)
    arguments = (
        f"--module={case.module}",
        f"--workdir={layout.run(case.name)}",
        f"--out_file={output}",
        f"--n_steps={start.n_steps}",
        *(() if start.resumes else ("--noresume",)),
        *(f"--trainer_flag={flag}" for flag in case.flags),
    )
    return Stage(
        case.name,
        "reproduce.sections.full_scale.start_and_resume",
        arguments,
        output,
        config=case.config,
        minutes=case.minutes,
        journal_module="reproduce.start_and_resume",
    )


def _page() -> Page:
    from reproduce.sections.full_scale.page import PAGE

    return PAGE


SECTION = Section("full_scale", stages_of, _page)
