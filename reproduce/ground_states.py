"""Runs everything behind `docs/ground_state_results.md`; the same command continues.

    python -m reproduce.ground_states [--out_dir=OUT] [--stages=ising_3] [--list]

Each stage is a command that a user could type, printed before it runs.
"""

from collections.abc import Iterator
from pathlib import Path

from reproduce.ground_state_cases import CASES
from reproduce.layout import Layout
from reproduce.section import Section, main, training_stage
from reproduce.stages import Stage


def stages_of(layout: Layout) -> list[Stage]:
    """Returns one training for each case."""
    return [
        training_stage(
            layout, case.name, "trainers.ground_state", case.config, minutes=case.minutes
        )
        for case in CASES
    ]


def _write_page(layout: Layout, docs_dir: Path) -> Iterator[str]:
    # It needs TensorFlow, which --help and mistakes in the flags do not wait for.
    from reproduce.ground_state_page import write_page

    return write_page(layout, docs_dir)


if __name__ == "__main__":
    main(Section("ground-states", stages_of, _write_page))
