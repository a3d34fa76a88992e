"""Names of the run folders of a growth, one for each size."""

from pathlib import Path

PREFIX = "size-"


def folder_name(size: int) -> str:
    """Returns the name of the run folder of a size, in the folder of the growth.

    Example:
        >>> folder_name(32)
        'size-032'
    """
    return f"{PREFIX}{size:03d}"


def size_folders(workdir: Path) -> list[Path]:
    """Returns the run folders that a growth has so far, by ascending size.

    Args:
        workdir: Folder of the growth.
    """
    sizes = (path.name.removeprefix(PREFIX) for path in workdir.glob(f"{PREFIX}*"))
    return [workdir / folder_name(size) for size in sorted(int(n) for n in sizes if n.isdecimal())]
