"""The honeycomb lattice."""

from dataclasses import dataclass
from typing import ClassVar

from qtf.physics.lattices.bravais import Parallelogram, Vectors


@dataclass(frozen=True)
class Honeycomb(Parallelogram):
    """A parallelogram of the honeycomb lattice; neighbours are at distance 1.

    A cell holds two sites; sites 2 k and 2 k + 1 are those of cell k = row * n_columns + column. A
    row of cells is a zigzag line from left to right, whose odd sites have their third neighbour in
    the row above. Its triangles are those of three successive sites of a hexagon. With periodic
    edges and sides of at least 2, every site has three neighbours.

    Args:
        n_rows: Number of rows of cells.
        n_columns: Cells of a row.
        periodic: Whether opposite edges are neighbours.

    Raises:
        ValueError: A side is no positive integer or `periodic` no bool.

    Example:
        >>> Honeycomb(1, 2).bonds()
        ((0, 1), (2, 3), (1, 2))
        >>> lattice = Honeycomb(2, 3, periodic=True)
        >>> lattice.n_sites, len(lattice.bonds()), len(lattice.triangles())
        (12, 18, 36)
    """

    KIND: ClassVar[str] = "honeycomb"
    SIZE_NAME: ClassVar[str] = "cells of a side"
    VECTORS: ClassVar[Vectors] = ((0.75**0.5, 1.5), (3.0**0.5, 0.0))
    CELL: ClassVar[Vectors] = ((0.0, 0.0), (0.75**0.5, 0.5))
