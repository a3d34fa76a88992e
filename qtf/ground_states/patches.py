"""A lattice seen by a network whose positions are patches of sites."""

from collections.abc import Sequence

from qtf.checks import SETTING, require
from qtf.physics.lattices import Lattice

NAME = "wave_function.patch"


class Patches:
    """Equal rectangular patches of sites, numbered as sites would be.

    A patch of one site is the site itself, so that any lattice has such patches.

    Args:
        lattice: The sites; patches of several rows need rows.
        shape: Rows and columns of a patch.

    Raises:
        ValueError: The patches do not fill the lattice.

    Example:
        >>> from qtf.physics import Square
        >>> patches = Patches(Square(2, 4), (2, 2))
        >>> patches.rows(), patches.site_order("raster")
        (((0, 1),), (0, 1, 4, 5, 2, 3, 6, 7))
    """

    def __init__(self, lattice: Lattice, shape: Sequence[int]) -> None:
        check_patch(lattice, shape)
        self._lattice = lattice
        self.shape = tuple(shape)
        self.n_sites = lattice.n_sites // (shape[0] * shape[1])

    def rows(self) -> tuple[tuple[int, ...], ...] | None:
        """Returns the patches row by row, from left to right; None for a chain, which has none."""
        rows = self._lattice.rows()
        if rows is None:
            return None
        columns = len(rows[0]) // self.shape[1]
        first = range(0, self.n_sites, columns)
        return tuple(tuple(range(start, start + columns)) for start in first)

    def site_order(self, name: str) -> tuple[int, ...]:
        """Returns the sites of all patches in an order, those of each patch row by row.

        Args:
            name: As of `Lattice.site_order`, for the patches instead of the sites.

        Raises:
            ValueError: The order is unknown.
        """
        n_rows, n_columns = self.shape
        if (n_rows, n_columns) == (1, 1):
            return self._lattice.site_order(name)
        # Checks the name.
        self._lattice.site_order(name)
        rows, order = _rows(self._lattice), []
        for i in range(0, len(rows), n_rows):
            starts = list(range(0, len(rows[0]), n_columns))
            if name == "snake" and i // n_rows % 2:
                starts.reverse()
            for j in starts:
                order += [site for row in rows[i : i + n_rows] for site in row[j : j + n_columns]]
        return tuple(order)


def check_patch(lattice: Lattice, shape: Sequence[int], *, kind: str = SETTING) -> None:
    """Checks that patches fill a lattice.

    Args:
        lattice: The sites.
        shape: Rows and columns of a patch.
        kind: What `NAME` is of.

    Raises:
        ValueError: They do not.
    """
    if tuple(shape) == (1, 1):
        return
    rows = _rows(lattice)
    sides = len(rows), len(rows[0])
    holds = len(shape) == 2 and all(map(_divides, shape, sides))
    require(holds, NAME, f"divide the {sides[0]} x {sides[1]} sites", tuple(shape), kind=kind)


def _divides(width: int, side: int) -> bool:
    return width > 0 and side % width == 0


def _rows(lattice: Lattice) -> Sequence[Sequence[int]]:
    """Returns the rows of a lattice, or all sites as the only one."""
    return lattice.rows() or (tuple(range(lattice.n_sites)),)
