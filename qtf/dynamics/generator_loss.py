"""The squared distance between exact and predicted states, and its derivatives in G.

Because U = exp(-i tau G) is unitary, all that a set of pairs (x, x') of states a time tau
apart tells about G lies in their second moment C:

    sum |x' - U x|^2 = sum (|x'|^2 + |x|^2) - 2 Re tr(U^dagger C),  C = sum x' x^dagger.

So the cost does not grow with the number of pairs, and noise that is independent at both
ends of a pair leaves the expected minimum where it is. NumPy only, double precision.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from qtf.dynamics.local_terms import LocalTerms
from qtf.pieces import rows_at_once

# Dense matrices of all the operators have to fit into memory.
MAX_SITES = 8
# Matrices of one trajectory that are in memory at once.
MATRICES = 8


@dataclass(frozen=True)
class _Propagator:
    """U = exp(-i tau G) and its derivatives, from the eigenbasis of G."""

    energies: np.ndarray
    vectors: np.ndarray
    tau: float

    @classmethod
    def of(cls, generator: np.ndarray, tau: float) -> "_Propagator":
        return cls(*np.linalg.eigh(generator), tau)

    @property
    def matrix(self) -> np.ndarray:
        return (self.vectors * np.exp(-1j * self.tau * self.energies)) @ self.vectors.conj().T

    @property
    def divided_differences(self) -> np.ndarray:
        """(exp(-i tau E_a) - exp(-i tau E_b)) / (E_a - E_b), its limit where they meet."""
        sums = np.add.outer(self.energies, self.energies)
        gaps = np.subtract.outer(self.energies, self.energies)
        phases = np.exp(-0.5j * self.tau * sums)
        return -1j * self.tau * phases * np.sinc(self.tau * gaps / (2 * np.pi))

    def derivatives(self, operators: np.ndarray) -> np.ndarray:
        """Returns dU in the directions of the operators, (n_operators, 2**n, 2**n)."""
        vectors, adjoint = self.vectors, self.vectors.conj().T
        return vectors @ (self.divided_differences * (adjoint @ operators @ vectors)) @ adjoint

    def pull_back(self, moment: np.ndarray) -> np.ndarray:
        """Returns W with tr(dU^dagger C) = tr(dG^dagger W) for every direction dG."""
        vectors, adjoint = self.vectors, self.vectors.conj().T
        inner = self.divided_differences.conj() * (adjoint @ moment @ vectors)
        return vectors @ inner @ adjoint


class ChainMoments:
    """The pairs of one chain that are `lag` steps apart.

    Args:
        operators: What each coefficient multiplies, (size, 2**n, 2**n).
        psi: Trajectories, (n_trajectories, n_times, 2**n).
        lag: Steps between the two states of a pair.
        dt: Time step.
    """

    def __init__(self, operators: np.ndarray, psi: np.ndarray, *, lag: int, dt: float) -> None:
        self.operators = operators
        self.tau = lag * dt
        self._before, self._after = psi[:, :-lag], psi[:, lag:]
        self.n_pairs = self._before.shape[0] * self._before.shape[1]
        # One for each trajectory: pairs of one trajectory share noise.
        self.by_trajectory = self._after.transpose(0, 2, 1) @ self._before.conj()
        self.moment = self.by_trajectory.sum(axis=0)
        self._squares = _square(self._before) + _square(self._after)

    def loss_and_gradient(self, coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        """Returns the sum over pairs of |x' - U x|^2 and its gradient (size,)."""
        propagator = self._propagator(coefficients)
        loss = self._squares - 2 * np.vdot(propagator.matrix, self.moment).real
        pulled = propagator.pull_back(self.moment)
        return float(loss), -2 * _inner(self.operators, pulled[None])[:, 0]

    def curvature(self, coefficients: np.ndarray) -> np.ndarray:
        """Returns the expected second derivatives, (size, size).

            2 Re tr(dU_k^dagger dU_l S)

        S = sum x x^dagger is taken from U^dagger C, which noise does not enlarge.
        """
        propagator = self._propagator(coefficients)
        states = _hermitian(propagator.matrix.conj().T @ self.moment)
        derivatives = propagator.derivatives(self.operators)
        return 2 * _inner(derivatives, derivatives @ states)

    def curvatures(self, coefficients: np.ndarray, rows: slice) -> np.ndarray:
        """Returns the share of some trajectories in the curvature, (n_rows, size, size)."""
        propagator = self._propagator(coefficients)
        states = _hermitian(propagator.matrix.conj().T @ self.by_trajectory[rows])
        states = states.transpose(0, 2, 1).reshape(len(states), -1)
        derivatives = propagator.derivatives(self.operators)
        shares = np.empty((len(states), len(derivatives), len(derivatives)))
        for k, derivative in enumerate(derivatives):
            products = (derivative.conj().T @ derivatives[k:]).reshape(-1, states.shape[1])
            # Re tr(dU_k^dagger dU_l S), real products of the parts as in `_inner`.
            row = 2 * (states.real @ products.real.T - states.imag @ products.imag.T)
            shares[:, k, k:] = shares[:, k:, k] = row
        return shares

    def scores(self, coefficients: np.ndarray) -> np.ndarray:
        """Returns the gradient of each trajectory's share, (n_trajectories, size)."""
        derivatives = self._propagator(coefficients).derivatives(self.operators)
        return -2 * _inner(self.by_trajectory, derivatives)

    def residuals(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns each trajectory's sum |x' - U x|^2 and the numbers in it, (n_trajectories,).

        Summed without cancellation. The second is that of real numbers whose noise is in the
        sum: each pair has two states of 2**n amplitudes with two parts.
        """
        left = self._after - self._before @ self._propagator(coefficients).matrix.T
        counts = np.full(len(left), 4 * left[0].size)
        return np.array([_square(residual) for residual in left]), counts

    def _propagator(self, coefficients: np.ndarray) -> _Propagator:
        return _Propagator.of(np.tensordot(coefficients, self.operators, axes=1), self.tau)


class GeneratorLoss:
    """The sum over several chains that share their coefficients.

    Args:
        chains: Terms and trajectories (n_trajectories, n_times, 2**n) of each.
        dt: Time step.

    Raises:
        ValueError: A chain has more than 8 spins, or its terms are not those of the others.
    """

    def __init__(self, chains: Sequence[tuple[LocalTerms, np.ndarray]], dt: float) -> None:
        self._dt = dt
        self._chains = [
            (_dense_operators(terms, psi.shape[-1]), psi.astype(np.complex128))
            for terms, psi in chains
        ]
        self.set_lag(1)

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return len(self._chains[0][0])

    def set_lag(self, lag: int) -> None:
        """Chooses how many steps lie between the two states of a pair."""
        self.moments = [
            ChainMoments(operators, psi, lag=lag, dt=self._dt) for operators, psi in self._chains
        ]

    @property
    def n_pairs(self) -> int:
        """Number of pairs of states."""
        return sum(chain.n_pairs for chain in self.moments)

    @property
    def mean_square(self) -> float:
        """Mean square of a real or imaginary part of an amplitude."""
        total = sum(_square(psi) for _, psi in self._chains)
        return total / sum(2 * psi.size for _, psi in self._chains)

    def loss_and_gradient(self, coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        """Returns the sum of squared distances and its gradient (size,)."""
        values = [chain.loss_and_gradient(coefficients) for chain in self.moments]
        loss = sum(loss for loss, _ in values)
        return loss, np.sum([gradient for _, gradient in values], axis=0)

    def curvature(self, coefficients: np.ndarray) -> np.ndarray:
        """Returns the expected second derivatives, (size, size)."""
        return np.sum([chain.curvature(coefficients) for chain in self.moments], axis=0)

    def scores(self, coefficients: np.ndarray) -> np.ndarray:
        """Returns the gradient of each trajectory's share, (n_trajectories, size)."""
        return np.concatenate([chain.scores(coefficients) for chain in self.moments])

    def scores_and_curvatures(
        self, coefficients: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields both of some trajectories at a time, (n, size) and (n, size, size)."""
        for chain in self.moments:
            scores = chain.scores(coefficients)
            largest = max(chain.by_trajectory[0].nbytes, 8 * self.size**2)
            most = rows_at_once(MATRICES * largest)
            for start in range(0, len(scores), most):
                rows = slice(start, start + most)
                yield scores[rows], chain.curvatures(coefficients, rows)

    def residuals(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns each trajectory's sum |x' - U x|^2 and the numbers in it, (n_trajectories,)."""
        squares, counts = zip(
            *(chain.residuals(coefficients) for chain in self.moments), strict=True
        )
        return np.concatenate(squares), np.concatenate(counts)

    def residual(self, coefficients: np.ndarray) -> float:
        """Returns the root mean square of what noise would have to be on every part.

        x and x' both carry it, so that it is `sqrt(sum |x' - U x|^2 / (4 * 2**n pairs))`.
        """
        squares, counts = self.residuals(coefficients)
        return float(np.sqrt(squares.sum() / counts.sum()))


def _dense_operators(terms: LocalTerms, dimension: int) -> np.ndarray:
    n_sites = dimension.bit_length() - 1
    if n_sites > MAX_SITES:
        raise ValueError(
            f"Argument `chains` must hold chains of at most {MAX_SITES} spins, but one has"
            f" {n_sites}."
        )
    operators = [operator.to_dense() for operator in terms.operators(n_sites)]
    return np.stack(operators).astype(np.complex128)


def _inner(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Returns Re tr(left_k^dagger right_l) of stacks of matrices, (n_left, n_right)."""
    left, right = left.reshape(len(left), -1), right.reshape(len(right), -1)
    # Real products of the parts; the complex one would do twice the work.
    return left.real @ right.real.T + left.imag @ right.imag.T


def _hermitian(matrices: np.ndarray) -> np.ndarray:
    return (matrices + matrices.conj().swapaxes(-1, -2)) / 2


def _square(psi: np.ndarray) -> float:
    return float(np.square(psi.real).sum() + np.square(psi.imag).sum())
