"""Outcomes that have the same probability because orders of the sites are averaged."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.sparse import csr_array

from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.povm_liouvillian import PovmLiouvillian
from qtf.typing import Array

# Relative differences below this are those of rounding.
ROUNDING = 1e-10

# Columns of a matrix that are multiplied at once, so that they stay in a cache.
COLUMNS = 32


class Orbits:
    """Sets of outcomes that permutations of the sites take into one another.

    Args:
        n_sites: Number of sites.
        permutations: A group of them, (n, n_sites): the outcome of site g[i] comes to stand at
            site i. By default the identity alone, which leaves each outcome by itself.

    Attributes:
        first: One outcome of each orbit, by its place in `log_table`, int32 (n_orbits,).
        outcomes: The same, site by site, int32 (n_orbits, n_sites).
        sizes: How many outcomes each has, float64 (n_orbits,).
        number: The orbit of every outcome, int64 (4**n_sites,).

    Example:
        >>> orbits = Orbits(2, [(0, 1), (1, 0)])
        >>> len(orbits.first), orbits.sizes.sum().item()
        (10, 16.0)
    """

    def __init__(self, n_sites: int, permutations: Sequence[Sequence[int]] = ()) -> None:
        self.n_sites = n_sites
        places = np.arange(4**n_sites)
        cube = places.reshape((4,) * n_sites)
        smallest = places
        for permutation in permutations:
            smallest = np.minimum(smallest, cube.transpose(permutation).ravel())
        first, self.number, sizes = np.unique(smallest, return_inverse=True, return_counts=True)
        self.first, self.sizes = first.astype(np.int32), sizes.astype(np.float64)
        self.outcomes = self.first[:, None] // 4 ** np.arange(n_sites, dtype=np.int32)[::-1] % 4

    @classmethod
    def of_distribution(cls, distribution: OutcomeDistribution) -> "Orbits":
        """Returns those of the permutations that take the strings into one another."""
        strings = {tuple(string) for string in distribution.strings}
        first = np.argsort(distribution.strings[0])
        offsets = distribution.offsets
        group = []
        for string in distribution.strings:
            moved = np.array(string)[first]
            is_kept = offsets is None or np.array_equal(np.array(offsets)[moved], offsets)
            if is_kept and {tuple(moved[list(other)].tolist()) for other in strings} == strings:
                group.append(moved.tolist())
        return cls(distribution.n_sites, group)

    def share(self, table: Array) -> bool:
        """Tells whether all outcomes of an orbit have the same number in a table.

        Args:
            table: (4**n_sites,).
        """
        differences = table - table[self.first][self.number]
        return bool(np.abs(differences).max() <= ROUNDING * np.abs(table).max())

    def are_kept_by(self, liouvillian: PovmLiouvillian) -> bool:
        """Tells whether what is the same for all outcomes of an orbit stays the same."""
        numbers = np.random.default_rng(0).normal(size=len(self.first))
        return self.share(np.asarray(liouvillian.apply(numbers[self.number])))

    def restrict(self, liouvillian: PovmLiouvillian) -> csr_array:
        """Returns L for probabilities of one outcome of each orbit, (n_orbits, n_orbits).

        Args:
            liouvillian: It keeps the orbits.
        """
        outcomes = self.outcomes
        diagonal, coefficients = map(np.asarray, liouvillian.coefficients(outcomes))
        rows = np.arange(len(outcomes))
        weights = 4 ** np.arange(self.n_sites)[::-1]
        moved = (np.asarray(liouvillian.move(outcomes, k)) for k in range(liouvillian.n_chunks))
        places = np.concatenate([part @ weights for part in moved])
        columns = np.concatenate([rows, self.number[places].ravel()])
        entries = np.concatenate([diagonal, coefficients.ravel()])
        rows = np.tile(rows, 1 + len(coefficients))
        matrix = csr_array((entries, (rows, columns)), shape=(len(outcomes), len(outcomes)))
        matrix.sum_duplicates()
        return matrix


def multiply(matrix: csr_array, columns: Array) -> Array:
    """Returns the product of a sparse matrix and a dense one, by several threads.

    Args:
        matrix: (n, m).
        columns: (m, k).
    """
    result = np.empty((matrix.shape[0], columns.shape[1]))

    def work(start: int) -> None:
        part = slice(start, start + COLUMNS)
        result[:, part] = matrix @ np.ascontiguousarray(columns[:, part])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(work, range(0, columns.shape[1], COLUMNS)))
    return result
