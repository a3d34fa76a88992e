"""Figures of a page: drawn now, or drawn by a run and copied."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from qtf.files import write_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Not the version of Matplotlib, so that the same picture is the same file.
METADATA = {"Software": None}


def put_figure(path: Path, figure: "Figure | Path", **options: object) -> None:
    """Writes a figure, or copies the file of one; where there is no such file, nothing changes.

    Args:
        path: File to write.
        figure: The figure or a file of it.
        **options: Options of `Figure.savefig`.
    """
    if not isinstance(figure, Path):
        write_figure(path, figure, **options)
    elif figure.exists():
        shutil.copyfile(figure, path)


def write_set(folder: Path, prefix: str, figures: Mapping[str, "Figure"], *, whole: bool) -> None:
    """Writes every figure as `PREFIX_NAME.png`.

    Args:
        folder: Folder of figures, created where it is missing.
        prefix: Start of the names of this set.
        figures: Name -> figure.
        whole: Whether these are all of the set, so that others of it are removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        write_figure(folder / f"{prefix}_{name}.png", figure, metadata=METADATA)
    for path in folder.glob(f"{prefix}_*.png") if whole else ():
        if path.stem.removeprefix(f"{prefix}_") not in figures:
            path.unlink()
