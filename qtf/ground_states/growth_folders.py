"""Names of the run folders of a growth, one for each size."""

from pathlib import Path

PREFIX = "size-"
# Of the folder with the steps that train the average over symmetries.
SYMMETRIC = "-symmetric"


def folder_name(size: int, *, symmetric: bool = False) -> str:
    """Returns the name of the run folder of a size, in the folder of the growth.

    Args:
        size: Spins of a chain or of the side of a square.
        symmetric: Whether it is that of the steps that train the average over symmetries.

    Example:
        >>> folder_name(32)
        'size-032'
        >>> folder_name(6, symmetric=True)
        'size-006-symmetric'
    """
    return f"{PREFIX}{size:03d}{SYMMETRIC if symmetric else ''}"


def size_folders(workdir: Path) -> list[Path]:
    """Returns the run folders that a growth has so far, in the order of its steps.

    Args:
        workdir: Folder of the growth.
    """
    names = {path.name for path in workdir.glob(f"{PREFIX}*")}
    sizes = {name.removeprefix(PREFIX).removesuffix(SYMMETRIC) for name in names}
    return [
        workdir / name
        for size in sorted(int(n) for n in sizes if n.isdecimal())
        for name in (folder_name(size), folder_name(size, symmetric=True))
        if name in names
    ]
