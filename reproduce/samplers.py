"""Runs everything behind `docs/sampler_results.md`; the same command continues.

    python -m reproduce.samplers [--out_dir=OUT] [--stages=ising_4] [--list]

Direct samples against Markov chains: of two trained wave functions in the ferromagnet, and as what
a wave function is trained on.
"""

from collections.abc import Iterator
from pathlib import Path

from reproduce.layout import Layout
from reproduce.section import Section, main, training_stage
from reproduce.stages import Stage, weights_of

SIDES = (4, 6)
FIELD = 2.0


def stages_of(layout: Layout) -> list[Stage]:
    """Returns a training and its comparison for each side, and the comparison of trainings."""
    stages = []
    for side, minutes in zip(SIDES, (3.0, 12.0), strict=True):
        name = f"ising_{side}"
        config = f"configs/ground_state/ising_square.py:{side},{FIELD}"
        stages.append(
            training_stage(layout, name, "trainers.ground_state", config, minutes=minutes)
        )
        stages.append(_comparison(layout, f"modes_{side}", run=name))
    return [*stages, _comparison(layout, "trainings")]


def _comparison(layout: Layout, name: str, *, run: str | None = None) -> Stage:
    folder = layout.run(name)
    module, arguments = "trainers.compare_samplers", (f"--workdir={folder}",)
    if run is None:
        return Stage(name, module, arguments, folder, minutes=5.0)
    arguments += (f"--run={layout.run(run)}", "--symmetrized", "--n_steps=0")
    # The configuration says over which symmetries it is averaged.
    inputs = (*weights_of(layout, run), layout.run(run) / "config.json")
    return Stage(name, module, arguments, folder, inputs, (run,))


def _write_page(layout: Layout, docs_dir: Path) -> Iterator[str]:
    from reproduce.sampler_page import write_page

    return write_page(layout, docs_dir)


if __name__ == "__main__":
    main(Section("samplers", stages_of, _write_page))
