"""Independent matrices: Kronecker products written out, without anything of qtf.physics."""

import numpy as np
import pytest

PAULIS = {
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.array([[1, 0], [0, -1]]),
}


@pytest.fixture
def kronecker():
    """Function of (n_sites, {site: letter}): the matrix of a Pauli string."""

    def string(n_sites, letters):
        matrix = np.eye(1)
        for site in range(n_sites):
            matrix = np.kron(matrix, PAULIS[letters[site]] if site in letters else np.eye(2))
        return matrix

    return string


@pytest.fixture
def random_states():
    """Function of (n_states, dimension): complex Gaussian states, not normalised."""

    def states(n_states, dimension, seed=0):
        rng = np.random.default_rng(seed)
        parts = rng.normal(size=(2, n_states, dimension))
        return parts[0] + 1j * parts[1]

    return states
