"""Orders in which an autoregressive network visits the sites of a lattice."""

from qtf.ground_states.settings import ORDERS
from qtf.physics import Chain, Lattice, Square


def site_order(lattice: Lattice, name: str) -> tuple[int, ...]:
    """Returns the site at each position.

    Args:
        lattice: A chain, visited from one end to the other in either order, or a square.
        name: "raster": row by row, each from left to right; "snake": every second row from
            right to left, so that successive positions are neighbours.

    Raises:
        ValueError: The order is unknown.

    Example:
        >>> site_order(Square(2, 3), "snake")
        (0, 1, 2, 5, 4, 3)
    """
    if name not in ORDERS:
        raise ValueError(f'Argument `name` must be one of {", ".join(ORDERS)}, but is "{name}".')
    if isinstance(lattice, Chain) or name == "raster":
        return tuple(range(lattice.n_sites))
    rows = [
        range(row * lattice.n_columns, (row + 1) * lattice.n_columns)
        for row in range(lattice.n_rows)
    ]
    return tuple(site for i, row in enumerate(rows) for site in (reversed(row) if i % 2 else row))


def sublattice(lattice: Lattice) -> tuple[int, ...]:
    """Returns every second site, the even ones of a chain or a chessboard's white fields.

    Example:
        >>> sublattice(Square(2, 3))
        (0, 2, 4)
    """
    columns = lattice.n_columns if isinstance(lattice, Square) else lattice.n_sites
    return tuple(
        site for site in range(lattice.n_sites) if (site // columns + site % columns) % 2 == 0
    )
