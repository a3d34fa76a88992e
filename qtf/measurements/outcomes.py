"""Probabilities of bit strings, and their derivatives, from states at one time."""

import functools
from collections.abc import Sequence

import numpy as np

from qtf.measurements.experiments import LETTERS
from qtf.measurements.words import READOUT

_ROTATIONS = {
    "X": np.array([[1, 1], [1, -1]]) / np.sqrt(2),
    "Y": np.array([[1, -1j], [1, 1j]]) / np.sqrt(2),
    "Z": np.eye(2),
}
_WALSH = np.array([[0.5, 0.5], [0.5, -0.5]])
# What an error moves from each bit to the other: rows are the bit that is read.
_MOVES = {"e01": np.array([[-1.0, 0.0], [1.0, 0.0]]), "e10": np.array([[0.0, 1.0], [0.0, -1.0]])}
# Of halves of bases, of which a fit needs the same ones again and again.
MAX_KEPT_LETTERS = 5
# Digits of probabilities that shots are drawn by. What differs in the last ones from machine to
# machine must not change a draw.
ROUNDED = 12


def product_states(angles: np.ndarray) -> np.ndarray:
    """Returns amplitudes of product states.

    Args:
        angles: Bloch angles (m, n_sites, 2).

    Returns:
        complex128 (2**n_sites, m).
    """
    theta, phi = angles[..., 0], angles[..., 1]
    spins = np.stack([np.cos(theta / 2) + 0j, np.exp(1j * phi) * np.sin(theta / 2)], -1)
    return _product(spins)


