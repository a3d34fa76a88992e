"""Lattices written out once more, by brute force, to hold `qtf.physics.lattices` against.

Positions are complex numbers, pairs come from all distances between all images of all sites, and
energies from matrices over bits. Nothing of `qtf` is in here.
"""

import cmath
import itertools

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import eigsh

SIXTH = cmath.exp(1j * cmath.pi / 3)
# Vectors along a row and from row to row, and the sites of a cell; 0: there is but one row.
CELLS = {
    "chain": (1, 0, [0]),
    "ladder": (1, 0, [0, 1j]),
    "square": (1, 1j, [0]),
    "triangular": (1, SIXTH, [0]),
    "honeycomb": (3**0.5, 3**0.5 * SIXTH, [0, cmath.exp(1j * cmath.pi / 6)]),
    "kagome": (2, 2 * SIXTH, [0, 1, SIXTH]),
}
# Squares of the distances of the first four shells.
SHELLS = {
    "chain": (1, 4, 9, 16),
    "ladder": (1, 2, 4, 5),
    "square": (1, 2, 4, 5),
    "triangular": (1, 3, 4, 7),
    "honeycomb": (1, 3, 4, 7),
    "kagome": (1, 3, 4, 7),
}


def positions(kind, n_rows, n_columns):
    """Positions of the sites, row by row, complex (n_sites,)."""
    along, up, cell = CELLS[kind]
    return np.array(
        [r * up + c * along + s for r in range(n_rows) for c in range(n_columns) for s in cell]
    )


def pairs(kind, n_rows, n_columns, order, *, periodic):
    """Sorted pairs of different sites at the distance of a shell, for each image that is there."""
    along, up, _ = CELLS[kind]
    sites = positions(kind, n_rows, n_columns)
    shifts = range(-5, 6) if periodic else [0]
    images = {r * n_rows * up + c * n_columns * along for r in shifts for c in shifts}
    difference = sites[None, :] - sites[:, None]
    every = []
    for shift in images:
        hit = np.isclose(abs(difference + shift) ** 2, SHELLS[kind][order - 1])
        every += [(i, j) for i, j in np.argwhere(hit).tolist() if i < j]
    return sorted(every)


def ground_energy(n_sites, bonds, *, xy, zz, field=0.0):
    """Lowest energy of sum_<ij> (xy (XX + YY) + zz ZZ) - field sum X, a site a bit.

    Without a field among the states with as many bits as half of the sites only.
    """
    states = np.arange(2**n_sites)
    if not field:
        states = states[np.bitwise_count(states) == n_sites // 2]
    rows, columns, values = [], [], []
    diagonal = np.zeros(len(states))
    for i, j in bonds:
        differ = (states >> i ^ states >> j) & 1
        diagonal += zz * (1 - 2 * differ)
        at = np.flatnonzero(differ)
        rows.append(at)
        columns.append(np.searchsorted(states, states[at] ^ (1 << i | 1 << j)))
        # XX and YY flip both spins; where these differ they add up, else they cancel.
        values.append(np.full(len(at), 2.0 * xy))
    for i in range(n_sites) if field else []:
        rows.append(np.arange(len(states)))
        columns.append(states ^ 1 << i)
        values.append(np.full(len(states), -field))
    rows.append(np.arange(len(states)))
    columns.append(np.arange(len(states)))
    values.append(diagonal)
    entries = tuple(map(np.concatenate, (values, rows, columns)))
    matrix = coo_array((entries[0], entries[1:]), shape=2 * (len(states),)).tocsr()
    start = np.random.default_rng(1).normal(size=len(states))
    return eigsh(matrix, k=1, which="SA", v0=start, return_eigenvectors=False)[0]


def isometries(sites, rounding=1e-6):
    """All permutations that keep every distance of a plane cluster, one site after another."""
    distances = abs(sites[:, None] - sites[None, :])
    n_sites, kept = len(sites), [()]
    for place in range(n_sites):
        kept = [
            (*images, new)
            for images, new in itertools.product(kept, range(n_sites))
            if new not in images
            and all(
                abs(distances[new, image] - distances[place, k]) < rounding
                for k, image in enumerate(images)
            )
        ]
    return set(kept)
