"""What other runs and commands read from the checkpoints of a run, whichever engine wrote them."""

from pathlib import Path

import keras

from qtf.training.checkpoint_files import is_plain, kept_steps, newest_whole_step, whole_steps


def load_end_of_epoch(model: keras.Model, folder: Path, steps_per_epoch: int) -> int:
    """Gives a model the weights that it had at the end of the last epoch that is kept.

    Args:
        model: As the run made it.
        folder: Checkpoints of the run.
        steps_per_epoch: Of the run.

    Returns:
        The epochs that were done then.

    Raises:
        FileNotFoundError: No checkpoint is of the end of an epoch.
        ValueError: The checkpoint is damaged or belongs to another model.
    """
    ends = [step for step in kept_steps(folder) if step and step % steps_per_epoch == 0]
    step = next(whole_steps(folder, ends), None)
    if step is None:
        raise FileNotFoundError(
            f"Folder {folder} holds no checkpoint of the end of an epoch; continue that run first."
        )
    if is_plain(folder, step):
        from qtf.training.plain_checkpoints import restore_weights
    else:
        from qtf.training.tensorflow_checkpoints import restore_weights
    restore_weights(model, folder, step)
    return step // steps_per_epoch


def optimizer_steps(folder: Path) -> int:
    """Returns the steps that the optimiser of a run has taken, in this and in earlier runs.

    Raises:
        FileNotFoundError: The run has no checkpoint.
    """
    step = newest_whole_step(folder)
    if is_plain(folder, step):
        from qtf.training.plain_checkpoints import stored_iterations
    else:
        from qtf.training.tensorflow_checkpoints import stored_iterations
    return stored_iterations(folder, step)
