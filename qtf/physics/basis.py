"""The computational basis: how numbers, bit strings and spins belong together.

A basis state has the number whose binary digits are its bits, spin 1 first. Bit 0 is
spin up (Z = +1), bit 1 is spin down (Z = -1).
"""

import numpy as np
from numpy.typing import ArrayLike

from qtf.physics._checks import checked_integer

# 2**24 states of 24 spins take 400 MB as int8 already.
MAX_LISTED_SITES = 24


def n_sites_of_dimension(dimension: int) -> int:
    """Returns the number n of spins whose state has `dimension` = 2**n amplitudes.

    Args:
        dimension: Number of amplitudes.

    Returns:
        Number of spins, at least 1.

    Raises:
        ValueError: `dimension` is not a power of two, or less than 2.

    Example:
        >>> n_sites_of_dimension(128)
        7
    """
    dimension = checked_integer("dimension", dimension, minimum=2)
    if dimension & (dimension - 1):
        raise ValueError(f"Argument `dimension` must be a power of two, but is {dimension}.")
    return dimension.bit_length() - 1


def all_bits(n_sites: int) -> np.ndarray:
    """Returns the bit strings of all basis states.

    Args:
        n_sites: Number of spins, at most 24.

    Returns:
        int8 array (2**n_sites, n_sites); row b holds the bits of basis state b.

    Raises:
        ValueError: `n_sites` is no integer from 1 to 24.

    Example:
        >>> all_bits(2).tolist()
        [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    checked_integer("n_sites", n_sites, minimum=1, maximum=MAX_LISTED_SITES)
    indices = np.arange(2**n_sites)
    bits = np.empty((len(indices), n_sites), np.int8)
    for site in range(n_sites):
        bits[:, site] = (indices >> (n_sites - 1 - site)) & 1
    return bits


def all_spins(n_sites: int) -> np.ndarray:
    """Returns the eigenvalues of Z_1 .. Z_n in all basis states.

    Args:
        n_sites: Number of spins, at most 24.

    Returns:
        int8 array (2**n_sites, n_sites) of +1 (up) and -1 (down).

    Raises:
        ValueError: `n_sites` is no integer from 1 to 24.

    Example:
        >>> all_spins(2).tolist()
        [[1, 1], [1, -1], [-1, 1], [-1, -1]]
    """
    return (1 - 2 * all_bits(n_sites)).astype(np.int8)


def spins_of_index(index: ArrayLike, n_sites: int) -> np.ndarray:
    """Returns the spins of basis states given by number.

    Args:
        index: Integers (...) from 0 to 2**n_sites - 1.
        n_sites: Number of spins, at most 62.

    Returns:
        int8 array (..., n_sites) of +1 (up) and -1 (down).

    Raises:
        ValueError: An index is no integer or out of range.

    Example:
        >>> spins_of_index(1, 3).tolist()
        [1, 1, -1]
    """
    checked_integer("n_sites", n_sites, minimum=1, maximum=62)
    indices = np.asarray(index)
    if indices.dtype.kind not in "iu" or np.any(indices < 0) or np.any(indices >= 2**n_sites):
        raise ValueError(
            f"Argument `index` must hold integers from 0 to {2**n_sites - 1}, but is {index!r}."
        )
    shifts = np.arange(n_sites - 1, -1, -1)
    return (1 - 2 * ((indices[..., None] >> shifts) & 1)).astype(np.int8)


def index_of_bits(bits: ArrayLike) -> np.ndarray:
    """Returns the numbers of basis states given by their bits.

    Args:
        bits: Integers 0 (up) and 1 (down), (..., n_sites), of at most 62 spins.

    Returns:
        int64 array (...).

    Raises:
        ValueError: A bit is neither 0 nor 1, or there is no spin, or more than 62.

    Example:
        >>> int(index_of_bits([1, 0, 1]))
        5
    """
    digits = np.asarray(bits)
    if digits.ndim < 1 or not 1 <= digits.shape[-1] <= 62:
        raise ValueError(
            "Argument `bits` must hold 1 to 62 bits on its last axis,"
            f" but has shape {digits.shape}."
        )
    if not np.isin(digits, (0, 1)).all():
        raise ValueError(f"Argument `bits` must hold only 0 and 1, but is {bits!r}.")
    weights = 2 ** np.arange(digits.shape[-1] - 1, -1, -1, dtype=np.int64)
    return digits.astype(np.int64) @ weights
