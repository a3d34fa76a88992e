"""Runs everything behind `docs/open_system_results.md`; the same command continues.

python -m reproduce.open_systems [--out_dir=OUT] [--stages=heisenberg_chain_4] [--list]
"""

from collections.abc import Iterator
from pathlib import Path

from reproduce.layout import Layout
from reproduce.open_system_cases import CASES
from reproduce.section import Section, main, training_stage
from reproduce.stages import Stage


def stages_of(layout: Layout) -> list[Stage]:
    """Returns one run for each case."""
    return [
        training_stage(
            layout,
            case.name,
            "trainers.open_system",
            case.config,
            *case.trainer_flags,
            minutes=case.minutes,
        )
        for case in CASES
    ]


def _write_page(layout: Layout, docs_dir: Path) -> Iterator[str]:
    from reproduce.open_system_page import write_page

    return write_page(layout, docs_dir)


if __name__ == "__main__":
    main(Section("open-systems", stages_of, _write_page))
