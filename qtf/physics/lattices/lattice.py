"""What every lattice knows of its geometry."""

import dataclasses
import functools
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from qtf.checks import Number, OneOf, check_arguments
from qtf.physics._checks import checked_integer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Bonds = tuple[tuple[int, int], ...]
Triangles = tuple[tuple[int, int, int], ...]
# A site for each place, of all sites or of a row of them.
Sites = tuple[int, ...]

ORDERS = ("raster", "snake")
# Words for orders of `bonds`.
NEIGHBORS = {"nearest": 1, "next_nearest": 2, "third_nearest": 3}


class Lattice(ABC):
    """Numbered sites and the bonds between them.

    A kind of lattice is a frozen dataclass whose fields are its keys in configurations, and an
    entry in `LATTICES`. It has to have the attributes below and `bonds`. What else there is
    follows from the bonds, or says that nothing is known; a kind that knows more overrides it.

    Attributes:
        KIND: The word for it in configurations and titles.
        SIZES: Names of the fields that grow with the lattice.
        SIZE_NAME: What the size of a growing lattice counts.
        n_sites: Number of sites; they are numbered 0 .. n_sites - 1.
        periodic: Whether the bonds close around the edges.
    """

    KIND: ClassVar[str]
    SIZES: ClassVar[tuple[str, ...]]
    SIZE_NAME: ClassVar[str] = "spins of a side"
    n_sites: int
    periodic: bool

    @abstractmethod
    def bonds(self, order: int = 1) -> Bonds:
        """Returns the pairs of sites that are neighbours of some order.

        Args:
            order: 1 for nearest, 2 for next-nearest neighbours, and so on; `NEIGHBORS` has words.

        Returns:
            Pairs (i, j) with i < j, ordered by the site that they start from.

        Raises:
            ValueError: `order` is no positive integer.
        """

    def directed_bonds(self, order: int = 1) -> Bonds:
        """Returns the same bonds in the same sequence, each as (from, to) along a step.

        All bonds along the same step of the lattice have the same direction, also around the edges,
        where (n - 1, 0) is `bonds`' (0, n - 1): for currents and Dzyaloshinskii-Moriya terms.

        Args:
            order: As for `bonds`.
        """
        return self.bonds(order)

    def displacements(self, order: int = 1) -> NDArray[np.float64]:
        """Returns the way (x, y) along each directed bond, (n_bonds, 2).

        Across periodic edges it leads out of the drawn cluster.

        Args:
            order: As for `bonds`.
        """
        ends = np.array(self.directed_bonds(order), np.int64).reshape(-1, 2)
        return self.coordinates()[ends[:, 1]] - self.coordinates()[ends[:, 0]]

    def triangles(self) -> Triangles:
        """Returns the triples of sites that are nearest neighbours of one another.

        Counterclockwise where the lattice lies in a plane, else by their numbers.
        """
        bonds = set(self.bonds())
        triples = ((i, j, k) for i, j in sorted(bonds) for k in range(j + 1, self.n_sites))
        return tuple((i, j, k) for i, j, k in triples if {(i, k), (j, k)} <= bonds)

    def coordinates(self) -> NDArray[np.float64]:
        """Returns the position (x, y) of every site, (n_sites, 2); without rows, on a circle."""
        if self.rows() is not None:
            return np.array(self.positions(), np.float64)[:, ::-1]
        angles = 2.0 * np.pi * np.arange(self.n_sites) / self.n_sites
        # Successive sites are at distance 1.
        radius = 0.5 / np.sin(np.pi / max(self.n_sites, 2))
        return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)

    def plot(self, *, title: str | None = None) -> "Figure":
        """Returns a picture of sites, nearest and, dashed, next-nearest bonds.

        Every second site of a lattice with two sublattices is dark. Bonds around periodic edges are
        stubs at both ends. Needs Matplotlib.

        Args:
            title: By default edges, kind and size.
        """
        # Physics does without it.
        from qtf.physics.lattices.figure import draw_lattice

        return draw_lattice(
            self.coordinates(),
            [(self.directed_bonds(order), self.displacements(order)) for order in (1, 2)],
            dark=self.sublattice() or (),
            title=self.describe() if title is None else title,
        )

    def describe(self) -> str:
        """Returns edges, kind and size in a few words.

        Example:
            >>> from qtf.physics import Kagome
            >>> Kagome(2, 2, periodic=True).describe()
            'periodic kagome of 2 x 2'
        """
        edges = ("periodic " if self.periodic else "open ") if self.SIZES else ""
        sizes = [getattr(self, name) for name in self.SIZES] or [self.n_sites]
        return f"{edges}{self.KIND} of {' x '.join(map(str, sizes))}"

    @property
    def size(self) -> int | None:
        """Its size, None where the sides differ."""
        sides = {getattr(self, name) for name in self.SIZES}
        return sides.pop() if len(sides) == 1 else None

    def resized(self, size: int) -> Self:
        """Returns the lattice of the same kind all of whose sizes are `size`.

        Raises:
            ValueError: The kind has no sizes.
        """
        if not self.SIZES:
            raise ValueError(f"A {self.KIND} has no other size, but {size} is asked for.")
        return dataclasses.replace(self, **dict.fromkeys(self.SIZES, size))  # type: ignore[type-var]

    def symmetries(self) -> tuple[Sites, ...]:
        """Returns the permutations of the sites that keep all bonds, the identity first.

        Returns:
            For each symmetry the site that comes to stand at each place.
        """
        moved = (
            shifted[np.array(image)]
            for image in self._point_group()
            for shifted in self._translations()
        )
        return drop_repeats(moved)

    def sublattice(self) -> Sites | None:
        """Returns every second site, such that each bond has one end among them.

        Returns:
            The sites in ascending order, site 0 first; None where there are no such sites.
        """
        neighbors: list[list[int]] = [[] for _ in range(self.n_sites)]
        for i, j in self.bonds():
            neighbors[i].append(j)
            neighbors[j].append(i)
        white: dict[int, bool] = {}
        for start in range(self.n_sites):
            white.setdefault(start, True)
            reached = [start]
            for site in reached:
                reached += [other for other in neighbors[site] if other not in white]
                white |= {other: not white[site] for other in neighbors[site] if other not in white}
        if any(white[i] == white[j] for i, j in self.bonds()):
            return None
        return tuple(site for site in range(self.n_sites) if white[site])

    def rows(self) -> tuple[Sites, ...] | None:
        """Returns the sites row by row, from left to right.

        Networks on rows look at the neighbours to the left and above. None where there are none.
        """
        return None

    def positions(self) -> tuple[tuple[int, int], ...]:
        """Returns row and column of every site in pictures; without rows, all are in one."""
        rows = self.rows() or (tuple(range(self.n_sites)),)
        places = {site: (i, j) for i, row in enumerate(rows) for j, site in enumerate(row)}
        return tuple(places[site] for site in range(self.n_sites))

    def site_order(self, name: str) -> Sites:
        """Returns the site at each position of an order through the lattice.

        Args:
            name: "raster": row by row, each from left to right; "snake": every second row from
                right to left, so that successive positions are neighbours. Without rows both are
                the order of the numbers.

        Raises:
            ValueError: The order is unknown.
        """
        check_arguments(OneOf(ORDERS), name=name)
        rows = self.rows() or (tuple(range(self.n_sites)),)
        turned = (row[::-1] if name == "snake" and i % 2 else row for i, row in enumerate(rows))
        return tuple(site for row in turned for site in row)

    def strings(self, count: int) -> tuple[Sites, ...]:
        """Returns orders of the sites that symmetries relate.

        Args:
            count: Number of orders; 0 stands for the one of their numbers.

        Raises:
            ValueError: There are not so many.
        """
        check_arguments(Number(integer=True), count=count)
        if count == 0 or self.n_sites == 1:
            return (tuple(range(self.n_sites)),)
        orders = self._strings(count)
        if not 0 < count <= len(orders):
            raise ValueError(f"Argument `count` must be from 0 to {len(orders)}, but is {count}.")
        return orders[:count]

    def size_powers(self, n_sizes: int) -> tuple[int, ...] | None:
        """Returns the powers of the size in the ground energy of a gapless system.

        Args:
            n_sizes: How many sizes there are to fit.

        Returns:
            The highest power first; None where no law is known.
        """
        return None

    def _translations(self) -> list[NDArray[np.int64]]:
        """Returns the sites after each translation that keeps all bonds, (n_sites,) each."""
        return [np.arange(self.n_sites)]

    def _point_group(self) -> list[Sites]:
        """Returns the other symmetries, which every translation may follow."""
        return [tuple(range(self.n_sites))]

    def _strings(self, count: int) -> tuple[Sites, ...]:
        """Returns all orders of `strings`, the best first, or at least `count` of them."""
        return self._orders(self._point_group())

    def _orders(self, images: Iterable[Sites]) -> tuple[Sites, ...]:
        """Returns the images of a snake under each of them, then after every translation."""
        snakes = [np.array(image)[list(self.site_order("snake"))] for image in images]
        return drop_repeats(shifted[s] for shifted in self._translations() for s in snakes)

    def keeps_bonds(self, permutation: Sites) -> bool:
        """Tells whether a permutation of the sites keeps nearest and next-nearest neighbours."""
        sites = np.array(permutation)
        return all(
            np.array_equal(_number(sites[bonds]), _number(bonds)) for bonds in _bond_arrays(self)
        )


@functools.lru_cache(maxsize=16)
def _bond_arrays(lattice: Lattice) -> list[NDArray[np.int64]]:
    """Returns nearest and next-nearest bonds, (n_bonds, 2) each."""
    return [np.array(lattice.bonds(order), np.int64).reshape(-1, 2) for order in (1, 2)]


def _number(bonds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns a number for each pair of sites, sorted."""
    return np.sort(np.sort(bonds, axis=1) @ [1 << 32, 1])


def checked_order(order: int) -> int:
    """Returns the order of neighbours if it is a positive integer."""
    return checked_integer("order", order, minimum=1)


def sort_pairs(pairs: Iterable[tuple[int, int]]) -> Bonds:
    """Returns each pair with its smaller site first, without those of a site with itself."""
    return tuple((min(pair), max(pair)) for pair in pairs if pair[0] != pair[1])


def drop_repeats(orders: Iterable[NDArray[np.int64]]) -> tuple[Sites, ...]:
    """Returns orders of sites (n_sites,), each once."""
    return tuple(dict.fromkeys(tuple(order.tolist()) for order in orders))
