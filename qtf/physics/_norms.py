"""Norms whose squares a double cannot hold."""

import numpy as np

# Squares of norms between these, and of what counts beside them, are far from both ends of
# the range of a double.
_SMALLEST, _LARGEST = 1e-120, 1e120


def euclidean_norm(vector: np.ndarray) -> float:
    """Returns |v| to rounding for any finite v, real or complex (dimension,)."""
    with np.errstate(over="ignore"):
        norm = float(np.linalg.norm(vector))
    if _SMALLEST < norm < _LARGEST:
        return norm
    largest = _largest_parts(vector)
    return float(largest * np.linalg.norm(vector / largest)) if largest else 0.0


def split_exponents(states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns states whose norms can be squared, and the powers of two that they are short of.

    Args:
        states: complex128 (..., dimension).

    Returns:
        `states` times powers of two, and the exponents (...,) that give them back, see
        `restore_exponents`; 0 where nothing had to be done.
    """
    largest = _largest_parts(states)
    is_fine = (largest == 0) | ((largest > _SMALLEST) & (largest < _LARGEST))
    exponents = np.where(is_fine, 0, np.frexp(largest)[1])
    return restore_exponents(states, -exponents), exponents


def restore_exponents(states: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """Returns states (..., dimension) times 2**exponents, (...,); exact within the range."""
    if not exponents.any():
        return states
    parts = np.ascontiguousarray(states).view(np.float64)
    return np.ldexp(parts, exponents[..., None]).view(np.complex128)


def bring_near_one(states: np.ndarray) -> np.ndarray:
    """Returns states whose norms can be squared, each times a power of two where it has to be.

    Args:
        states: complex128 (..., dimension).

    Returns:
        `states` itself if all of their norms can be squared.
    """
    return split_exponents(states)[0]


def _largest_parts(vectors: np.ndarray) -> np.ndarray:
    """Returns the largest real or imaginary part of each vector (..., dimension), by size."""
    real, imaginary = (
        np.abs(part).max(axis=-1, initial=0.0) for part in (vectors.real, vectors.imag)
    )
    return np.maximum(real, imaginary)
