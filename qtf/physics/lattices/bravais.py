"""Lattices of cells that repeat, whose bonds follow from the distances between sites."""

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qtf.physics._checks import checked_flag, checked_integer
from qtf.physics.lattices.lattice import (
    Bonds,
    Lattice,
    Sites,
    Triangles,
    checked_order,
    drop_repeats,
    sort_pairs,
)

Vectors = tuple[tuple[float, float], ...]

# Distances of sites are of the order of 1 and differ by far more.
ROUNDING = 1e-6


class Step(NamedTuple):
    """The way from a site to another one of the infinite lattice.

    Attributes:
        start: Place of the first site in its cell.
        cells: How many cells the other one is away, along each vector.
        end: Its place in that cell.
        vector: The way itself.
    """

    start: int
    cells: tuple[int, ...]
    end: int
    vector: tuple[float, float]


class Bravais(Lattice):
    """Cells that repeat along one or two vectors; a cell holds one site or several.

    Cells are counted row by row, and the sites of a cell have successive numbers. Bonds of order k
    join sites at the k-th smallest distance of the infinite lattice; a lattice with bonds of other
    kinds overrides `_steps`. Each points up, or to the right if it is horizontal.

    Around a periodic side each bond is there as often as there are ways: a site and its
    neighbour along a side of length 2 have two. A step that ends where it starts is no bond. A side
    of length 1 is not closed.

    Symmetries are those mirrors and turns of the vectors that keep the cluster and its bonds; with
    periodic edges, each of them after every translation.

    Attributes:
        SIZES: Fields with the number of cells along each vector.
        VECTORS: The ways (x, y) from a cell to the next one, from row to row and, in a lattice of
            two dimensions, along a row.
        CELL: Positions (x, y) of the sites of a cell.
    """

    VECTORS: ClassVar[Vectors]
    CELL: ClassVar[Vectors] = ((0.0, 0.0),)

    def __post_init__(self) -> None:
        for name in self.SIZES:
            object.__setattr__(self, name, checked_integer(name, getattr(self, name), minimum=1))
        object.__setattr__(self, "periodic", checked_flag("periodic", self.periodic))
        object.__setattr__(self, "n_sites", int(np.prod(self._shape)) * len(self.CELL))

    def bonds(self, order: int = 1) -> Bonds:
        """Returns the pairs of sites at the distance of that order."""
        return sort_pairs(self.directed_bonds(order))

    def directed_bonds(self, order: int = 1) -> Bonds:
        """Returns the same bonds, each from the lower site to the upper one, or to the right."""
        return tuple(bond for bond, _ in self._ways(order))

    def displacements(self, order: int = 1) -> NDArray[np.float64]:
        """Returns the way of each directed bond, (n_bonds, 2)."""
        return np.array([vector for _, vector in self._ways(order)], np.float64).reshape(-1, 2)

    def triangles(self) -> Triangles:
        """Returns the elementary triangles, from the lowest site on, counterclockwise.

        They have three nearest bonds; on lattices without such triangles two nearest bonds and a
        next-nearest one, as the four of every plaquette of a square.
        """
        corners = self._corners((1, 1, 1)) or self._corners((1, 1, 2))
        triangles = []
        for cell, (first, second) in itertools.product(np.ndindex(*self._shape), corners):
            start = self._site(cell, first.start)
            left, right = (self._end(cell, step) for step in (first, second))
            if None not in (start, left, right) and len({start, left, right}) == 3:
                triangles.append((start, left, right))
        return tuple(triangles)  # type: ignore[arg-type]

    def coordinates(self) -> NDArray[np.float64]:
        """Returns the position (x, y) of every site, (n_sites, 2)."""
        corners = np.array(list(np.ndindex(*self._shape))) @ np.array(self.VECTORS)
        return (corners[:, None] + np.array(self.CELL)).reshape(-1, 2)

    def rows(self) -> tuple[Sites, ...]:
        """Returns the sites of every row of cells, from left to right."""
        return tuple(map(tuple, np.arange(self.n_sites).reshape(self._shape[0], -1).tolist()))

    @property
    def _shape(self) -> tuple[int, ...]:
        return tuple(getattr(self, name) for name in self.SIZES)

    def _steps(self, order: int) -> tuple[Step, ...]:
        """Returns the ways of the bonds of an order, one of each two that are opposite."""
        return find_steps(self.VECTORS, self.CELL, checked_order(order))

    def _ways(self, order: int) -> Iterator[tuple[tuple[int, int], tuple[float, float]]]:
        """Returns the two sites of each bond, and the way from one to the other."""
        places = itertools.product(np.ndindex(*self._shape), range(len(self.CELL)))
        steps = self._steps(order)
        for site, (cell, place) in enumerate(places):
            for step in steps:
                end = self._end(cell, step) if step.start == place else None
                if end is not None and end != site:
                    yield (site, end), step.vector

    def _end(self, cell: tuple[int, ...], step: Step) -> int | None:
        """Returns the site at the end of a step from a cell, or None beyond an open edge."""
        return self._site([i + di for i, di in zip(cell, step.cells, strict=True)], step.end)

    def _site(self, cell: Sequence[int], place: int) -> int | None:
        """Returns the site at a place of a cell, or None beyond an open edge."""
        index = 0
        for i, size in zip(cell, self._shape, strict=True):
            # Around a side of length 1 a step would end where it starts.
            closed = self.periodic and size > 1
            if not closed and not 0 <= i < size:
                return None
            index = index * size + i % size
        return index * len(self.CELL) + place

    def _corners(self, orders: tuple[int, int, int]) -> list[tuple[Step, Step]]:
        """Returns the ways from the lowest site of each triangle of a cell to the two others."""
        lengths = {order: _length(self._steps(order)[0].vector) for order in orders}
        steps = [step for order in lengths for step in self._steps(order)]
        wanted = sorted(lengths[order] for order in orders)
        triangles = []
        for first, second in itertools.permutations(steps, 2):
            (x, y), (u, v) = first.vector, second.vector
            sides = sorted(map(_length, (first.vector, second.vector, (u - x, v - y))))
            counterclockwise = first.start == second.start and x * v - y * u > ROUNDING
            if counterclockwise and np.allclose(sides, wanted, atol=ROUNDING):
                triangles.append((first, second))
        return triangles

    def _translations(self) -> list[NDArray[np.int64]]:
        sites = np.arange(self.n_sites).reshape(*self._shape, -1)
        shifts = np.ndindex(*self._shape) if self.periodic else [(0,) * len(self._shape)]
        axes = tuple(range(len(self._shape)))
        return [np.roll(sites, shift, axis=axes).ravel() for shift in shifts]

    def _point_group(self) -> list[Sites]:
        images = [np.arange(self.n_sites)]
        for turn in find_turns(self.VECTORS):
            sites = self.coordinates() @ turn
            # The site at the origin comes to a site; an open cluster keeps its centre.
            places = np.array(self.CELL) - self.CELL[0] @ turn
            centre = (self.coordinates() - sites).mean(axis=0)
            for shift in places if self.periodic else [centre]:
                image = self._sites_at(sites + shift)
                if image is not None:
                    images.append(image)
        return [image for image in drop_repeats(images) if self.keeps_bonds(image)]

    def _sites_at(self, points: NDArray[np.float64]) -> NDArray[np.int64] | None:
        """Returns the sites at some points (n_points, 2), or None unless there is one at each."""
        frame = np.array(self.VECTORS)
        corners = points[:, None] - np.array(self.CELL)
        cells = np.rint(corners @ np.linalg.pinv(frame)).astype(np.int64)
        is_there = (abs(cells @ frame - corners) < ROUNDING).all(axis=-1)
        places = is_there.argmax(axis=1)
        sites = [
            self._site(cell[place].tolist(), int(place))
            for cell, place in zip(cells, places, strict=True)
        ]
        if not is_there.any(axis=1).all() or None in sites or len(set(sites)) < len(sites):
            return None
        return np.array(sites, np.int64)


