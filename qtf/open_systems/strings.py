"""Strings: orders of the sites that the symmetries of a lattice relate."""

import numpy as np

from qtf.checks import Number, check_arguments
from qtf.physics import Chain, Lattice, Square

Strings = tuple[tuple[int, ...], ...]


def lattice_strings(lattice: Lattice, count: int) -> Strings:
    """Returns orders in which a network visits the sites of a lattice.

    On a square 0 stands for the one order row by row, and count > 0 for that many snakes
    (every second row from right to left), which mirrors and, if the sides are equal, quarter
    turns relate. On a chain the first is from one end to the other, then backwards, then, on
    a periodic chain, the same two from other starts, as far apart as they can be.

    Args:
        lattice: A chain or a square.
        count: Number of orders; 0 and 1 are the same on a chain.

    Raises:
        ValueError: There are not so many.

    Example:
        >>> lattice_strings(Chain(3), 2)
        ((0, 1, 2), (2, 1, 0))
        >>> lattice_strings(Square(2, 2), 0)
        ((0, 1, 2, 3),)
        >>> lattice_strings(Square(2, 2), 2)
        ((0, 1, 3, 2), (1, 0, 2, 3))
    """
    check_arguments(Number(integer=True), count=count)
    if count == 0 or lattice.n_sites == 1:
        return (tuple(range(lattice.n_sites)),)
    every = _of_square(lattice) if isinstance(lattice, Square) else _of_chain(lattice, count)
    if not 0 < count <= len(every):
        raise ValueError(f"Argument `count` must be from 0 to {len(every)}, but is {count}.")
    return every[:count]


def _of_square(lattice: Square) -> Strings:
    sites = np.arange(lattice.n_sites).reshape(lattice.n_rows, lattice.n_columns)
    images = [sites, sites[:, ::-1], sites[::-1], sites[::-1, ::-1]]
    if lattice.n_rows == lattice.n_columns:
        images += [image.T for image in images]
    return _distinct([_snake(image) for image in images])


def _snake(sites: np.ndarray) -> list[int]:
    return [int(s) for i, row in enumerate(sites) for s in (row[::-1] if i % 2 else row)]


def _of_chain(lattice: Chain, count: int) -> Strings:
    n_sites = lattice.n_sites
    n_starts = min(n_sites, -(-count // 2)) if lattice.periodic else 1
    sites, found = np.arange(n_sites), []
    for i in range(n_starts):
        turned = np.roll(sites, -(i * n_sites // n_starts)).tolist()
        found += [turned, turned[::-1]]
    return _distinct(found)


def _distinct(orders: list[list[int]]) -> Strings:
    return tuple(dict.fromkeys(tuple(order) for order in orders))
