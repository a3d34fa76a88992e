"""Ends the training of a small system on sums over all of its configurations."""

from pathlib import Path
from typing import Any

from qtf.ground_states.task import GroundStateTask
from qtf.training.settings import TrainingSettings
from trainers.ground_states.assembly import make_task, run, with_symmetries, without_what_follows

FOLDER = "refinement"
WARMUP_STEPS = 5


def refined(config: dict[str, Any]) -> dict[str, Any]:
    """Returns the configuration of the refinement that ends a training.

    Symmetries are built in, and there are neither samples nor penalties.

    Args:
        config: Resolved configuration whose `refinement.n_epochs` is not 0.

    Raises:
        ValueError: The training before it is of another kind.
    """
    refinement = config["refinement"]
    if config["min_sr"]["diag_shift"] is None:
        raise ValueError(
            "Setting `min_sr.diag_shift` must be a number for a refinement, but is None."
        )
    found = with_symmetries(without_what_follows(config))
    found["sampling"]["every_configuration"] = True
    found["penalties"].update(temperature=0.0, magnetization=0.0)
    found["min_sr"]["diag_shift"] = refinement["diag_shift"]
    training = found["training"]
    training["n_epochs"] = refinement["n_epochs"]
    training["steps_per_epoch"] = refinement["steps_per_epoch"]
    rate = refinement["learning_rate"]
    training["optimizer"].update(
        learning_rate=rate, schedule="cosine", floor=0.05 * rate, warmup_steps=WARMUP_STEPS
    )
    return found


def refine(config: dict[str, Any], workdir: Path | str) -> tuple[GroundStateTask, Any]:
    """Goes on from the last weights of a training, in a run folder inside its own.

    Args:
        config: Resolved configuration whose `refinement.n_epochs` is not 0.
        workdir: Run folder of the training.

    Returns:
        The task and the wave function with its symmetries and last weights.

    Raises:
        ValueError: The configuration or a run folder do not fit.
    """
    return run(refined(config), Path(workdir) / FOLDER, start_from=workdir)


def check(config: dict[str, Any]) -> None:
    """Checks that a refinement will be possible, before anything is trained.

    Raises:
        ValueError: It will not.
    """
    found = refined(config)
    TrainingSettings.from_mapping(found["training"])
    make_task(found).build_model()
