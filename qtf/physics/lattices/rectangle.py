"""What lattices have in common whose sites stand in rows and columns."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from qtf.physics._checks import checked_flag, checked_integer
from qtf.physics.lattices.lattice import (
    Bonds,
    Lattice,
    Sites,
    checked_order,
    drop_repeats,
    sort_pairs,
)

Steps = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Rectangle(Lattice):
    """Rows and columns of sites; site (row, column) has number row * n_columns + column.

    Bonds are steps of some rows and columns, `STEPS` of a kind of lattice. Its symmetries are
    those mirrors, half turns and, if the sides are equal, transpositions that keep its bonds; with
    periodic edges, each of them after every translation. Its strings are snakes.

    Attributes:
        STEPS: The nearest and the next-nearest neighbours of a site as (rows, columns) from it,
            one of each two that are opposite.
        n_rows: Number of rows.
        n_columns: Number of columns.
        periodic: Whether opposite edges are neighbours.

    Raises:
        ValueError: A side is no positive integer or `periodic` no bool.
    """

    SIZES: ClassVar[tuple[str, ...]] = ("n_rows", "n_columns")
    STEPS: ClassVar[tuple[Steps, Steps]]
    n_rows: int
    n_columns: int
    periodic: bool = field(default=False, kw_only=True)
    n_sites: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        n_rows = checked_integer("n_rows", self.n_rows, minimum=1)
        n_columns = checked_integer("n_columns", self.n_columns, minimum=1)
        object.__setattr__(self, "n_rows", n_rows)
        object.__setattr__(self, "n_columns", n_columns)
        object.__setattr__(self, "periodic", checked_flag("periodic", self.periodic))
        object.__setattr__(self, "n_sites", n_rows * n_columns)

    def bonds(self, order: int = 1) -> Bonds:
        """Returns the pairs of sites that are a step of `STEPS` apart."""
        steps = self.STEPS[checked_order(order) - 1]
        sites = ((row, column) for row in range(self.n_rows) for column in range(self.n_columns))
        pairs = []
        for row, column in sites:
            start = row * self.n_columns + column
            ends = (self._site(row + down, column + right) for down, right in steps)
            pairs += [(start, end) for end in ends if end is not None]
        return sort_pairs(pairs)

    def rows(self) -> tuple[Sites, ...]:
        """Returns the sites row by row, from left to right."""
        return tuple(tuple(row) for row in self._grid().tolist())

    def _site(self, row: int, column: int) -> int | None:
        inside = 0 <= row < self.n_rows, 0 <= column < self.n_columns
        # Around a side of length 1 a step would end where it starts.
        closed = self.periodic and self.n_rows > 1, self.periodic and self.n_columns > 1
        if not all(within or around for within, around in zip(inside, closed, strict=True)):
            return None
        return (row % self.n_rows) * self.n_columns + column % self.n_columns

    def _grid(self) -> NDArray[np.int64]:
        return np.arange(self.n_sites).reshape(self.n_rows, self.n_columns)

    def _translations(self) -> list[NDArray[np.int64]]:
        shifts = np.ndindex(self.n_rows, self.n_columns) if self.periodic else [(0, 0)]
        return [np.roll(self._grid(), shift, axis=(0, 1)).ravel() for shift in shifts]

    def _point_group(self, axes: tuple[int, int] = (0, 1)) -> list[Sites]:
        images = [self._grid()]
        for axis in axes:
            images += [np.flip(image, axis) for image in images]
        if self.n_rows == self.n_columns:
            images += [image.T for image in images]
        return [image for image in drop_repeats(map(np.ravel, images)) if self.keeps_bonds(image)]

    def _strings(self, count: int) -> tuple[Sites, ...]:
        snake = np.array(self.site_order("snake"))
        return drop_repeats(np.array(image)[snake] for image in self._point_group((1, 0)))
