"""Local generators built by Kronecker products, for comparison."""

import functools

import numpy as np

PAULI_MATRICES = {
    "1": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}


def string(letters):
    """Matrix of one Pauli letter for each site."""
    return functools.reduce(np.kron, [PAULI_MATRICES[letter] for letter in letters])


def placed(n_sites, at):
    """Matrix of the Paulis `at` [(site, letter), ...], 1 elsewhere."""
    sites = ["1"] * n_sites
    for site, letter in at:
        sites[site] = letter
    return string(sites)


def dense_generator(parts, n_sites, fields=None):
    """G from its groups, written out as in the docstring of `LocalTerms`."""
    total = np.zeros((2**n_sites, 2**n_sites), complex)
    for p, letter in enumerate("XYZ"):
        for i in range(n_sites):
            one = placed(n_sites, [(i, letter)])
            site = parts["site"] if parts["site"].ndim == 2 else np.tile(parts["site"], (99, 1))
            total += site[i, p] * one
            if "form" in parts:
                total += fields[i] * parts["form"][p] * one
        if "edges" in parts:
            total += parts["edges"][0, p] * placed(n_sites, [(0, letter)])
            total += parts["edges"][1, p] * placed(n_sites, [(n_sites - 1, letter)])
        for q, other in enumerate("XYZ"):
            for r in range(1, len(parts["bonds"]) + 1):
                for i in range(n_sites - r):
                    pair = placed(n_sites, [(i, letter), (i + r, other)])
                    total += parts["bonds"][r - 1, p, q] * pair
    shift = parts["shift"] @ [1, n_sites][: len(parts["shift"])]
    return total + shift * np.eye(2**n_sites)
