"""Time evolution without eigenvectors by steps in Krylov spaces (Lanczos).

Only products of the sparse Hamiltonian with states are needed, so this reaches sizes
where no dense matrix fits.
"""

from dataclasses import dataclass

import numpy as np

from qtf.physics._checks import (
    checked_integer,
    checked_number,
    checked_positive,
    checked_states,
    checked_times,
)
from qtf.physics._norms import euclidean_norm
from qtf.physics._stepping import HermitianProduct, SparseProduct, order_by_distance
from qtf.physics._threads import one_thread
from qtf.physics.operators import PauliSum

# Thirty vectors of 20 spins take 0.5 GB, and a longer space hardly saves products.
KRYLOV_DIMENSION = 30

# The bound of the error of a step is not driven below so many roundings of H times it.
_ROUNDINGS = 16
_STEP_CANDIDATES = 256


def krylov_step(
    hamiltonian: PauliSum, psi: np.ndarray, dt: float, *, krylov_dimension: int
) -> np.ndarray:
    """Returns `exp(-i H dt) psi`, approximated in one Krylov space (hbar = 1).

        exp(-i H dt) psi = |psi| V exp(-i T dt) e_1,  T = V^dagger H V,

    V an orthonormal basis of psi, H psi, ..., H^(m-1) psi. The error is of order dt^m.

    Args:
        hamiltonian: H, of at most 24 spins.
        psi: States (..., 2**n_sites).
        dt: Time step; may be negative.
        krylov_dimension: m, at least 1.

    Returns:
        complex128 array of the shape of `psi`.

    Raises:
        ValueError: An argument has a wrong shape, is out of range or is not finite.

    Example:
        >>> from qtf.physics import Chain, ising
        >>> psi = krylov_step(ising(Chain(3)), np.eye(8)[0], 0.1, krylov_dimension=6)
        >>> float(np.linalg.norm(psi).round(12))
        1.0

    Source: Park and Light, J. Chem. Phys. 85, 5870 (1986).
    """
    states = checked_states("psi", psi, hamiltonian.dimension)
    times = np.array([checked_number("dt", dt)])
    checked_integer("krylov_dimension", krylov_dimension, minimum=1)
    product = SparseProduct(hamiltonian)
    buffer = np.empty((krylov_dimension, hamiltonian.dimension), np.complex128)
    flat = states.reshape(-1, hamiltonian.dimension)
    with one_thread(buffer.size):
        stepped = [_KrylovSpace.of(product, state, buffer).evolve(times)[0] for state in flat]
    return np.array(stepped, np.complex128).reshape(states.shape)


def krylov_evolve(
    hamiltonian: PauliSum,
    psi0: np.ndarray,
    times: np.ndarray,
    *,
    tolerance: float = 1e-12,
    krylov_dimension: int = KRYLOV_DIMENSION,
) -> np.ndarray:
    """Returns states at many times by Krylov steps of adapted length (hbar = 1).

    A step is as long as the bound of its error allows,

        |error(s)| <= b |psi| integral_0^s |<e_m| exp(-i T s') |e_1>| ds',

    b the norm of what the last product adds to the space. All times within a step are
    served by it. States are evolved one by one, because each has its own steps; so a
    batch gives exactly what its states give alone.

    Args:
        hamiltonian: H, of at most 24 spins.
        psi0: States at time 0, (..., 2**n_sites); any finite norm.
        times: Times (n_times,), in any order, of either sign.
        tolerance: Bound of |error| / |psi0| at the largest |t|, rounding left aside.
        krylov_dimension: Number of vectors of a space, at least 2.

    Returns:
        complex128 array (..., n_times, 2**n_sites).

    Raises:
        ValueError: An argument has a wrong shape, is out of range or is not finite.

    Example:
        >>> from qtf.physics import Chain, ising
        >>> krylov_evolve(ising(Chain(3)), np.eye(8)[:2], [0.0, 1.0]).shape
        (2, 2, 8)

    Source: Hochbruck and Lubich, SIAM J. Numer. Anal. 34, 1911 (1997).
    """
    states, times = checked_states("psi0", psi0, hamiltonian.dimension), checked_times(times)
    checked_positive("tolerance", tolerance)
    checked_integer("krylov_dimension", krylov_dimension, minimum=2)
    rate = tolerance / np.abs(times).max(initial=np.finfo(float).tiny)
    march = KrylovMarch(SparseProduct(hamiltonian), rate, krylov_dimension)
    result = np.empty((*states.shape[:-1], len(times), hamiltonian.dimension), np.complex128)
    targets = result.reshape(-1, *result.shape[-2:])
    with one_thread(krylov_dimension * hamiltonian.dimension):
        for state, target in zip(states.reshape(-1, hamiltonian.dimension), targets, strict=True):
            for sign in (1, -1):
                chosen = order_by_distance(times, sign)
                march.evolve(state, times[chosen], target, chosen)
    return result


