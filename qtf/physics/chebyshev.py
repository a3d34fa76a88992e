"""Time evolution without eigenvectors by Chebyshev polynomials of the Hamiltonian."""

import math

import numpy as np

from qtf.physics._checks import (
    checked_integer,
    checked_number,
    checked_positive,
    checked_states,
    checked_times,
)
from qtf.physics._stepping import HermitianProduct, SparseProduct, order_by_distance
from qtf.physics._threads import one_thread
from qtf.physics.operators import PauliSum

# Half width of the spectrum times the length of a segment; its polynomials (about 60 of
# them) are all held, and serve all times within it by one product of matrices.
_SEGMENT_PHASE = 24.0
_BATCH_AMPLITUDES = 1 << 16


def chebyshev_step(hamiltonian: PauliSum, psi: np.ndarray, dt: float, *, degree: int) -> np.ndarray:
    """Returns `exp(-i H dt) psi` from Chebyshev polynomials up to a degree (hbar = 1).

        exp(-i H dt) = exp(-i c dt) sum_k (2 - delta_k0) (-i)^k J_k(r dt) T_k((H - c) / r),

    [c - r, c + r] an interval that holds the spectrum. The error falls faster than
    exponentially with the degree once that passes r |dt|. All polynomials are held in
    memory, `degree + 1` times the batch.

    Args:
        hamiltonian: H, of at most 24 spins.
        psi: States (..., 2**n_sites).
        dt: Time step; may be negative.
        degree: Highest degree, at least 1.

    Returns:
        complex128 array of the shape of `psi`.

    Raises:
        ValueError: An argument has a wrong shape, is out of range or is not finite.

    Example:
        >>> from qtf.physics import Chain, ising
        >>> psi = chebyshev_step(ising(Chain(3)), np.eye(8)[0], 0.1, degree=12)
        >>> float(np.linalg.norm(psi).round(12))
        1.0

    Source: Tal-Ezer and Kosloff, J. Chem. Phys. 81, 3967 (1984).
    """
    states = checked_states("psi", psi, hamiltonian.dimension)
    times = np.array([checked_number("dt", dt)])
    checked_integer("degree", degree, minimum=1)
    columns = np.ascontiguousarray(states.reshape(-1, hamiltonian.dimension).T)
    evolved = Expansion(SparseProduct(hamiltonian)).evolve(columns, times, degree)[0]
    return np.ascontiguousarray(evolved.T).reshape(states.shape)


