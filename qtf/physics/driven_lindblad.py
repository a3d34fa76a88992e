"""The Lindblad equation of open systems whose Hamiltonian is driven."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from qtf.physics._arnoldi import KRYLOV_DIMENSION, Product, exponential_evolve
from qtf.physics._checks import checked_forward_times, checked_operators, checked_positive
from qtf.physics._magnus import Marching
from qtf.physics._norms import restore_exponents, split_exponents
from qtf.physics._stepping import krylov_dimension, pieces_between
from qtf.physics.driven import DrivenHamiltonian
from qtf.physics.driven_evolution import DrivenEvolution
from qtf.physics.jumps import Jump, JumpOperator, Jumps
from qtf.physics.lindblad import Lindbladian
from qtf.physics.operators import PauliSum

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class DrivenLindbladian:
    """The right-hand side of the Lindblad equation with H(t) and constant one-spin jumps.

    Args:
        hamiltonian: H(t), of at most 8 spins where it is evolved.
        jump_ops: As of `Lindbladian`.

    Raises:
        ValueError: A jump is not allowed.

    Example:
        >>> from qtf.physics import PauliSum, decay
        >>> idle = DrivenHamiltonian([(np.cos, PauliSum(1, []))])
        >>> rho = DrivenLindbladian(idle, decay(1)).evolve(np.diag([1.0, 0.0]), [np.log(2)])
        >>> rho.states[0].real.round(8)
        array([[0.5, 0. ],
               [0. , 0.5]])
    """

    def __init__(self, hamiltonian: DrivenHamiltonian, jump_ops: Iterable[Jump] | Jumps) -> None:
        self.hamiltonian = hamiltonian
        self._losses = Lindbladian(PauliSum(hamiltonian.n_sites, ()), jump_ops)
        self._turns = [Lindbladian(operator, ()) for _, operator in hamiltonian.terms]

    @property
    def jump_ops(self) -> tuple[JumpOperator, ...]:
        """The jumps."""
        return self._losses.jump_ops

    @property
    def n_sites(self) -> int:
        """Number of spins."""
        return self.hamiltonian.n_sites

    def at(self, time: float) -> Lindbladian:
        """Returns the right-hand side at a time."""
        return Lindbladian(self.hamiltonian.at(time), self.jump_ops)

    def evolve(
        self,
        rho0: np.ndarray,
        times: np.ndarray,
        *,
        step: float | None = None,
        tolerance: float = 1e-10,
    ) -> DrivenEvolution:
        """Returns the density matrix at many times, by steps as those of `evolve_driven`.

        Args:
            rho0: rho at time 0, (2**n_sites, 2**n_sites), of at most 8 spins.
            times: Times (n_times,) of at least 0, in any order.
            step: Longest step; None: as the estimates of the error allow.
            tolerance: Bound of the estimated |error| / |rho0| at the largest time, in the
                Frobenius norm, if `step` is None.

        Returns:
            States, complex128 (n_times, 2**n_sites, 2**n_sites), their errors, and the number
            of steps.

        Raises:
            ValueError: An argument has a wrong shape, is out of range or is not finite, or a
                coefficient is not smooth between the `breaks`.
        """
        dimension = self.hamiltonian.dimension
        if np.shape(rho0) != (dimension, dimension):
            raise ValueError(
                f"Argument `rho0` must have shape {(dimension, dimension)}, but has"
                f" {np.shape(rho0)}."
            )
        flat, exponent = split_exponents(checked_operators("rho0", rho0).reshape(-1))
        times = checked_forward_times(times)
        checked_positive("tolerance", tolerance)
        if step is not None:
            step = checked_positive("step", step)
        order = np.argsort(times, kind="stable")
        follow = self._jump if self.hamiltonian.is_piecewise_constant else self._step
        part = follow(flat, times[order], tolerance, step)
        states, errors = np.empty_like(part.states), np.empty_like(part.errors)
        states[order], errors[order] = restore_exponents(part.states, exponent), part.errors
        return DrivenEvolution(states.reshape(-1, dimension, dimension), errors, part.n_steps)

    def _jump(
        self, rho: np.ndarray, times: np.ndarray, tolerance: float, step: float | None
    ) -> DrivenEvolution:
        states = np.empty((len(times), len(rho)), np.complex128)
        pieces = list(pieces_between(times, self.hamiltonian.breaks))
        for start, end, served in pieces:
            share = (end - start) / end if end else 1.0
            evolved = exponential_evolve(
                self._product(self._coefficients((start + end) / 2)),
                rho,
                np.append(times[served], end) - start,
                share * tolerance,
            )
            states[served], rho = evolved[:-1], evolved[-1]
        return DrivenEvolution(states, np.zeros(len(times)), len(pieces))

    def _step(
        self, rho: np.ndarray, times: np.ndarray, tolerance: float, step: float | None
    ) -> DrivenEvolution:
        states, errors = np.empty((len(times), len(rho)), np.complex128), np.empty(len(times))
        marching = Marching(
            self._exponential,
            self._coefficients,
            rho[:, None],
            duration=float(times[-1]),
            tolerance=tolerance,
            given_step=step,
            width=self._bound(self._coefficients(0.0)),
        )
        for k, columns in enumerate(marching.through(times, self.hamiltonian.breaks)):
            states[k], errors[k] = columns[:, 0], marching.error
        return DrivenEvolution(states, errors, marching.n_steps)

    def _coefficients(self, time: float) -> np.ndarray:
        """Returns f_k at a time, and 1 for the jumps."""
        return np.append(self.hamiltonian.coefficients(time), 1.0)

    @cached_property
    def _liouvillians(self) -> "list[csr_array]":
        return [part.liouvillian for part in (*self._turns, self._losses)]

    def _product(self, weights: np.ndarray) -> Product:
        pairs = list(zip(weights.tolist(), self._liouvillians, strict=True))
        return lambda flat: sum(weight * (matrix @ flat) for weight, matrix in pairs)

    @cached_property
    def _bounds(self) -> np.ndarray:
        """Bound of the largest eigenvalue of each Liouvillian."""
        sums = [abs(matrix).sum(axis=1) for matrix in self._liouvillians]
        return np.array([float(np.max(each)) for each in sums])

    def _bound(self, weights: np.ndarray) -> float:
        return float(np.abs(weights) @ self._bounds)

    def _exponential(
        self, weights: np.ndarray, columns: np.ndarray, step: float, tolerance: float
    ) -> np.ndarray:
        evolved = exponential_evolve(
            self._product(weights),
            columns[:, 0],
            np.array([step]),
            tolerance,
            dimension=krylov_dimension(step * self._bound(weights), KRYLOV_DIMENSION),
        )
        return evolved[0][:, None]
