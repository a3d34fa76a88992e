"""Ends a training with its symmetries built in, on all configurations or on samples."""

from dataclasses import replace
from pathlib import Path

from qtf.ground_states.last_part import REFINEMENT
from qtf.ground_states.runs.assembly import run
from qtf.ground_states.runs.facts import Facts
from qtf.ground_states.runs.settings import (
    GroundStateSettings,
    RefinedSettings,
    RunSettings,
    Start,
    make_part,
)
from qtf.ground_states.symmetry_groups import symmetry_group
from qtf.ground_states.task import GroundStateTraining
from qtf.training.checkpoints import optimizer_steps
from qtf.training.run_folder import RunFolder

WARMUP_STEPS = 5
# Of the flipped spins of a configuration, evaluated at once at most.
MAX_IMAGES = 112


def run_and_refine(
    settings: GroundStateSettings,
    facts: Facts,
    workdir: Path | str,
    *,
    init_from: Path | str | None = None,
    change: bool = False,
    profile: bool = False,
) -> GroundStateTraining:
    """Searches a ground state as `run` does, and refines it if the settings say so.

    Stopped in either part, the same call continues. An extension is one of the refinement.

    Args:
        settings: Settings of the command.
        facts: What `find_facts` has shown for them.
        workdir: Run folder of the training; that of a refinement is inside.
        init_from: Run folder whose best weights the training starts from.
        change: Whether either part may go on with other settings, see `ChangeRules`.
        profile: Whether ten of the first steps are traced for TensorBoard.

    Returns:
        The wave function with the weights that the run keeps, after a refinement with its
        symmetries, and what measures it.

    Raises:
        ValueError: The settings or a run folder do not fit.
    """
    part = make_part(RunSettings, settings)
    if settings.refinement.n_epochs:
        part = replace(part, training=replace(part.training, extend=0))
    trained = run(part, facts, workdir, init_from=init_from, change=change, profile=profile)
    if not settings.refinement.n_epochs:
        return trained
    start = optimizer_steps(RunFolder(workdir).checkpoints)
    folder = Path(workdir) / REFINEMENT
    refinement = make_refinement(settings, start=start)
    return run(refinement, facts, folder, start_from=workdir, change=change)


def make_refinement(settings: GroundStateSettings, *, start: int) -> RefinedSettings:
    """Returns the settings of the refinement that ends a training.

    Symmetries are built in; there are no penalties, and all its steps are taken: on sums over all
    configurations, or on samples if it has a number of them.

    Args:
        settings: Settings of the command.
        start: Steps of the training that it starts from.
    """
    refinement, training = settings.refinement, settings.training
    rate = refinement.learning_rate
    part = make_part(RefinedSettings, settings, refinement=Start(start))
    is_average = part.symmetry.group != "none"
    n_validation = part.sampling.n_validation
    sampling = replace(
        part.sampling,
        n_validation=refinement.n_validation or n_validation,
        grow_at=(),
        grow_to=(),
    )
    if refinement.n_samples:
        sampling = replace(sampling, every_configuration=False, n_samples=refinement.n_samples)
    else:
        sampling = replace(sampling, every_configuration=True, blur=0.0)
    if is_average:
        group = symmetry_group(part.symmetry.group, part.physics.hamiltonian.lattice)
        chunk = max(1, MAX_IMAGES // group.size)
        sampling = replace(sampling, n_prefixes=1, chunk=min(chunk, sampling.chunk or chunk))
    return replace(
        part,
        symmetry=replace(part.symmetry, in_training=is_average),
        sampling=sampling,
        penalties=replace(part.penalties, temperature=0.0, magnetization=0.0),
        min_sr=replace(part.min_sr, diag_shift=refinement.diag_shift, relative_shift=0.0),
        training=replace(
            training,
            n_epochs=refinement.n_epochs,
            steps_per_epoch=refinement.steps_per_epoch,
            # There is no noise to be averaged.
            average_last=0.0,
            stop_below=0.0,
            patience=0,
            monitor="loss" if settings.orthogonal_to else "energy",
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