def product_means(
    angles: np.ndarray, errors: Sequence[tuple[range, float]] = (), free: Sequence[int] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the means of all Pauli strings in product states, and derivatives.

    A site that is depolarised with a share p has (1 - p) times the means of X, Y and Z.

    Args:
        angles: Bloch angles (m, n_sites, 2).
        errors: Sites and share of each error of the preparation; shares of one site add up.
        free: Places of the errors that derivatives are taken in.

    Returns:
        Means, float64 (4**n_sites, m), and derivatives, (4**n_sites, len(free), m).
    """
    theta, phi = angles[..., 0], angles[..., 1]
    x, y, z = np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)
    factors = np.stack([np.ones_like(x), x, y, z], -1)
    spins = factors.copy()
    spins[..., 1:] *= 1 - shares_of(errors, angles.shape[1])[:, None]
    slopes = np.zeros((4 ** angles.shape[1], len(free), len(angles)))
    for place, k in enumerate(free):
        for site in errors[k][0]:
            changed = spins.copy()
            changed[:, site, 0] = 0.0
            changed[:, site, 1:] = -factors[:, site, 1:]
            slopes[:, place] += _product(changed)
    return _product(spins), slopes


def shares_of(errors: Sequence[tuple[range, float]], n_sites: int) -> np.ndarray:
    """Returns with which share each site is depolarised, float64 (n_sites,).

    Args:
        errors: Sites and share of each error.
        n_sites: Number of spins.

    Example:
        >>> shares_of([(range(2), 0.25), (range(1), 0.5)], 2).tolist()
        [0.75, 0.25]
    """
    shares = np.zeros(n_sites)
    for sites, share in errors:
        shares[list(sites)] += share
    return shares


def _product(factors: np.ndarray) -> np.ndarray:
    product = factors[:, 0]
    for site in range(1, factors.shape[1]):
        product = (product[:, :, None] * factors[:, None, site]).reshape(len(factors), -1)
    return np.ascontiguousarray(product.T)


def probabilities_of_states(
    psi: np.ndarray, bases: Sequence[str], *, n_rest: int = 1
) -> np.ndarray:
    """Returns probabilities sum_r |<b r| R psi|^2 and their derivatives.

    Args:
        psi: State and derivatives for each setting, or the same for all, (S or 1, 1 + K, 2**n), or
            (S or 1, 1 + K, 2**m, n_rest, 2**(n - m)) flat, with m half of n rounded up.
        bases: S bases of the n sites that are measured.
        n_rest: Number of states of all other sites.

    Returns:
        float64 (S, 1 + K, 2**n): the probabilities, then their derivatives.
    """
    n_sites, n_settings = len(bases[0]), len(bases)
    n_left = (n_sites + 1) // 2
    n_states, n_both, dimension = psi.shape
    left = _rotations([basis[:n_left] for basis in bases])
    right = _rotations([basis[n_left:] for basis in bases])
    # Two products for each setting, whatever the number of derivatives.
    halves = psi.reshape(n_states, n_both, 2**n_left, dimension >> n_left).swapaxes(1, 2)
    rotated = left @ halves.reshape(n_states, 2**n_left, -1)
    n_right = 2 ** (n_sites - n_left)
    rotated = rotated.reshape(n_settings, -1, n_right) @ right.swapaxes(-1, -2)
    rotated = rotated.reshape(n_settings, 2**n_left, n_both, n_rest, n_right)
    amplitudes = rotated[:, :, :1]
    products = amplitudes.real * rotated.real
    products += amplitudes.imag * rotated.imag
    probabilities = 2 * products.sum(axis=3) if n_rest > 1 else 2 * products[:, :, :, 0]
    probabilities[:, :, 0] /= 2
    return probabilities.swapaxes(1, 2).reshape(n_settings, n_both, 2**n_sites)


def probabilities_of_means(means: np.ndarray, bases: Sequence[str]) -> np.ndarray:
    """Returns probabilities and derivatives from the means of all Pauli strings.

    Args:
        means: As in `probabilities_of_states`, (S or 1, 1 + K, 4**n).
        bases: S bases.

    Returns:
        float64 (S, 1 + K, 2**n).
    """
    n_sites = len(bases[0])
    digits = np.array([[1 + LETTERS.index(letter) for letter in basis] for basis in bases])
    strings = np.zeros((len(bases), 1), int)
    for site in range(n_sites):
        choices = np.stack([np.zeros(len(bases), int), digits[:, site]], -1)
        strings = (4 * strings[:, :, None] + choices[:, None]).reshape(len(bases), -1)
    rows = np.arange(len(bases))[:, None] if len(means) > 1 else np.zeros((1, 1), int)
    # Two lists of indices around a slice come first.
    known = np.moveaxis(means[rows, :, strings], -1, 1)
    return _on_each_site(known, [_WALSH] * n_sites)


def read_out(
    probabilities: np.ndarray, errors: Sequence[tuple[str, range, float]], free: Sequence[int]
) -> np.ndarray:
    """Returns probabilities of what is read, and derivatives in the errors after the others.

    Args:
        probabilities: Before the readout, (S, 1 + K, 2**n).
        errors: Kind, sites and value of each error.
        free: Places of the errors that derivatives are taken in, in ascending order.

    Returns:
        float64 (S, 1 + K + len(free), 2**n).
    """
    n_settings, n_before, dimension = probabilities.shape
    n_sites = dimension.bit_length() - 1
    result = np.zeros((n_settings, n_before + len(free), dimension))
    result[:, :n_before] = probabilities
    for site in range(n_sites):
        acting = [(k, kind, e) for k, (kind, sites, e) in enumerate(errors) if site in sites]
        flips = np.eye(2) + sum((e * _MOVES[kind] for _, kind, e in acting), np.zeros((2, 2)))
        moved = {k: _on_site(result[:, :1], _MOVES[kind], site) for k, kind, _ in acting}
        result = _on_site(result, flips, site)
        for place, k in enumerate(free):
            if k in moved:
                result[:, n_before + place] += moved[k][:, 0]
    return result


def flips_of(errors: Sequence[tuple[str, range, float]], n_sites: int) -> np.ndarray:
    """Returns with which probability the bits of each site are read as the other ones.

    Args:
        errors: Kind, sites and value of each error.
        n_sites: Number of spins.

    Returns:
        float64 (2, n_sites), of bits 0 and of bits 1.

    Example:
        >>> flips_of([("e01", range(2), 0.1), ("e10", range(1), 0.2)], 2).tolist()
        [[0.1, 0.1], [0.2, 0.0]]
    """
    flips = np.zeros((2, n_sites))
    for kind, sites, error in errors:
        flips[READOUT.index(kind), list(sites)] += error
    return flips


def _on_site(values: np.ndarray, matrix: np.ndarray, site: int) -> np.ndarray:
    split = values.reshape(*values.shape[:-1], 2**site, 2, -1)
    return (matrix @ split).reshape(values.shape)


def _on_each_site(values: np.ndarray, matrices: Sequence[np.ndarray]) -> np.ndarray:
    for site, matrix in enumerate(matrices):
        values = _on_site(values, matrix, site)
    return values


def _rotations(bases: Sequence[str]) -> np.ndarray:
    """Returns the rotation of each basis, (S, 2**n, 2**n)."""
    make = _kept_rotation if len(bases[0]) <= MAX_KEPT_LETTERS else _rotation
    return np.array([make(basis) for basis in bases])


def _rotation(basis: str) -> np.ndarray:
    matrix = np.eye(1, dtype=np.complex128)
    for letter in basis:
        matrix = np.kron(matrix, _ROTATIONS[letter])
    return matrix


_kept_rotation = functools.lru_cache(maxsize=3**5)(_rotation)
