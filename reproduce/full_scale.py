"""Runs everything behind `docs/full_scale.md`; the same command continues.

    python -m reproduce.full_scale [--out_dir=OUT] [--stages=ising_12] [--list]

Each stage starts a training of days, stops it after a few steps, and resumes it.
"""

from collections.abc import Iterator
from pathlib import Path

from reproduce.full_scale_cases import CASES, Case
from reproduce.layout import Layout
from reproduce.section import Section, main
from reproduce.stages import Stage


def stages_of(layout: Layout) -> list[Stage]:
    """Returns one stage for each configuration."""
    return [_stage(layout, case) for case in CASES]


def _stage(layout: Layout, case: Case) -> Stage:
    output = layout.measurement(case.name)
    arguments = (
        f"--module={case.module}",
        f"--workdir={layout.run(case.name)}",
        f"--out_file={output}",
        f"--n_steps={case.n_steps}",
        *(() if case.resumes else ("--noresume",)),
        *(f"--trainer_flag={flag}" for flag in case.trainer_flags),
    )
    module = "reproduce.start_and_resume"
    return Stage(case.name, module, arguments, output, config=case.config, minutes=case.minutes)


def _write_page(layout: Layout, docs_dir: Path) -> Iterator[str]:
    from reproduce.full_scale_page import write_page

    return write_page(layout, docs_dir)


if __name__ == "__main__":
    main(Section("full-scale", stages_of, _write_page))
