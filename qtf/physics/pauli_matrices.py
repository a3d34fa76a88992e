"""The Pauli matrices of one spin; rows and columns are up, down."""

import numpy as np

PAULI_MATRICES = {
    "X": np.array([[0, 1], [1, 0]], np.complex128),
    "Y": np.array([[0, -1j], [1j, 0]], np.complex128),
    "Z": np.array([[1, 0], [0, -1]], np.complex128),
}
