"""The triangular lattice."""

from dataclasses import dataclass
from typing import ClassVar

from qtf.physics.lattices.bravais import Parallelogram, Vectors


@dataclass(frozen=True)
class Triangular(Parallelogram):
    """A parallelogram of the triangular lattice; neighbours are at distance 1.

    Site (row, column) has number row * n_columns + column; each row is half a place further to
    the right than the one below. Its triangles point up or down. With periodic edges and sides of
    at least 3, every site has six neighbours; across a side of length 2 its bonds are there twice.

    Args:
        n_rows: Number of rows.
        n_columns: Sites of a row.
        periodic: Whether opposite edges are neighbours.

    Raises:
        ValueError: A side is no positive integer or `periodic` no bool.

    Example:
        >>> Triangular(2, 2).bonds()
        ((0, 1), (0, 2), (1, 3), (1, 2), (2, 3))
        >>> Triangular(2, 2).triangles()
        ((0, 1, 2), (1, 3, 2))
        >>> len(Triangular(3, 4, periodic=True).bonds())
        36
    """

    KIND: ClassVar[str] = "triangular"
    VECTORS: ClassVar[Vectors] = ((0.5, 0.75**0.5), (1.0, 0.0))
