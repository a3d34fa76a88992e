"""Graphs: lattices that are a list of bonds."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from numbers import Integral
from typing import ClassVar

from qtf.physics.lattices.lattice import Bonds, Lattice, checked_order, sort_pairs


@dataclass(frozen=True)
class Graph(Lattice):
    """Sites and the bonds between them, whatever they are.

    Bonds of order k join sites that are k bonds apart, on the shortest way. Nothing is known of
    its symmetries, and it has no rows.

    Args:
        edges: Pairs of sites, numbered from 0 without a gap: the nearest bonds, in this order and
            these directions. A pair that is there twice is two bonds.

    Raises:
        ValueError: An edge is no pair of two sites, or a site has no bond.

    Example:
        >>> star = Graph([(0, 1), (0, 2), (3, 0)])
        >>> star.n_sites, star.bonds(), star.directed_bonds()
        (4, ((0, 1), (0, 2), (0, 3)), ((0, 1), (0, 2), (3, 0)))
        >>> star.bonds(2), star.sublattice()
        (((1, 2), (1, 3), (2, 3)), (0,))
    """

    KIND: ClassVar[str] = "graph"
    SIZES: ClassVar[tuple[str, ...]] = ()
    edges: Bonds
    periodic: ClassVar[bool] = False  # type: ignore[misc]
    n_sites: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "edges", _checked_edges(self.edges))
        object.__setattr__(self, "n_sites", 1 + max(site for edge in self.edges for site in edge))

    def bonds(self, order: int = 1) -> Bonds:
        """Returns the pairs of sites that are `order` bonds apart."""
        return sort_pairs(self.directed_bonds(order))

    def directed_bonds(self, order: int = 1) -> Bonds:
        """Returns the edges as they are given; beyond, pairs from the lower site to the higher."""
        if checked_order(order) == 1:
            return self.edges
        neighbors: list[set[int]] = [set() for _ in range(self.n_sites)]
        for i, j in self.edges:
            neighbors[i].add(j)
            neighbors[j].add(i)
        pairs = []
        for start in range(self.n_sites):
            before, last = {start}, {start}
            for _ in range(order):
                last = set().union(*(neighbors[site] for site in last)) - before
                before |= last
            pairs += [(start, end) for end in sorted(last) if end > start]
        return tuple(pairs)


def _checked_edges(edges: Iterable[Iterable[int]]) -> Bonds:
    """Returns edges as pairs of integers if every site has one."""
    name = "Argument `edges` must"
    if isinstance(edges, str) or not isinstance(edges, Iterable):
        raise ValueError(f"{name} hold pairs of sites, but is {edges!r}.")
    pairs = [_checked_pair(edge) for edge in edges]
    if not pairs:
        raise ValueError(f"{name} hold at least one pair of sites, but is empty.")
    missing = set(range(max(map(max, pairs)))).difference(*pairs)
    if missing:
        raise ValueError(f"{name} join every site, but there is none of site {min(missing)}.")
    return tuple(pairs)


def _checked_pair(edge: Iterable[int]) -> tuple[int, int]:
    sites = list(edge) if isinstance(edge, Iterable) and not isinstance(edge, str) else []
    whole = [int(s) for s in sites if isinstance(s, Integral) and not isinstance(s, bool)]
    if len(whole) != 2 or len(sites) != 2 or min(whole) < 0:
        raise ValueError(
            f"Argument `edges` must hold pairs of sites, numbered from 0, but holds {edge!r}."
        )
    if whole[0] == whole[1]:
        raise ValueError(f"Argument `edges` must join different sites, but holds {edge!r}.")
    return whole[0], whole[1]
