"""Ladders."""

from dataclasses import dataclass, field
from typing import ClassVar

from qtf.physics.lattices.bravais import Bravais, Vectors


@dataclass(frozen=True)
class Ladder(Bravais):
    """Two chains whose neighbours are joined by rungs; sites 2 k and 2 k + 1 are those of rung k.

    Rungs and the bonds along the legs are nearest neighbours. A periodic ladder is closed along its
    legs; one of two rungs has the bonds of its legs twice. Its rows are its rungs.

    Args:
        n_rungs: Number of rungs.
        periodic: Whether the last rung is a neighbour of the first.

    Raises:
        ValueError: `n_rungs` is no positive integer or `periodic` no bool.

    Example:
        >>> Ladder(2).bonds()
        ((0, 2), (0, 1), (1, 3), (2, 3))
        >>> Ladder(2).bonds(2)
        ((0, 3), (1, 2))
        >>> len(Ladder(6, periodic=True).bonds())
        18
    """

    KIND: ClassVar[str] = "ladder"
    SIZES: ClassVar[tuple[str, ...]] = ("n_rungs",)
    SIZE_NAME: ClassVar[str] = "rungs of the ladder"
    VECTORS: ClassVar[Vectors] = ((1.0, 0.0),)
    CELL: ClassVar[Vectors] = ((0.0, 0.0), (0.0, 1.0))
    n_rungs: int
    periodic: bool = field(default=False, kw_only=True)
    n_sites: int = field(init=False, repr=False, compare=False)
