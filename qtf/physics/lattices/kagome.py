"""The kagome lattice."""

from dataclasses import dataclass
from typing import ClassVar

from qtf.physics.lattices.bravais import Parallelogram, Vectors


@dataclass(frozen=True)
class Kagome(Parallelogram):
    """A parallelogram of the kagome lattice; neighbours are at distance 1.

    A cell is a triangle that points up; sites 3 k, 3 k + 1 and 3 k + 2 are the left, right and
    upper one of cell k = row * n_columns + column. Third-nearest neighbours are those across a
    hexagon and those along a line: both are at distance 2. With periodic edges and sides of at
    least 2, every site has four neighbours, and there are two triangles for each cell.

    Args:
        n_rows: Number of rows of cells.
        n_columns: Cells of a row.
        periodic: Whether opposite edges are neighbours.

    Raises:
        ValueError: A side is no positive integer or `periodic` no bool.

    Example:
        >>> Kagome(1, 1).bonds()
        ((0, 1), (0, 2), (1, 2))
        >>> lattice = Kagome(2, 2, periodic=True)
        >>> lattice.n_sites, len(lattice.bonds()), len(lattice.triangles())
        (12, 24, 8)
    """

    KIND: ClassVar[str] = "kagome"
    SIZE_NAME: ClassVar[str] = "cells of a side"
    VECTORS: ClassVar[Vectors] = ((1.0, 3.0**0.5), (2.0, 0.0))
    CELL: ClassVar[Vectors] = ((0.0, 0.0), (1.0, 0.0), (0.5, 0.75**0.5))
