"""Where open systems begin: spins along directions, density matrices that are some."""

import math

import numpy as np
from numpy.typing import ArrayLike

from qtf.physics._checks import checked_operators, checked_real

# What single precision leaves of a density matrix.
TOLERANCE = 1e-5
# Angles (theta, phi) of the eigenstates of Pauli matrices.
BLOCH_ANGLES = {
    "+x": (math.pi / 2, 0.0),
    "-x": (math.pi / 2, math.pi),
    "+y": (math.pi / 2, math.pi / 2),
    "-y": (math.pi / 2, -math.pi / 2),
    "+z": (0.0, 0.0),
    "-z": (math.pi, 0.0),
}


def point_spins(angles: ArrayLike) -> np.ndarray:
    """Returns states of spins that point along directions.

        psi = cos(theta / 2) |up> + exp(i phi) sin(theta / 2) |down>
        <X>, <Y>, <Z> = sin(theta) cos(phi), sin(theta) sin(phi), cos(theta)

    Args:
        angles: theta and phi in radians, (..., 2): theta from Z, phi around it from X.

    Returns:
        complex128 array (..., 2), amplitudes of up and down.

    Raises:
        ValueError: The angles are not (..., 2), or not finite and real.

    Example:
        >>> point_spins([[0.0, 0.0], [np.pi / 2, np.pi / 2]]).round(3) + 0.0
        array([[1.   +0.j   , 0.   +0.j   ],
               [0.707+0.j   , 0.   +0.707j]])
    """
    pairs = checked_real("angles", angles)
    if pairs.ndim < 1 or pairs.shape[-1] != 2:
        raise ValueError(
            f"Argument `angles` must hold pairs (theta, phi), but has shape {pairs.shape}."
        )
    theta, phi = pairs[..., 0], pairs[..., 1]
    return np.stack([np.cos(theta / 2) + 0j, np.exp(1j * phi) * np.sin(theta / 2)], axis=-1)


def check_density_matrix(rho: ArrayLike, n_sites: int, *, name: str = "rho") -> np.ndarray:
    """Returns a density matrix, Hermitian and of trace 1 to rounding, if it is one to 1e-5.

    Args:
        rho: The matrix, (2**n_sites, 2**n_sites).
        n_sites: Number of spins.
        name: What messages call it.

    Returns:
        complex128 array of the same shape.

    Raises:
        ValueError: It has another shape, is not finite, not Hermitian, its trace is not 1, or
            an eigenvalue is negative.

    Example:
        >>> check_density_matrix([[0.5, 0.5j], [-0.5j, 0.5]], 1).shape
        (2, 2)
    """
    shape, dimension = np.shape(rho), 2**n_sites
    if shape != (dimension, dimension):
        raise ValueError(
            f"Argument `{name}` must have shape {(dimension, dimension)} for {n_sites} spins, but"
            f" has {shape}."
        )
    matrix = checked_operators(name, rho)
    skew = float(np.abs(matrix - matrix.conj().T).max())
    if skew > TOLERANCE:
        raise ValueError(
            f"Argument `{name}` must be Hermitian, but differs from its adjoint by {skew:.2g}."
        )
    trace = float(np.trace(matrix).real)
    if abs(trace - 1.0) > TOLERANCE:
        raise ValueError(f"Argument `{name}` must have trace 1, but has {trace:.6g}.")
    lowest = float(np.linalg.eigvalsh(matrix)[0])
    if lowest < -TOLERANCE:
        raise ValueError(
            f"Argument `{name}` must have no negative eigenvalue, but has {lowest:.2g}."
        )
    return (matrix + matrix.conj().T) / (2 * trace)
