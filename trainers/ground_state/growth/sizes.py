"""Trains a wave function at one size and retrains it on larger ones, one run folder for each."""

import gc
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from qtf.ground_states.task import GroundStateTask
from qtf.training.checkpoints import last_step
from qtf.training.run_folder import MUTABLE_KEYS, RunFolder, flattened
from trainers.ground_state.assembly import energy_with_symmetries, make_task, run
from trainers.ground_state.growth.report import AVERAGED, write_report
from trainers.ground_state.growth.stages import Stage, check_finished, make_stages
from trainers.ground_state.references import find_reference, reference_entries
from trainers.ground_state.report import RESULT, measure


def grow(
    config: dict[str, Any], workdir: Path | str, *, profile: bool = False
) -> Iterator[dict[str, Any]]:
    """Trains every size of `growth.sizes`, each from the weights of the one before.

    Moments of the optimiser, and the direction of stochastic reconfiguration, go along. What
    is finished is not done again; what was interrupted continues. After each size
    `growth.json` and two figures are in `workdir`, beside a run folder `size-NNN` for each.

    Args:
        config: Resolved configuration with `growth.sizes`.
        workdir: Folder of the growth.
        profile: Whether ten of the first steps of each size are traced for TensorBoard.

    Yields:
        What `growth.json` holds, after each size.

    Raises:
        ValueError: The configuration is wrong, or does not fit what has been trained.
    """
    workdir = Path(workdir)
    stages = make_stages(config)
    # Mistakes are found before anything is trained.
    tasks = [make_task(stage.config) for stage in stages]
    _check_weights(config["network"]["name"], tasks)
    folder = RunFolder(workdir)
    try:
        _open(folder, config, stages)
        for place, stage in enumerate(stages):
            if not (workdir / stage.name / RESULT).exists():
                _train(stage, workdir, config["growth"], profile=profile)
            yield write_report(stages[: place + 1], workdir)
    finally:
        folder.close()


def _check_weights(name: str, tasks: Sequence[GroundStateTask]) -> None:
    """Checks that the largest size can start from the weights of the smallest one.

    Where shapes depend on the size, these two differ; to build all would take long.
    """
    first, last = (
        [variable.shape for variable in task.make_wave_function().trainable_variables]
        for task in (tasks[0], tasks[-1])
    )
    if first != last:
        raise ValueError(
            "Setting `network.name` must be a network whose weights are the same at every size"
            f' for a growth, but is "{name}".'
        )


def _open(folder: RunFolder, config: dict[str, Any], stages: list[Stage]) -> None:
    if folder.config.exists() and "growth" not in folder.load_config():
        raise ValueError(
            f"Folder {folder.path} holds a run of one size; choose another folder for"
            " `growth.sizes`, or leave them out to continue the run."
        )
    # What was asked of a size stands in its own folder.
    check_finished(stages, folder.path)
    growth = flattened({"growth": config["growth"]})
    asked = {key: value for key, value in config.items() if key != "refinement"}
    folder.open(asked, mutable={*MUTABLE_KEYS, *growth} - {"training.n_epochs"})


def _train(stage: Stage, workdir: Path, growth: dict[str, Any], *, profile: bool) -> None:
    path = workdir / stage.name
    begun = last_step(RunFolder(path).checkpoints) or 0
    started = time.monotonic()
    start_from = None if stage.start is None else workdir / stage.start
    task, model = run(stage.config, path, start_from=start_from, profile=profile)
    seconds = time.monotonic() - started
    n_steps = last_step(RunFolder(path).checkpoints)
    more = {
        "size": stage.size,
        "n_steps": n_steps,
        "n_evaluation": growth["n_evaluation"],
        # A start that had nothing left to train says nothing.
        "seconds_per_step": seconds / (n_steps - begun) if n_steps > begun else None,
        **reference_entries(find_reference(stage.config)),
    }
    n_averages = growth["n_averages"]
    average = energy_with_symmetries(stage.config, model, n_averages) if n_averages else None
    if average is not None:
        more[f"energy{AVERAGED}"] = average.energy
        more[f"energy_error{AVERAGED}"] = average.energy_error
    measure(task, model, path, n_samples=growth["n_evaluation"], more=more)
    del task, model
    # Compiled steps hold their model in a circle.
    gc.collect()
