"""Ends the training of a small system on sums over all of its configurations."""

from dataclasses import replace
from pathlib import Path

from qtf.ground_states.last_part import REFINEMENT
from qtf.ground_states.task import GroundStateTraining
from qtf.training.checkpoints import optimizer_steps
from qtf.training.run_folder import RunFolder
from trainers.ground_state.assembly import run
from trainers.ground_state.facts import Facts
from trainers.ground_state.settings import (
    GroundStateSettings,
    RefinedSettings,
    RefinementStart,
    RunSettings,
    settings_of,
    with_symmetries,
)

WARMUP_STEPS = 5


def run_and_refine(
    settings: GroundStateSettings, facts: Facts, workdir: Path | str, *, profile: bool = False
) -> GroundStateTraining:
    """Searches a ground state as `run` does, and refines it if the settings say so.

    Stopped in either part, the same call continues.

    Args:
        settings: Settings of the command.
        facts: What `find_facts` has shown for them.
        workdir: Run folder of the training; that of a refinement is inside.
        profile: Whether ten of the first steps are traced for TensorBoard.

    Returns:
        The wave function with the weights that the run keeps, after a refinement with its
        symmetries, and what measures it.

    Raises:
        ValueError: The settings or a run folder do not fit.
    """
    training = settings_of(RunSettings, settings)
    if not settings.refinement.n_epochs:
        return run(training, facts, workdir, profile=profile)
    run(training, facts, workdir, profile=profile)
    start = optimizer_steps(RunFolder(workdir).checkpoints)
    folder = Path(workdir) / REFINEMENT
    return run(refined(settings, start=start), facts, folder, start_from=workdir)


def refined(settings: GroundStateSettings, *, start: int) -> RefinedSettings:
    """Returns the settings of the refinement that ends a training.

    Symmetries are built in; there are neither samples nor penalties, and all its steps are
    taken.

    Args:
        settings: Settings of the command.
        start: Steps of the training that it starts from.
    """
    refinement, training = settings.refinement, settings.training
    rate = refinement.learning_rate
    part = with_symmetries(
        settings_of(RefinedSettings, settings, refinement=RefinementStart(start))
    )
    return replace(
        part,
        sampling=replace(part.sampling, every_configuration=True),
        penalties=replace(part.penalties, temperature=0.0, magnetization=0.0),
        min_sr=replace(part.min_sr, diag_shift=refinement.diag_shift),
        training=replace(
            training,
            n_epochs=refinement.n_epochs,
            steps_per_epoch=refinement.steps_per_epoch,
            stop_below=0.0,
            patience=0,
            monitor="energy",
            stop_metric="v_score",
            optimizer=replace(
                training.optimizer,
                learning_rate=rate,
                schedule="cosine",
                floor=0.05 * rate,
                warmup_steps=WARMUP_STEPS,
            ),
        ),
    )
