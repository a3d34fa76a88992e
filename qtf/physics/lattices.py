"""Lattices: which pairs of sites are neighbours."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from qtf.physics._checks import checked_choice, checked_flag, checked_integer

Bonds = tuple[tuple[int, int], ...]


class Lattice(Protocol):
    """What the Hamiltonians ask of a lattice; any object that has this will do."""

    @property
    def n_sites(self) -> int:
        """Number of sites; they are numbered 0 .. n_sites - 1."""

    @property
    def periodic(self) -> bool:
        """Whether the bonds close around the edges."""

    def bonds(self, order: int = 1) -> Bonds:
        """Returns pairs (i, j), i < j, of nearest (1) or next-nearest (2) neighbours."""


@dataclass(frozen=True)
class Chain:
    """A chain of sites 0 .. n_sites - 1.

    In a periodic chain every site has one bond to the site `order` places on, so that a
    periodic chain of two sites has its bond twice, and one of four its two next-nearest
    bonds. A site has no bond with itself.

    Args:
        n_sites: Number of sites.
        periodic: Whether the last site is a neighbour of the first.

    Raises:
        ValueError: `n_sites` is no positive integer or `periodic` no bool.

    Example:
        >>> Chain(4).bonds()
        ((0, 1), (1, 2), (2, 3))
        >>> Chain(4, periodic=True).bonds()
        ((0, 1), (1, 2), (2, 3), (0, 3))
        >>> Chain(4).bonds(2)
        ((0, 2), (1, 3))
    """

    n_sites: int
    periodic: bool = False

    def __init__(self, n_sites: int, *, periodic: bool = False) -> None:
        object.__setattr__(self, "n_sites", checked_integer("n_sites", n_sites, minimum=1))
        object.__setattr__(self, "periodic", checked_flag("periodic", periodic))

    def bonds(self, order: int = 1) -> Bonds:
        """Returns the pairs of sites that are `order` places apart.

        Args:
            order: 1 for nearest, 2 for next-nearest neighbours.

        Returns:
            Pairs (i, j) with i < j, ordered by the site that they start from.

        Raises:
            ValueError: `order` is neither 1 nor 2.
        """
        _check_order(order)
        ends = ((i, i + order) for i in range(self.n_sites))
        if self.periodic:
            return _sorted_pairs((i, j % self.n_sites) for i, j in ends)
        return _sorted_pairs((i, j) for i, j in ends if j < self.n_sites)


@dataclass(frozen=True)
class Square:
    """A rectangle of the square lattice; site (row, column) has number row * n_columns + column.

    Nearest neighbours share an edge, next-nearest ones are across a diagonal. In a
    periodic lattice a side of length 2 has each bond across it twice, and a side of
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
        >>> len(Square(4, 4, periodic=True).bonds())
        32
    """

    n_rows: int
    n_columns: int
    periodic: bool = False

    def __init__(self, n_rows: int, n_columns: int, *, periodic: bool = False) -> None:
        object.__setattr__(self, "n_rows", checked_integer("n_rows", n_rows, minimum=1))
        object.__setattr__(self, "n_columns", checked_integer("n_columns", n_columns, minimum=1))
        object.__setattr__(self, "periodic", checked_flag("periodic", periodic))

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return self.n_rows * self.n_columns

    def bonds(self, order: int = 1) -> Bonds:
        """Returns the pairs of neighbouring sites.

        Args:
            order: 1 for nearest, 2 for next-nearest (diagonal) neighbours.

        Returns:
            Pairs (i, j) with i < j, ordered by the site that they start from.

        Raises:
            ValueError: `order` is neither 1 nor 2.
        """
        steps = ((0, 1), (1, 0)) if _check_order(order) == 1 else ((1, 1), (1, -1))
        sites = ((row, column) for row in range(self.n_rows) for column in range(self.n_columns))
        pairs = []
        for row, column in sites:
            start = row * self.n_columns + column
            ends = (self._site(row + down, column + right) for down, right in steps)
            pairs += [(start, end) for end in ends if end is not None]
        return _sorted_pairs(pairs)

    def _site(self, row: int, column: int) -> int | None:
        inside = 0 <= row < self.n_rows, 0 <= column < self.n_columns
        # Around a side of length 1 a step would end where it starts.
        closed = self.periodic and self.n_rows > 1, self.periodic and self.n_columns > 1
        if not all(within or around for within, around in zip(inside, closed, strict=True)):
            return None
        return (row % self.n_rows) * self.n_columns + column % self.n_columns


def _check_order(order: int) -> int:
    return int(checked_choice("order", str(order), ("1", "2")))


def _sorted_pairs(pairs: Iterable[tuple[int, int]]) -> Bonds:
    return tuple((min(pair), max(pair)) for pair in pairs if pair[0] != pair[1])
