"""Which folder of a run holds the weights that it ended with."""

from pathlib import Path

from qtf.ground_states.growth_folders import size_folders
from qtf.training.checkpoint_files import last_step
from qtf.training.checkpoints import optimizer_steps
from qtf.training.run_folder import RunFolder

# Folder of a refinement, in that of its run.
REFINEMENT = "refinement"


def last_part(workdir: Path | str) -> Path:
    """Returns the run folder of a growth's largest size that has weights, or of a refinement.

    Any other run is its own last part, and so is one that went on after its refinement.

    Args:
        workdir: Folder of a run or of a growth.

    Raises:
        FileNotFoundError: The folder holds no run, or the growth has no weights.
    """
    run = RunFolder(workdir)
    if not run.load_config().get("growth", {}).get("sizes"):
        refined = RunFolder(run.path / REFINEMENT)
        return refined.path if _ends(run, refined) else run.path
    sizes = [path for path in size_folders(run.path) if RunFolder(path).best_weights.exists()]
    if not sizes:
        raise FileNotFoundError(f"Growth {workdir} has no weights yet; train it first.")
    return sizes[-1]


def _ends(run: RunFolder, refined: RunFolder) -> bool:
    """Returns whether a refinement has weights, and started from the last ones of its run."""
    if not refined.best_weights.exists():
        return False
    # A copy may have come without checkpoints.
    if last_step(run.checkpoints) is None:
        return True
    start = refined.load_config()["refinement"]["start"]
    return start == optimizer_steps(run.checkpoints)
