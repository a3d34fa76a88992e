"""The squared distance between exact and predicted states, and its derivatives in G.

Because U = exp(-i tau G) is unitary, all that a set of pairs (x, x') of states a time tau
apart tells about G lies in their second moment C:

    sum |x' - U x|^2 = sum (|x'|^2 + |x|^2) - 2 Re tr(U^dagger C),  C = sum x' x^dagger.

So the cost does not grow with the number of pairs, and noise that is independent at both
ends of a pair leaves the expected minimum where it is. NumPy only, double precision.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qtf.dynamics.local_terms import LocalTerms

# Dense matrices of all the operators have to fit into memory.
MAX_SITES = 8


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

    def pulled_back(self, moment: np.ndarray) -> np.ndarray:
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
        self._squares = _squared(self._before) + _squared(self._after)

    def loss_and_gradient(self, coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        """Returns the sum over pairs of |x' - U x|^2 and its gradient (size,)."""
        propagator = self._propagator(coefficients)
        loss = self._squares - 2 * np.vdot(propagator.matrix, self.moment).real
        pulled = propagator.pulled_back(self.moment)
        return float(loss), -2 * _inner(self.operators, pulled[None])[:, 0]

    def curvature(self, coefficients: np.ndarray) -> np.ndarray:
        """Returns the expected second derivatives, (size, size).

            2 Re tr(dU_k^dagger dU_l S)

        S = sum x x^dagger is taken from U^dagger C, which noise does not enlarge.
        """
        propagator = self._propagator(coefficients)
        states = propagator.matrix.conj().T @ self.moment
        states = (states + states.conj().T) / 2
        derivatives = propagator.derivatives(self.operators)
        return 2 * _inner(derivatives, derivatives @ states)

    def scores(self, coefficients: np.ndarray) -> np.ndarray:
        """Returns the gradient of each trajectory's share, (n_trajectories, size)."""
        derivatives = self._propagator(coefficients).derivatives(self.operators)
        return -2 * _inner(self.by_trajectory, derivatives)

    def residual(self, coefficients: np.ndarray) -> tuple[float, int]:
        """Returns sum |x' - U x|^2, summed without cancellation, and the numbers in it.

        The second is that of real numbers whose noise is in the sum: each pair has two
        states of 2**n amplitudes with two parts.
        """
        predicted = self._before @ self._propagator(coefficients).matrix.T
        return _squared(self._after - predicted), 4 * predicted.size

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

    def loss_and_gradient(self, coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        """Returns the sum of squared distances and its gradient (size,)."""
        values = [chain.loss_and_gradient(coefficients) for chain in self.moments]
        return sum(loss for loss, _ in values), sum(gradient for _, gradient in values)

    def curvature(self, coefficients: np.ndarray) -> np.ndarray:
        """Returns the expected second derivatives, (size, size)."""
        return sum(chain.curvature(coefficients) for chain in self.moments)

    def scores(self, coefficients: np.ndarray) -> np.ndarray:
        """Returns the gradient of each trajectory's share, (n_trajectories, size)."""
        return np.concatenate([chain.scores(coefficients) for chain in self.moments])

    def residual(self, coefficients: np.ndarray) -> float:
        """Returns the root mean square of what noise would have to be on every part.

        x and x' both carry it, so that it is `sqrt(sum |x' - U x|^2 / (4 * 2**n pairs))`.
        """
        values = [chain.residual(coefficients) for chain in self.moments]
        return float(np.sqrt(sum(total for total, _ in values) / sum(n for _, n in values)))


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


def _squared(psi: np.ndarray) -> float:
    return float(np.square(psi.real).sum() + np.square(psi.imag).sum())
