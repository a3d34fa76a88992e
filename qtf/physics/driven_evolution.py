"""Time evolution of states under a driven Hamiltonian."""

from dataclasses import dataclass, replace

import numpy as np

from qtf.physics._checks import checked_choice, checked_positive, checked_states, checked_times
from qtf.physics._magnus import Marching
from qtf.physics._norms import restore_exponents, split_exponents
from qtf.physics._stepping import (
    SparseProduct,
    WeightedProduct,
    krylov_dimension,
    order_by_distance,
    pieces_between,
)
from qtf.physics._threads import one_thread
from qtf.physics.chebyshev import Expansion
from qtf.physics.constant_evolution import MAX_AUTO_CHEBYSHEV_SITES, evolve_constant
from qtf.physics.driven import DrivenHamiltonian
from qtf.physics.krylov import KRYLOV_DIMENSION, KrylovMarch

DRIVEN_METHODS = ("auto", "krylov", "chebyshev")

# Few enough for the caches, as of Chebyshev segments.
_BATCH_AMPLITUDES = 1 << 16
# Up to here an eigenbasis for every jump costs less than steps.
_MAX_DIAGONALIZED_SITES = 6


@dataclass(frozen=True)
class DrivenEvolution:
    """States of a driven system.

    Attributes:
        states: complex128 (..., n_times, 2**n_sites).
        errors: Estimates of |error| / |psi0| at each time, the largest of all states, (n_times,);
            0 where the coefficients are piecewise constant, so that exponentials are exact.
        n_steps: Number of steps; where many states are evolved, the largest of any.

    Example:
        >>> DrivenEvolution(np.eye(2, dtype=complex)[None], np.zeros(1), n_steps=3).n_steps
        3
    """

    states: np.ndarray
    errors: np.ndarray
    n_steps: int


def evolve_driven(
    hamiltonian: DrivenHamiltonian,
    psi0: np.ndarray,
    times: np.ndarray,
    *,
    step: float | None = None,
    method: str = "auto",
    tolerance: float = 1e-10,
) -> DrivenEvolution:
    """Returns the solutions of the Schroedinger equation under a driven Hamiltonian.

        i d/dt psi(t) = H(t) psi(t),  H(t) = sum_k f_k(t) H_k   (hbar = 1)

    By commutator-free Magnus steps of order 4, each of two exponentials that are applied to the
    states without forming the matrix of a sum. Every step is also taken in two halves, which are
    kept; the difference is the estimate of the error. No step passes over a time that is asked
    for, or over one of `hamiltonian.breaks`. Where all coefficients are piecewise constant there
    are no such steps: evolution is exact from jump to jump.

    Args:
        hamiltonian: H(t), of at most 24 spins.
        psi0: States at time 0, (..., 2**n_sites); any finite norm.
        times: Times (n_times,), in any order, of either sign.
        step: Longest step; None: as the estimates of the error allow.
        method: Of the exponentials, "krylov" or "chebyshev"; "auto": chebyshev up to 20 spins.
        tolerance: Bound of the estimated |error| / |psi0| at the largest |t|, if `step` is None.

    Returns:
        States, their errors, and the number of steps.

    Raises:
        ValueError: An argument has a wrong shape, is out of range or is not finite, or a
            coefficient is not smooth between the `breaks`.

    Example:
        >>> from qtf.physics import PauliSum, PauliTerm
        >>> field = PauliSum(1, [PauliTerm(1.0, (0,), "Z")])
        >>> turned = evolve_driven(DrivenHamiltonian([(np.cos, field)]), [1, 1], [0, np.pi / 2])
        >>> np.allclose(turned.states[1], np.exp([-1j, 1j]))
        True

    Source: Blanes and Moan, Appl. Numer. Math. 56, 1519 (2006); Alvermann and Fehske, J. Comput.
    Phys. 230, 5930 (2011).
    """
    checked_choice("method", method, DRIVEN_METHODS)
    states, times = checked_states("psi0", psi0, hamiltonian.dimension), checked_times(times)
    checked_positive("tolerance", tolerance)
    if step is not None:
        step = checked_positive("step", step)
    follow = (
        _Jumps(hamiltonian, method, tolerance)
        if hamiltonian.is_piecewise_constant
        else _Smoothly(hamiltonian, method, tolerance, step)
    )
    flat, exponents = split_exponents(states.reshape(-1, hamiltonian.dimension))
    evolution = _follow_in_batches(follow, flat, times)
    result = restore_exponents(evolution.states, exponents[:, None])
    return replace(evolution, states=result.reshape(*states.shape[:-1], *result.shape[1:]))


