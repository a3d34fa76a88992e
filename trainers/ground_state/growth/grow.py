"""Trains a wave function at one size and retrains it on larger ones, one run folder for each."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from qtf.ground_states.runs.assembly import estimate_average, make_wave_function, run
from qtf.ground_states.runs.facts import Facts
from qtf.ground_states.runs.report import RESULT, measure, write_result
from qtf.ground_states.runs.settings import GroundStateSettings, SizeSettings
from qtf.progress import announced
from qtf.run_kinds import GROUND_STATES
from qtf.settings import flatten
from qtf.training.changes import MUTABLE_KEYS, ChangeRules
from qtf.training.checkpoint_files import last_step
from qtf.training.pace import Pace
from qtf.training.run_folder import RunFolder, check_same
from trainers.ground_state.growth.budget import Budget
from trainers.ground_state.growth.report import write_report
from trainers.ground_state.growth.rows import AVERAGED, Growth
from trainers.ground_state.growth.stages import Stage, make_stages

# Only their end decides whether the next size may still begin.
RULES_OF_A_SIZE = ChangeRules(
    mutable=(
        "training.log_every_steps",
        "training.checkpoint_every_minutes",
        "training.histograms_every_epochs",
        "training.figures_every_epochs",
    ),
    usual=SizeSettings().as_mapping(),
)


def grow(
    settings: GroundStateSettings,
    facts: Sequence[Facts],
    workdir: Path | str,
    *,
    profile: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Growth]:
    """Trains every size of `growth.sizes`, each from the weights of the one before.

    Moments of the optimiser, and all that the kind of the steps keeps, such as the direction of
    stochastic reconfiguration, go along. What is finished is not done again; what was interrupted
    continues, and what it has used of the minutes stays used. After each size `growth.json` and
    two figures are in `workdir`, beside a run folder `size-NNN` for each.

    Args:
        settings: Settings of the command, with `growth.sizes`.
        facts: What `find_all_facts` has shown at each stage.
        workdir: Folder of the growth.
        profile: Whether ten of the first steps of each size are traced for TensorBoard.
        clock: Seconds from any moment on, by which minutes are counted.

    Yields:
        What `growth.json` holds, after each size.

    Raises:
        ValueError: The network is none that grows, or what has been trained does not fit.
    """
    workdir = Path(workdir)
    stages = make_stages(settings)
    # Mistakes are found before anything is trained.
    _check_weights(stages, facts)
    folder = RunFolder(workdir)
    budget = Budget(stages, settings.growth, workdir, clock=clock)
    try:
        _open(folder, settings, stages)
        for place, stage in enumerate(stages):
            if not (workdir / stage.name / RESULT).exists():
                _train(stage, facts[place], workdir, budget.pace(place), profile=profile)
            growth = write_report(stages[: place + 1], workdir)
            if place + 1 == len(stages) or stages[place + 1].size != stage.size:
                yield growth
    finally:
        folder.close()


def check_finished(stages: Sequence[Stage], workdir: Path) -> None:
    """Checks the run folders of all sizes that have begun against what is asked.

    Raises:
        ValueError: A size has been trained in another way, or after another size.
    """
    for stage in stages:
        folder = RunFolder(workdir / stage.name)
        if folder.config.exists():
            asked = stage.settings.as_mapping()
            check_same(folder.path, folder.load_config(), asked, RULES_OF_A_SIZE)


def _check_weights(stages: Sequence[Stage], facts: Sequence[Facts]) -> None:
    """Checks that the largest size can start from the weights of the smallest one.

    Where shapes depend on the size, these two differ; to build all would take long.
    """
    first, last = (
        [
            variable.shape
            for variable in make_wave_function(
                stages[place].settings, facts[place]
            ).trainable_variables
        ]
        for place in (0, -1)
    )
    if first != last:
        raise ValueError(
            "Setting `network.name` must be a network whose weights are the same at every size"
            f' for a growth, but is "{stages[0].settings.network.name}".'
        )


def _open(folder: RunFolder, settings: GroundStateSettings, stages: Sequence[Stage]) -> None:
    if folder.config.exists() and "growth" not in folder.load_config():
        raise ValueError(
            f"Folder {folder.path} holds a run of one size; choose another folder for"
            " `growth.sizes`, or leave them out to continue the run."
        )
    # What was asked of a size stands in its own folder.
    check_finished(stages, folder.path)
    asked = settings.as_mapping()
    del asked["refinement"]
    growth = flatten({"growth": asked["growth"]})
    mutable = {*MUTABLE_KEYS, *growth} - {"training.n_epochs"}
    rules = ChangeRules(mutable=mutable, usual=GroundStateSettings().as_mapping())
    folder.open(asked, kind=GROUND_STATES, rules=rules)


def _train(stage: Stage, facts: Facts, workdir: Path, pace: Pace, *, profile: bool) -> None:
    path, settings = workdir / stage.name, stage.settings
    start_from = None if stage.start is None else workdir / stage.start
    training = run(settings, facts, path, start_from=start_from, profile=profile, pace=pace)
    entries = {
        "size": stage.size,
        "n_steps": last_step(RunFolder(path).checkpoints) or 0,
        "n_evaluation": stage.n_evaluation,
        "seconds_per_step": pace.seconds_per_step,
        "seconds": pace.used,
    }
    if stage.n_averages:
        with announced(f"energy with symmetries, {pace.tell().strip()}"):
            average = estimate_average(training, stage.n_averages)
        pace.save()
        if average is not None:
            entries[f"energy{AVERAGED}"] = average.energy
            entries[f"energy_error{AVERAGED}"] = average.energy_error
            entries[f"energy_variance{AVERAGED}"] = average.energy_variance
    with announced(f"energy, {pace.tell().strip()}"):
        result = measure(training, path, facts.reference, n_samples=stage.n_evaluation)
    # First what it took: the next stage has what is left.
    pace.save()
    write_result(result, path, entries)
    del training
    # Compiled steps hold their model in a circle.
    gc.collect()
