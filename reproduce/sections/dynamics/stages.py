"""The stages of this section."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reproduce.engine.layout import Layout
from reproduce.engine.stages import Stage
from reproduce.sections.dynamics.budgets import Budget, budget
from reproduce.sections.dynamics.runs import (
    BASE_RUNS,
    EVALUATED,
    INCREMENT,
    LOCAL_GENERATOR,
    LONG_CHAINS,
    NOISY_RUN,
    NOT_GROWN,
    PAPER,
    TRAINED,
    TRANSFER_RUNS,
    evaluation_folder,
    printed_states_file,
    times_file,
)

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


def stages_of(layout: Layout, budget_name: str) -> list[Stage]:
    """Returns every stage in the order in which they run.

    Args:
        layout: Where outputs go.
        budget_name: See `budgets`.
    """
    chosen = budget(budget_name)
    stages = [
        *(_train(layout, name) for name in (LOCAL_GENERATOR, NOISY_RUN, INCREMENT, PAPER)),
        *(_train(layout, name) for name in TRANSFER_RUNS),
        *_evaluate_all(layout, chosen),
        _predict_printed_states(layout, chosen),
        _measure_times(layout, chosen),
        _report(layout),
    ]
    return [
        replace(
            stage,
            arguments=(*stage.arguments, *chosen.arguments.get(stage.name, ())),
            minutes=chosen.minutes[stage.name],
        )
        for stage in stages
    ]


def _train(layout: Layout, name: str) -> Stage:
    output = layout.run(name)
    arguments: tuple[str, ...] = (ON_THE_FLY, f"--workdir={output}")
    inputs: tuple[Path, ...] = ()
    needs: tuple[str, ...] = ()
    if name.startswith("transfer"):
        arguments += (f"--init_from={layout.run(INCREMENT)}",)
        inputs, needs = layout.weights(INCREMENT), (INCREMENT,)
    if name.endswith("base_rate"):
        arguments += BASE_RATE
    if name == NOT_GROWN:
        arguments += ("--config.transfer.grow=False",)
    if name == NOISY_RUN:
        arguments += (NOISE,)
    return Stage(name, "trainers.dynamics", arguments, output, inputs, needs, CONFIGS[name])


def _evaluate_all(layout: Layout, chosen: Budget) -> list[Stage]:
    base, count = chosen.base, chosen.n_samples
    return [
        _evaluate(layout, INCREMENT, INCREMENT, base, count),
        _evaluate(layout, PAPER, PAPER, base, count),
        *(_evaluate(layout, name, name, (chosen.transfer,), count) for name in TRANSFER_RUNS),
        _evaluate(layout, LOCAL_GENERATOR, LOCAL_GENERATOR, (*base, chosen.transfer), count),
        _evaluate(layout, LONG_CHAINS, LOCAL_GENERATOR, chosen.long, chosen.n_long_samples),
    ]


def _evaluate(layout: Layout, name: str, run: str, n_sites: Sequence[int], n_samples: int) -> Stage:
    output = evaluation_folder(layout, name)
    arguments = (
        f"--workdir={layout.run(run)}",
        f"--out_dir={output}",
        f"--n_sites={_join(n_sites)}",
        f"--n_steps={EVALUATED_STEPS}",
        f"--n_samples={n_samples}",
    )
    inputs = layout.weights(run)
    return Stage(f"evaluate_{name}", "trainers.evaluate", arguments, output, inputs, (run,))


def _predict_printed_states(layout: Layout, chosen: Budget) -> Stage:
    output = printed_states_file(layout)
    arguments = (
        *(f"--run={layout.run(name)}" for name in BASE_RUNS),
        f"--out_file={output}",
        f"--n_sites={_join(chosen.base)}",
        f"--n_steps={EVALUATED_STEPS}",
    )
    inputs = tuple(file for name in BASE_RUNS for file in layout.weights(name))
    return Stage(
        "printed_states",
        "reproduce.sections.dynamics.printed_states",
        arguments,
        output,
        inputs,
        tuple(BASE_RUNS),
        journal_module="reproduce.printed_states",
    )


def _measure_times(layout: Layout, chosen: Budget) -> Stage:
    arguments = (
        f"--workdir={layout.run(INCREMENT)}",
        f"--out_file={times_file(layout)}",
        f"--n_sites={_join(chosen.base)}",
    )
    inputs = layout.weights(INCREMENT)
    return Stage(
        "times",
        "reproduce.sections.dynamics.times",
        arguments,
        times_file(layout),
        inputs,
        (INCREMENT,),
        journal_module="reproduce.times",
    )


def _report(layout: Layout) -> Stage:
    arguments = (f"--out_dir={layout.root}", f"--docs_dir={layout.docs}")
    inputs = (
        *(layout.run(name) / "metrics.jsonl" for name in TRAINED),
        *(evaluation_folder(layout, name) / "metrics.json" for name in EVALUATED),
        printed_states_file(layout),
        times_file(layout),
    )
    # Needs nothing: it reports what is there and leaves out what is not.
    return Stage("report", "reproduce.report", arguments, layout.docs / "results.json", inputs)


def _join(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))
