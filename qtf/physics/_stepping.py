"""What the Krylov and the Chebyshev steps share."""

import numpy as np

from qtf.physics.operators import PauliSum


class SparseProduct:
    """Function of complex vectors or columns, (dimension, ...), that applies H to them.

    A real H is never converted to a complex one: the vectors are seen as pairs of real
    ones, which takes half the time and memory.
    """

    def __init__(self, hamiltonian: PauliSum) -> None:
        self.matrix = hamiltonian.to_sparse()

    def __call__(self, psi: np.ndarray) -> np.ndarray:
        """Returns H psi."""
        if np.iscomplexobj(self.matrix):
            return self.matrix @ psi
        pairs = np.ascontiguousarray(psi).view(np.float64).reshape(len(psi), -1)
        return (self.matrix @ pairs).view(np.complex128).reshape(psi.shape)

    def spectral_interval(self) -> tuple[float, float]:
        """Returns the centre and half width of an interval that holds all eigenvalues.

        By Gershgorin's circles, so it is wider than the spectrum but always valid.
        """
        diagonal = self.matrix.diagonal().real
        radii = np.asarray(abs(self.matrix).sum(axis=1)).reshape(-1) - np.abs(diagonal)
        low, high = (diagonal - radii).min(), (diagonal + radii).max()
        return float(high + low) / 2, float(high - low) / 2


def order_by_distance(times: np.ndarray, sign: int) -> np.ndarray:
    """Returns where times of one sign stand, by growing distance from 0 (0 is positive)."""
    order = np.argsort(np.abs(times), kind="stable")
    return order[(times[order] >= 0) == (sign > 0)]