@dataclass(frozen=True)
class Parallelogram(Bravais):
    """Rows and columns of cells.

    Attributes:
        n_rows: Number of rows of cells.
        n_columns: Number of cells of a row.
        periodic: Whether opposite edges are neighbours.

    Raises:
        ValueError: A side is no positive integer or `periodic` no bool.
    """

    SIZES: ClassVar[tuple[str, ...]] = ("n_rows", "n_columns")
    n_rows: int
    n_columns: int
    periodic: bool = field(default=False, kw_only=True)
    n_sites: int = field(init=False, repr=False, compare=False)


@functools.lru_cache(maxsize=256)
def find_steps(vectors: Vectors, cell: Vectors, order: int) -> tuple[Step, ...]:
    """Returns the ways between sites at the k-th smallest distance, one of two opposite ones.

    Args:
        vectors: From a cell to the next one, see `Bravais`.
        cell: Positions of the sites of a cell.
        order: k.

    Returns:
        By the place of their start; from each, those that point up or to the right,
        counterclockwise.

    Example:
        >>> [step.cells for step in find_steps(((0.0, 1.0), (1.0, 0.0)), ((0.0, 0.0),), 2)]
        [(1, 1), (1, -1)]
    """
    frame, sites = np.array(vectors), np.array(cell)
    between = sites[None, :] - sites[:, None]
    # Multiples of the shortest vector have already so many distances.
    reach = order * np.linalg.norm(frame, axis=1).min() + np.linalg.norm(between, axis=2).max()
    most = np.ceil(reach * np.linalg.norm(np.linalg.pinv(frame), axis=0)).astype(int)
    cells = np.array(list(itertools.product(*(range(-n, n + 1) for n in most))))
    ways = (cells @ frame)[:, None, None] + between
    distances = (np.linalg.norm(ways, axis=-1) / ROUNDING).round()
    shell = distances == np.unique(distances)[order]
    forward = (ways[..., 1] > ROUNDING) | (abs(ways[..., 1]) <= ROUNDING) & (ways[..., 0] > 0)
    steps = [
        Step(int(start), tuple(cells[k].tolist()), int(end), tuple(ways[k, start, end].tolist()))
        for k, start, end in np.argwhere(shell & forward)
    ]
    return tuple(
        sorted(steps, key=lambda step: (step.start, -step.vector[0] / _length(step.vector)))
    )


@functools.lru_cache(maxsize=64)
def find_turns(vectors: Vectors) -> tuple[NDArray[np.float64], ...]:
    """Returns the turns and mirrors of the plane that keep the points of a lattice.

    Args:
        vectors: From a cell to the next one, see `Bravais`.

    Returns:
        Matrices (2, 2) that rows (x, y) are multiplied with.

    Example:
        >>> len(find_turns(((0.0, 1.0), (1.0, 0.0)))), len(find_turns(((1.0, 0.0),)))
        (8, 4)
    """
    (x, y), *others = vectors
    # One vector may be kept or turned around, and so may what is across; 2 is no length of it.
    frame = np.array([(x, y), *(others or [(-2.0 * y, 2.0 * x)])])
    turns = []
    for whole in itertools.product((1, 0, -1), repeat=4):
        turned = np.reshape(whole, (2, 2)) @ frame
        if np.allclose(turned @ turned.T, frame @ frame.T):
            turns.append(np.linalg.inv(frame) @ turned)
    return tuple(turns)


def _length(vector: tuple[float, float]) -> float:
    return float(np.hypot(*vector))
