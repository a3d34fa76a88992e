"""Ends the training of a small system on sums over all of its configurations."""

from pathlib import Path
from typing import Any

from qtf.checks import check_settings
from qtf.ground_states.every_configuration import MAX_SITES
from qtf.ground_states.last_part import REFINEMENT
from qtf.ground_states.task import GroundStateTask
from qtf.physics import HamiltonianSettings
from qtf.training.checkpoints import optimizer_steps
from qtf.training.run_folder import RunFolder
from qtf.training.settings import TrainingSettings
from trainers.ground_states.assembly import make_task, run, with_symmetries, without_what_follows
from trainers.ground_states.config import RULES

WARMUP_STEPS = 5


def run_and_refine(
    config: dict[str, Any], workdir: Path | str, *, profile: bool = False
) -> tuple[GroundStateTask, Any]:
    """Searches the ground state as `run` does, and refines it if the configuration says so.

    Stopped in either part, the same call continues.

    Args:
        config: Resolved configuration.
        workdir: Run folder of the training; that of a refinement is inside.
        profile: Whether ten of the first steps are traced for TensorBoard.

    Returns:
        The task and the wave function with the weights that the run keeps, after a refinement
        with its symmetries.

    Raises:
        ValueError: The configuration or a run folder do not fit.
    """
    if not config["refinement"]["n_epochs"]:
        return run(config, workdir, profile=profile)
    # Mistakes are found before anything is trained.
    check(config)
    run(config, workdir, profile=profile)
    start = optimizer_steps(RunFolder(workdir).checkpoints)
    return run(refined(config, start=start), Path(workdir) / REFINEMENT, start_from=workdir)


def check(config: dict[str, Any]) -> None:
    """Checks that a refinement will be possible.

    Raises:
        ValueError: It will not.
    """
    refinement = config["refinement"]
    check_settings(refinement, RULES["refinement"], "refinement.")
    physics = HamiltonianSettings.from_mapping(config["physics"]["hamiltonian"])
    n_sites = physics.lattice.n_sites
    if n_sites > MAX_SITES:
        raise ValueError(
            f"Setting `refinement.n_epochs` must be 0 beyond {MAX_SITES} sites, but is"
            f" {refinement['n_epochs']} for {n_sites}."
        )
    if config["min_sr"]["diag_shift"] is None:
        raise ValueError(
            "Setting `min_sr.diag_shift` must be a number for a refinement, but is None."
        )
    found = refined(config, start=0)
    TrainingSettings.from_mapping(found["training"])
    make_task(found)


def refined(config: dict[str, Any], *, start: int) -> dict[str, Any]:
    """Returns the configuration of the refinement that ends a training.

    Symmetries are built in; there are neither samples nor penalties, and all its steps are
    taken.

    Args:
        config: Resolved configuration.
        start: Steps of the training that it starts from. Part of the record, so that weights
            of a longer training are not taken for refined already.
    """
    refinement = config["refinement"]
    found = with_symmetries(without_what_follows(config))
    found["refinement"] = {"start": start}
    found["sampling"]["every_configuration"] = True
    found["penalties"].update(temperature=0.0, magnetization=0.0)
    found["min_sr"]["diag_shift"] = refinement["diag_shift"]
    training, rate = found["training"], refinement["learning_rate"]
    training["n_epochs"] = refinement["n_epochs"]
    training["steps_per_epoch"] = refinement["steps_per_epoch"]
    training.update(stop_below=0.0, patience=0, monitor="energy", stop_metric="v_score")
    training["optimizer"].update(
        learning_rate=rate, schedule="cosine", floor=0.05 * rate, warmup_steps=WARMUP_STEPS
    )
    return found
