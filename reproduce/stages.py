"""The stages of the reproduction: each is a command that a user could type."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.budgets import Budget, budget
from reproduce.layout import BASE_RUNS, LONG_CHAINS, NOISY_RUN, NOT_GROWN, TRANSFER_RUNS, Layout

CONFIGS = {
    "increment": "configs/dynamics/increment.py",
    "paper": "configs/dynamics/paper.py",
    "local_generator": "configs/dynamics/local_generator.py",
    NOISY_RUN: "configs/dynamics/local_generator.py",
    **dict.fromkeys(TRANSFER_RUNS, "configs/dynamics/transfer_8.py"),
}
# Trajectories are computed during the training, so that no gigabytes are written first.
ON_THE_FLY = "--config.data.source=exact"
NOISE = "--config.fit.noise=1e-3"
EVALUATED_STEPS = 250
# The rate that the base run has in the paper.
BASE_RATE = (
    "--config.training.optimizer.learning_rate=1e-3",
    "--config.training.optimizer.decay=0.95",
)


@dataclass(frozen=True)
class Stage:
    """One command.

    Attributes:
        name: Of the stage.
        module: What `python -m` runs.
        arguments: Of the command.
        output: File or folder that it writes.
        inputs: Files that it reads; changed content makes it run again.
        needs: Stages that have to be finished before.
        config: Configuration file, part of the inputs, or None.
        minutes: Expected duration on two cores.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    output: Path
    inputs: tuple[Path, ...] = ()
    needs: tuple[str, ...] = ()
    config: str | None = None
    minutes: float = 1.0

    @property
    def command(self) -> tuple[str, ...]:
        """The command after `python`."""
        config = () if self.config is None else (f"--config={self.config}",)
        return ("-m", self.module, *config, *self.arguments)


def all_stages(layout: Layout, budget_name: str, docs_dir: Path) -> list[Stage]:
    """Returns every stage in the order in which they run.

    Args:
        layout: Where outputs go.
        budget_name: See `reproduce.budgets`.
        docs_dir: Folder of the final page, its figures and numbers.
    """
    chosen = budget(budget_name)
    stages = [
        _training(layout, "local_generator"),
        _training(layout, NOISY_RUN),
        _training(layout, "increment"),
        _training(layout, "paper"),
        *(_training(layout, name) for name in TRANSFER_RUNS),
        *_evaluations(layout, chosen),
        _printed_states(layout, chosen),
        _times(layout, chosen),
        _report(layout, docs_dir),
    ]
    return [
        _with(stage, chosen.arguments.get(stage.name, ()), chosen.minutes[stage.name])
        for stage in stages
    ]


def _with(stage: Stage, arguments: tuple[str, ...], minutes: float) -> Stage:
    changed = {"arguments": (*stage.arguments, *arguments), "minutes": minutes}
    return Stage(**{**vars(stage), **changed})


def _training(layout: Layout, name: str) -> Stage:
    output = layout.run(name)
    arguments: tuple[str, ...] = (ON_THE_FLY, f"--workdir={output}")
    inputs, needs = (), ()
    if name.startswith("transfer"):
        arguments += (f"--init_from={layout.run('increment')}",)
        inputs, needs = weights_of(layout, "increment"), ("increment",)
    if name.endswith("base_rate"):
        arguments += BASE_RATE
    if name == NOT_GROWN:
        arguments += ("--config.transfer.grow=False",)
    if name == NOISY_RUN:
        arguments += (NOISE,)
    return Stage(name, "trainers.dynamics", arguments, output, inputs, needs, CONFIGS[name])


def _evaluations(layout: Layout, chosen: Budget) -> list[Stage]:
    base, count = chosen.base, chosen.n_samples
    return [
        _evaluation(layout, "increment", "increment", base, count),
        _evaluation(layout, "paper", "paper", base, count),
        *(_evaluation(layout, name, name, (chosen.transfer,), count) for name in TRANSFER_RUNS),
        _evaluation(layout, "local_generator", "local_generator", (*base, chosen.transfer), count),
        _evaluation(layout, LONG_CHAINS, "local_generator", chosen.long, chosen.n_long_samples),
    ]


def _evaluation(
    layout: Layout, name: str, run: str, n_sites: Sequence[int], n_samples: int
) -> Stage:
    output = layout.evaluation(name)
    arguments = (
        f"--workdir={layout.run(run)}",
        f"--out_dir={output}",
        f"--n_sites={_listed(n_sites)}",
        f"--n_steps={EVALUATED_STEPS}",
        f"--n_samples={n_samples}",
    )
    inputs = weights_of(layout, run)
    return Stage(f"evaluate_{name}", "trainers.evaluate", arguments, output, inputs, (run,))


def _printed_states(layout: Layout, chosen: Budget) -> Stage:
    output = layout.printed_states
    arguments = (
        *(f"--run={layout.run(name)}" for name in BASE_RUNS),
        f"--out_file={output}",
        f"--n_sites={_listed(chosen.base)}",
        f"--n_steps={EVALUATED_STEPS}",
    )
    inputs = tuple(file for name in BASE_RUNS for file in weights_of(layout, name))
    return Stage("printed_states", "reproduce.printed_states", arguments, output, inputs, BASE_RUNS)


def _times(layout: Layout, chosen: Budget) -> Stage:
    arguments = (
        f"--workdir={layout.run('increment')}",
        f"--out_file={layout.times}",
        f"--n_sites={_listed(chosen.base)}",
    )
    inputs = weights_of(layout, "increment")
    return Stage("times", "reproduce.times", arguments, layout.times, inputs, ("increment",))


def _report(layout: Layout, docs_dir: Path) -> Stage:
    arguments = (f"--out_dir={layout.root}", f"--docs_dir={docs_dir}")
    runs = (*BASE_RUNS, NOISY_RUN, *TRANSFER_RUNS)
    evaluated = (*BASE_RUNS, LONG_CHAINS, *TRANSFER_RUNS)
    inputs = (
        *(layout.run(name) / "metrics.jsonl" for name in runs),
        *(layout.evaluation(name) / "metrics.json" for name in evaluated),
        layout.printed_states,
        layout.times,
    )
    # Needs nothing: it reports what is there and leaves out what is not.
    return Stage("report", "reproduce.report", arguments, docs_dir / "results.json", inputs)


def weights_of(layout: Layout, run: str) -> tuple[Path, ...]:
    """Returns the files from which the model of a run is made again."""
    return (layout.run(run) / "model.json", layout.run(run) / "best.weights.h5")


def _listed(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))
