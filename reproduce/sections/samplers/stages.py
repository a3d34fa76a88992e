"""Trained wave functions, and the comparisons of samplers on them."""

from reproduce.engine.cases import Case
from reproduce.engine.layout import Layout
from reproduce.engine.stages import Stage, train

SIDES = (4, 6)
FIELD = 2.0
MINUTES = {4: 3.0, 6: 12.0}
TRAININGS = "trainings"
MODES = {side: f"modes_{side}" for side in SIDES}


def stages_of(layout: Layout, budget: str = "") -> list[Stage]:
    """Returns a training and its comparison for each side, and the comparison of trainings."""
    stages = []
    for side in SIDES:
        case = Case(
            f"ising_{side}",
            f"Ising {side} x {side}",
            "trainers.ground_state",
            f"configs/ground_state/ising_square.py:{side},{FIELD}",
            minutes=MINUTES[side],
        )
        stages += [train(layout, case), _compare(layout, MODES[side], run=case.name)]
    return [*stages, _compare(layout, TRAININGS)]


def _compare(layout: Layout, name: str, *, run: str | None = None) -> Stage:
    folder = layout.run(name)
    module = "trainers.compare_samplers"
    arguments: tuple[str, ...] = (f"--workdir={folder}",)
    if run is None:
        return Stage(name, module, arguments, folder, minutes=5.0)
    arguments += (f"--run={layout.run(run)}", "--symmetrized", "--n_steps=0")
    # The configuration says over which symmetries it is averaged.
    inputs = (*layout.weights(run), layout.run(run) / "config.json")
    return Stage(name, module, arguments, folder, inputs, (run,))
