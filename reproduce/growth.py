"""Runs everything behind `docs/growth_results.md`; the same command continues.

python -m reproduce.growth [--out_dir=OUT] [--stages=chain] [--list]
"""

from collections.abc import Iterator
from pathlib import Path

from reproduce.growth_cases import CASES
from reproduce.layout import Layout
from reproduce.section import Section, main, training_stage
from reproduce.stages import Stage


def stages_of(layout: Layout) -> list[Stage]:
    """Returns one growth for each lattice."""
    return [
        training_stage(
            layout, case.name, "trainers.ground_state", case.config, minutes=case.minutes
        )
        for case in CASES
    ]


def _write_page(layout: Layout, docs_dir: Path) -> Iterator[str]:
    from reproduce.growth_page import write_page

    return write_page(layout, docs_dir)


if __name__ == "__main__":
    main(Section("growth", stages_of, _write_page))