class KrylovMarch:
    """Steps from time 0 through times of one sign, ordered by their distance from 0.

    Args:
        product: Applies H.
        rate: Bound of |error| / |psi0| for each unit of time.
        krylov_dimension: Vectors of a space.
    """

    def __init__(
        self, product: HermitianProduct, rate: float, krylov_dimension: int = KRYLOV_DIMENSION
    ) -> None:
        self._product = product
        self._rate = rate
        self._buffer = np.empty((krylov_dimension, product.dimension), np.complex128)

    def evolve(
        self, state: np.ndarray, times: np.ndarray, target: np.ndarray, rows: np.ndarray
    ) -> None:
        """Writes the state at `times[k]` to `target[rows[k]]`."""
        time, done = 0.0, 0
        while done < len(times):
            space = _KrylovSpace.of(self._product, state, self._buffer)
            left = times[-1] - time
            step = np.copysign(space.longest_step(abs(left), self._rate), left)
            served = len(times) if step == left else done + _count(times[done:], time + step)
            target[rows[done:served]] = space.evolve(times[done:served] - time)
            if served < len(times):
                state = space.evolve(np.array([step]))[0]
            time, done = time + step, served


def _count(times: np.ndarray, reached: float) -> int:
    return int(np.searchsorted(np.abs(times), abs(reached), side="right"))


@dataclass(frozen=True)
class _KrylovSpace:
    """The space of psi, H psi, ..., and H restricted to it, `T = S diag(energies) S^T`.

    Attributes:
        norm: |psi|.
        vectors: Orthonormal basis (m, dimension), the first along psi.
        energies: Eigenvalues of T, (m,).
        rotation: S, (m, m).
        remainder: Norm of the part of H v_m outside the space.
    """

    norm: float
    vectors: np.ndarray
    energies: np.ndarray
    rotation: np.ndarray
    remainder: float

    @classmethod
    def of(cls, product: HermitianProduct, psi: np.ndarray, buffer: np.ndarray) -> "_KrylovSpace":
        """Builds the space in `buffer`; it ends early where H leads no further out of it."""
        norm = euclidean_norm(psi)
        buffer[0] = psi / norm if norm else psi
        diagonal, off_diagonal = [], []
        for j in range(len(buffer)):
            image = product(buffer[j])
            size = float(np.linalg.norm(image))
            # Against all vectors, not only the last two: rounding would let them drift.
            overlaps = (buffer[: j + 1] @ image.conj()).conj()
            image -= overlaps @ buffer[: j + 1]
            diagonal.append(overlaps[j].real)
            off_diagonal.append(_unless_rounding(float(np.linalg.norm(image)), size))
            if off_diagonal[j] == 0:
                break
            if j + 1 < len(buffer):
                np.divide(image, off_diagonal[j], out=buffer[j + 1])
        projected = np.diag(diagonal) + np.diag(off_diagonal[:-1], -1)
        energies, rotation = np.linalg.eigh(projected)  # reads the lower triangle only
        return cls(norm, buffer[: len(diagonal)], energies, rotation, off_diagonal[-1])

    def evolve(self, times: np.ndarray) -> np.ndarray:
        """Returns the state at `times`, (n_times, dimension)."""
        phases = np.exp(-1j * np.multiply.outer(times, self.energies))
        coefficients = self.norm * (phases * self.rotation[0]) @ self.rotation.T
        return coefficients @ self.vectors

    def longest_step(self, limit: float, rate: float) -> float:
        """Returns the longest step up to `limit` whose error bound is `rate` times it."""
        if self.remainder == 0 or limit == 0:
            return limit
        width = self.energies[-1] - self.energies[0]
        rate = max(rate, _ROUNDINGS * np.finfo(float).eps * width)
        # Beyond this many periods no space of m vectors follows the state.
        longest = min(limit, 4 * len(self.energies) / width)
        while True:
            steps = longest * np.arange(1, _STEP_CANDIDATES + 1) / _STEP_CANDIDATES
            allowed = self._error_bounds(steps) <= rate * steps
            if allowed.all():
                return longest
            if allowed[0]:
                return float(steps[np.argmin(allowed) - 1])
            longest = steps[0]

    def _error_bounds(self, steps: np.ndarray) -> np.ndarray:
        phases = np.exp(-1j * np.multiply.outer(steps, self.energies))
        leaks = np.abs(phases @ (self.rotation[0] * self.rotation[-1]))
        return self.remainder * steps[0] * np.cumsum(leaks)


def _unless_rounding(remainder: float, size: float) -> float:
    return remainder if remainder > 32 * np.finfo(float).eps * size else 0.0
