"""The configurations that a wave function can have, up to symmetries."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtf.ground_states.settings import MAX_LISTED_SITES
from qtf.ground_states.symmetry_groups import SymmetryGroup
from qtf.physics import all_bits


@dataclass(frozen=True)
class Sector:
    """Where a wave function may be other than zero, and where its modulus is the same.

    Attributes:
        n_sites: Number of sites.
        zero_magnetization: Whether as many spins are up as down.
        group: Symmetries of the modulus; None: none.
        magnetization: Number of up spins minus that of down spins; None: any, but for
            `zero_magnetization`.
    """

    n_sites: int
    zero_magnetization: bool = False
    group: SymmetryGroup | None = None
    magnetization: int | None = None

    @property
    def n_down(self) -> int | None:
        """Number of down spins; None: any."""
        total = self.magnetization
        return find_n_down(self.n_sites, 0 if total is None and self.zero_magnetization else total)


def find_n_down(n_sites: int, magnetization: int | None) -> int | None:
    """Returns the number of down spins of a magnetisation, or None for any.

    Args:
        n_sites: Number of sites.
        magnetization: Number of up spins minus that of down spins.

    Example:
        >>> find_n_down(8, 2)
        3
    """
    return None if magnetization is None else (n_sites - magnetization) // 2


class Representatives:
    """One configuration of a sector for all its images under symmetries.

    Args:
        sector: The sector.

    Attributes:
        bits: int32 (n_listed, n_sites), of all images the one that comes first as a binary
            number.
        counts: Number of images of each, float64 (n_listed,).
        allowed: Whether psi may be other than zero, for each of all configurations, bool
            (2**n_sites,).
        rows: Which of those listed each of all configurations is an image of, int32
            (2**n_sites,); n_listed for one that is not allowed.

    Raises:
        ValueError: There are more than `MAX_LISTED_SITES` sites.

    Example:
        >>> reflection = SymmetryGroup(((0, 1, 2, 3), (3, 2, 1, 0)))
        >>> Representatives(Sector(4, zero_magnetization=True, group=reflection)).counts.tolist()
        [2.0, 2.0, 1.0, 1.0]
    """

    def __init__(self, sector: Sector) -> None:
        if sector.n_sites > MAX_LISTED_SITES:
            raise ValueError(
                f"Setting `sampling.every_configuration` needs at most {MAX_LISTED_SITES} sites,"
                f" but there are {sector.n_sites}."
            )
        every = all_bits(sector.n_sites).astype(np.int32)
        first: NDArray[np.int64] = np.arange(len(every))
        if sector.group is not None:
            first = sector.group.first_images(every)
        self.allowed = np.ones(len(every), bool)
        if sector.n_down is not None:
            self.allowed = every.sum(axis=1) == sector.n_down
        listed, counts = np.unique(first[self.allowed], return_counts=True)
        self.bits = every[listed]
        self.counts = counts.astype(np.float64)
        # Spins that are not possible are looked up too, behind all others.
        rows = np.where(self.allowed, np.searchsorted(listed, first), len(listed))
        self.rows = rows.astype(np.int32)
