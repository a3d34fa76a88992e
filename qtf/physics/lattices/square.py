"""The square lattice."""

from dataclasses import dataclass
from typing import ClassVar

from qtf.physics.lattices.rectangle import Rectangle

# From so many sizes of an open square on, its corners' 1 / L is fitted too.
SIZES_OF_FOUR_TERMS = 5


@dataclass(frozen=True)
class Square(Rectangle):
    """A rectangle of the square lattice; site (row, column) has number row * n_columns + column.

    Nearest neighbours share an edge, next-nearest ones are across a diagonal. Its triangles are
    the four of every plaquette, each of two edges and a diagonal.

    In a periodic lattice a side of length 2 has each bond across it twice, and a side of
    length 1 has none. A diagonal is across both sides: it is there twice if one of them
    is 2 long, four times if both are, and not at all if one is 1 long.

    Args:
        n_rows: Number of rows.
        n_columns: Number of columns.
        periodic: Whether opposite edges are neighbours.

    Raises:
        ValueError: A side is no positive integer or `periodic` no bool.

    Example:
        >>> Square(2, 2).bonds()
        ((0, 1), (0, 2), (1, 3), (2, 3))
        >>> Square(2, 2).bonds(2)
        ((0, 3), (1, 2))
        >>> Square(2, 2).triangles()
        ((0, 1, 2), (0, 1, 3), (0, 3, 2), (1, 3, 2))
        >>> len(Square(4, 4, periodic=True).bonds())
        32
        >>> len(Square(4, 4).symmetries())
        8
        >>> Square(2, 3).sublattice()
        (0, 2, 4)
        >>> Square(2, 3).site_order("snake")
        (0, 1, 2, 5, 4, 3)
        >>> Square(2, 2).strings(2)
        ((0, 1, 3, 2), (1, 0, 2, 3))
    """

    KIND: ClassVar[str] = "square"

    def size_powers(self, n_sizes: int) -> tuple[int, ...]:
        """Returns the powers of E = e L^2 + s L + c (+ d / L), or of E = e L^2 + c / L if periodic.

        Source: Neuberger and Ziman, Phys. Rev. B 39, 2608 (1989), with the energies of edges and
        corners beside the bulk's.

        Example:
            >>> Square(4, 4).size_powers(3), Square(4, 4).size_powers(5)
            ((2, 1, 0), (2, 1, 0, -1))
        """
        if self.periodic:
            return (2, -1)
        return (2, 1, 0, -1) if n_sizes >= SIZES_OF_FOUR_TERMS else (2, 1, 0)