def chebyshev_evolve(
    hamiltonian: PauliSum, psi0: np.ndarray, times: np.ndarray, *, tolerance: float = 1e-12
) -> np.ndarray:
    """Returns states at many times by segments of Chebyshev expansions (hbar = 1).

    The degree is the lowest that bounds the error, twice the sum of the |J_k| left out.

    Args:
        hamiltonian: H, of at most 24 spins.
        psi0: States at time 0, (..., 2**n_sites); any finite norm.
        times: Times (n_times,), in any order, of either sign.
        tolerance: Bound of |error| / |psi0| at the largest |t|, rounding left aside.

    Returns:
        complex128 array (..., n_times, 2**n_sites).

    Raises:
        ValueError: An argument has a wrong shape, is out of range or is not finite.

    Example:
        >>> from qtf.physics import Chain, ising
        >>> chebyshev_evolve(ising(Chain(3)), np.eye(8)[:2], [0.0, 1.0]).shape
        (2, 2, 8)

    Source: Tal-Ezer and Kosloff, J. Chem. Phys. 81, 3967 (1984).
    """
    states, times = checked_states("psi0", psi0, hamiltonian.dimension), checked_times(times)
    checked_positive("tolerance", tolerance)
    rate = tolerance / np.abs(times).max(initial=np.finfo(float).tiny)
    expansion = Expansion(SparseProduct(hamiltonian))
    result = np.empty((*states.shape[:-1], len(times), hamiltonian.dimension), np.complex128)
    targets = result.reshape(-1, *result.shape[-2:])
    flat = states.reshape(-1, hamiltonian.dimension)
    size = max(1, _BATCH_AMPLITUDES // hamiltonian.dimension)
    for first in range(0, len(flat), size):
        columns = np.ascontiguousarray(flat[first : first + size].T)
        for sign in (1, -1):
            rows = order_by_distance(times, sign)
            _march(expansion, columns, times[rows], rate, targets[first : first + size], rows)
    return result


class Expansion:
    """The Chebyshev expansion of exp(-i H t) on columns of states.

    Args:
        product: Applies H.
    """

    def __init__(self, product: HermitianProduct) -> None:
        self._product = product
        self._center, half_width = product.spectral_interval()
        self.half_width = half_width or 1.0  # of a multiple of the identity

    def evolve(self, columns: np.ndarray, times: np.ndarray, degree: int) -> np.ndarray:
        """Returns the states at `times`, (n_times, dimension, batch)."""
        polynomials = np.empty((degree + 1, *columns.shape), np.complex128)
        polynomials[0] = columns
        polynomials[1] = self._apply_scaled(columns)
        for k in range(2, degree + 1):
            polynomials[k] = 2 * self._apply_scaled(polynomials[k - 1]) - polynomials[k - 2]
        coefficients = self._coefficients(times, degree)
        with one_thread(polynomials.size):
            flat = coefficients @ polynomials.reshape(degree + 1, -1)
        return flat.reshape(len(times), *columns.shape)

    def step(self, columns: np.ndarray, duration: float) -> np.ndarray:
        """Returns the states after `duration`, exact to rounding."""
        n_segments = max(1, math.ceil(self.half_width * abs(duration) / _SEGMENT_PHASE))
        length = np.array([duration / n_segments])
        degree = self.degree(length[0], 0.0)
        for _ in range(n_segments):
            columns = self.evolve(columns, length, degree)[0]
        return columns

    def degree(self, duration: float, tolerance: float) -> int:
        """Returns the lowest degree whose error after `duration` is at most `tolerance`."""
        from scipy.special import jv

        phase = self.half_width * abs(duration)
        # Far beyond its argument a Bessel function is zero even to rounding squared.
        bessel = np.abs(jv(np.arange(1, int(2 * phase) + 100), phase))
        left_out = 2 * np.cumsum(bessel[::-1])[::-1]
        return max(1, int(np.argmax(left_out <= max(tolerance, np.finfo(float).eps))))

    def _apply_scaled(self, columns: np.ndarray) -> np.ndarray:
        return (self._product(columns) - self._center * columns) / self.half_width

    def _coefficients(self, times: np.ndarray, degree: int) -> np.ndarray:
        from scipy.special import jv

        orders = np.arange(degree + 1)
        weights = np.where(orders == 0, 1.0, 2.0) * np.array([1, -1j, -1, 1j])[orders % 4]
        bessel = jv(orders, self.half_width * times[:, None])
        return np.exp(-1j * self._center * times)[:, None] * weights * bessel


def _march(
    expansion: Expansion,
    columns: np.ndarray,
    times: np.ndarray,
    rate: float,
    target: np.ndarray,
    rows: np.ndarray,
) -> None:
    """Writes the states at `times[k]`, ordered outwards from 0, to `target[:, rows[k]]`."""
    segment = _SEGMENT_PHASE / expansion.half_width
    time, done = 0.0, 0
    while done < len(times):
        length = np.clip(times[-1] - time, -segment, segment)
        end = time + length if abs(times[-1] - time) > segment else times[-1]
        served = int(np.searchsorted(np.abs(times), abs(end), side="right"))
        wanted = np.append(times[done:served], end) - time
        evolved = expansion.evolve(columns, wanted, expansion.degree(length, rate * abs(length)))
        target[:, rows[done:served]] = np.moveaxis(evolved[:-1], -1, 0)
        columns, time, done = evolved[-1], end, served
