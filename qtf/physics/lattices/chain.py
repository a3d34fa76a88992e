"""Chains."""

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


@dataclass(frozen=True)
class Chain(Lattice):
    """A chain of sites 0 .. n_sites - 1.

    In a periodic chain every site has one bond to the site `order` places on, so that a
    periodic chain of two sites has its bond twice, and one of four its two next-nearest
    bonds. A site has no bond with itself.

    Its strings go from one end to the other, then backwards, then, on a periodic chain, the same
    two from other starts, as far apart as they can be.

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
        >>> Chain(4, periodic=True).directed_bonds()
        ((0, 1), (1, 2), (2, 3), (3, 0))
        >>> Chain(4).bonds(2)
        ((0, 2), (1, 3))
        >>> Chain(3).symmetries()
        ((0, 1, 2), (2, 1, 0))
        >>> Chain(4).sublattice(), Chain(3, periodic=True).sublattice()
        ((0, 2), None)
        >>> Chain(3).strings(2)
        ((0, 1, 2), (2, 1, 0))
    """

    KIND: ClassVar[str] = "chain"
    SIZES: ClassVar[tuple[str, ...]] = ("n_sites",)
    SIZE_NAME: ClassVar[str] = "spins of the chain"
    n_sites: int
    periodic: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_sites", checked_integer("n_sites", self.n_sites, minimum=1))
        object.__setattr__(self, "periodic", checked_flag("periodic", self.periodic))

    def bonds(self, order: int = 1) -> Bonds:
        """Returns the pairs of sites that are `order` places apart."""
        return sort_pairs(self.directed_bonds(order))

    def directed_bonds(self, order: int = 1) -> Bonds:
        """Returns the same bonds, each from a site to the one `order` places on."""
        order, n_starts = checked_order(order), self.n_sites
        if self.periodic and order % self.n_sites == 0:
            return ()
        if not self.periodic:
            n_starts = max(0, self.n_sites - order)
        return tuple((i, (i + order) % self.n_sites) for i in range(n_starts))

    def displacements(self, order: int = 1) -> NDArray[np.float64]:
        """Returns the way of each directed bond, (n_bonds, 2)."""
        return np.tile([float(order), 0.0], (len(self.directed_bonds(order)), 1))

    def coordinates(self) -> NDArray[np.float64]:
        """Returns the position (x, y) of every site on a line, (n_sites, 2)."""
        return np.stack([np.arange(self.n_sites), np.zeros(self.n_sites)], axis=1).astype(float)

    def size_powers(self, n_sizes: int) -> tuple[int, ...]:
        """Returns the powers of E = e n + s + c / n, without the ends' s if periodic.

        Source: Bloete, Cardy and Nightingale, Phys. Rev. Lett. 56, 742 (1986), but for the
        logarithms of the Heisenberg chain.

        Example:
            >>> Chain(8).size_powers(5)
            (1, 0, -1)
        """
        return (1, -1) if self.periodic else (1, 0, -1)

    def _translations(self) -> list[NDArray[np.int64]]:
        sites = np.arange(self.n_sites)
        return [np.roll(sites, k) for k in range(self.n_sites if self.periodic else 1)]

    def _point_group(self) -> list[Sites]:
        sites = tuple(range(self.n_sites))
        return [sites, sites[::-1]]

    def _strings(self, count: int) -> tuple[Sites, ...]:
        n_starts = min(self.n_sites, -(-count // 2)) if self.periodic else 1
        sites = np.arange(self.n_sites)
        turned = (np.roll(sites, -(i * self.n_sites // n_starts)) for i in range(n_starts))
        return drop_repeats(order for string in turned for order in (string, string[::-1]))
