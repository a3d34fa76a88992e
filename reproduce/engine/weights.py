"""How many weights a run has trained."""

from pathlib import Path

import h5py

from qtf.training.run_folder import RunFolder


def count_weights(workdir: Path) -> int | None:
    """Returns the number of weights that a run keeps, or None where it keeps none.

    Args:
        workdir: Run folder.
    """
    path = RunFolder(workdir).best_weights
    if not path.exists():
        return None
    counts: list[int] = []

    def count(_: str, entry: h5py.Dataset | h5py.Group) -> None:
        if isinstance(entry, h5py.Dataset):
            counts.append(entry.size)

    with h5py.File(path) as file:
        file.visititems(count)
    return sum(counts)