def _follow_in_batches(
    follow: "_Jumps | _Smoothly", states: np.ndarray, times: np.ndarray
) -> DrivenEvolution:
    """Follows states (n_states, dimension) forwards and backwards from 0, few at once."""
    n_states, dimension = states.shape
    result = np.empty((n_states, len(times), dimension), np.complex128)
    errors, n_steps = np.zeros(len(times)), 0
    size = max(1, _BATCH_AMPLITUDES // dimension)
    for first in range(0, n_states, size):
        block = slice(first, first + size)
        for sign in (1, -1):
            rows = order_by_distance(times, sign)
            if rows.size:
                part = follow(states[block], times[rows])
                result[block, rows] = part.states
                errors[rows] = np.maximum(errors[rows], part.errors)
                n_steps = max(n_steps, part.n_steps)
    return DrivenEvolution(result, errors, n_steps)


class _Jumps:
    """Follows states (batch, dimension) through times ordered outwards from 0, from jump to jump.

    Args:
        hamiltonian: H(t), piecewise constant.
        method: As of `evolve_driven`.
        tolerance: Likewise.
    """

    def __init__(self, hamiltonian: DrivenHamiltonian, method: str, tolerance: float) -> None:
        self._hamiltonian, self._tolerance = hamiltonian, tolerance
        is_small = hamiltonian.n_sites <= _MAX_DIAGONALIZED_SITES
        is_large = hamiltonian.n_sites > MAX_AUTO_CHEBYSHEV_SITES
        fastest = "diagonalization" if is_small else "krylov" if is_large else "chebyshev"
        self._method = fastest if method == "auto" else method

    def __call__(self, psi: np.ndarray, times: np.ndarray) -> DrivenEvolution:
        states = np.empty((len(psi), len(times), psi.shape[1]), np.complex128)
        pieces = list(pieces_between(times, self._hamiltonian.breaks))
        for start, end, served in pieces:
            share = abs(end - start) / abs(times[-1]) if times[-1] else 1.0
            moments = np.append(times[served], end) - start
            evolved = evolve_constant(
                self._hamiltonian.at((start + end) / 2),
                psi,
                moments,
                method=self._method,
                tolerance=share * self._tolerance,
            )
            states[:, served], psi = evolved[:, :-1], evolved[:, -1]
        return DrivenEvolution(states, np.zeros(len(times)), len(pieces))


class _Smoothly:
    """Follows states (batch, dimension) through times ordered outwards from 0, by Magnus steps.

    Args:
        hamiltonian: H(t).
        method: As of `evolve_driven`.
        tolerance: Likewise.
        step: Likewise.
    """

    def __init__(
        self, hamiltonian: DrivenHamiltonian, method: str, tolerance: float, step: float | None
    ) -> None:
        self._hamiltonian, self._tolerance, self._step = hamiltonian, tolerance, step
        self._products = [SparseProduct(operator) for _, operator in hamiltonian.terms]
        if method == "auto":
            is_large = hamiltonian.n_sites > MAX_AUTO_CHEBYSHEV_SITES
            method = "krylov" if is_large else "chebyshev"
        self._method = method

    def __call__(self, psi: np.ndarray, times: np.ndarray) -> DrivenEvolution:
        states = np.empty((len(psi), len(times), psi.shape[1]), np.complex128)
        errors = np.empty(len(times))
        start = WeightedProduct(self._products, self._hamiltonian.coefficients(0.0))
        marching = Marching(
            self._chebyshev if self._method == "chebyshev" else self._krylov,
            self._hamiltonian.coefficients,
            np.ascontiguousarray(psi.T),
            duration=abs(float(times[-1])),
            tolerance=self._tolerance,
            given_step=self._step,
            width=start.spectral_interval()[1],
        )
        with one_thread(psi.size):
            for k, columns in enumerate(marching.through(times, self._hamiltonian.breaks)):
                states[:, k], errors[k] = columns.T, marching.error
        return DrivenEvolution(states, errors, marching.n_steps)

    def _chebyshev(
        self, weights: np.ndarray, columns: np.ndarray, step: float, tolerance: float
    ) -> np.ndarray:
        # A tolerance saves hardly any polynomials.
        return Expansion(WeightedProduct(self._products, weights)).step(columns, step)

    def _krylov(
        self, weights: np.ndarray, columns: np.ndarray, step: float, tolerance: float
    ) -> np.ndarray:
        product = WeightedProduct(self._products, weights)
        width = abs(step) * product.spectral_interval()[1]
        size = krylov_dimension(width, KRYLOV_DIMENSION)
        march = KrylovMarch(product, tolerance / abs(step), size)
        evolved = np.empty((columns.shape[1], 1, columns.shape[0]), np.complex128)
        for state, target in zip(columns.T, evolved, strict=True):
            march.evolve(state, np.array([step]), target, np.array([0]))
        return np.ascontiguousarray(evolved[:, 0].T)
