"""The Lindblad equation of open systems whose Hamiltonian is driven."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from qtf.physics._arnoldi import KRYLOV_DIMENSION, exponential_evolve
from qtf.physics._checks import (
    checked_forward_times,
    checked_integer,
    checked_operators,
    checked_positive,
)
from qtf.physics._magnus import Marching
from qtf.physics._norms import restore_exponents, split_exponents
from qtf.physics._packed import PackedProduct, matrix_of, pack, packed_losses, unpack
from qtf.physics._stepping import krylov_dimension, pieces_between
from qtf.physics.driven import DrivenHamiltonian
from qtf.physics.driven_evolution import DrivenEvolution
from qtf.physics.jumps import Jump, Jumps
from qtf.physics.lindblad import MAX_LIOUVILLIAN_SITES, Lindbladian
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
        self.jump_ops = Lindbladian(PauliSum(hamiltonian.n_sites, ()), jump_ops).jump_ops

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
        parts = pack(flat.reshape(dimension, dimension))
        times = checked_forward_times(times)
        checked_positive("tolerance", tolerance)
        if step is not None:
            step = checked_positive("step", step)
        order = np.argsort(times, kind="stable")
        follow = self._jump if self.hamiltonian.is_piecewise_constant else self._step
        evolution = follow(parts, times[order], tolerance, step)
        evolved = unpack(evolution.states, dimension).reshape(-1, dimension**2)
        states, errors = np.empty_like(evolved), np.empty_like(evolution.errors)
        states[order], errors[order] = restore_exponents(evolved, exponent), evolution.errors
        return DrivenEvolution(states.reshape(-1, dimension, dimension), errors, evolution.n_steps)

    def _jump(
        self, parts: np.ndarray, times: np.ndarray, tolerance: float, step: float | None
    ) -> DrivenEvolution:
        """Returns packed states (n_parts, n_times, 4**n_sites), by constant pieces."""
        states = np.empty((len(parts), len(times), parts.shape[-1]))
        pieces = list(pieces_between(times, self.hamiltonian.breaks))
        for start, end, served in pieces:
            share = (end - start) / end if end else 1.0
            product = self._product(self._coefficients((start + end) / 2))
            offsets = np.append(times[served], end) - start
            evolved = np.array(
                [exponential_evolve(product, part, offsets, share * tolerance) for part in parts]
            )
            states[:, served], parts = evolved[:, :-1], evolved[:, -1]
        return DrivenEvolution(states, np.zeros(len(times)), len(pieces))

    def _step(
        self, parts: np.ndarray, times: np.ndarray, tolerance: float, step: float | None
    ) -> DrivenEvolution:
        """Returns packed states (n_parts, n_times, 4**n_sites), by steps."""
        states = np.empty((len(parts), len(times), parts.shape[-1]))
        errors = np.empty(len(times))
        marching = Marching(
            self._exponential,
            self._coefficients,
            parts.T,
            duration=float(times[-1]),
            tolerance=tolerance,
            given_step=step,
            width=self._bound(self._coefficients(0.0)),
        )
        for k, columns in enumerate(marching.through(times, self.hamiltonian.breaks)):
            states[:, k], errors[k] = columns.T, marching.error
        return DrivenEvolution(states, errors, marching.n_steps)

    def _coefficients(self, time: float) -> np.ndarray:
        """Returns f_k at a time, and 1 for the jumps."""
        return np.append(self.hamiltonian.coefficients(time), 1.0)

    @cached_property
    def _matrices(self) -> "list[np.ndarray | csr_array]":
        return [matrix_of(operator) for _, operator in self.hamiltonian.terms]

    @cached_property
    def _losses(self) -> "csr_array":
        checked_integer("n_sites", self.n_sites, minimum=1, maximum=MAX_LIOUVILLIAN_SITES)
        return packed_losses(self.jump_ops, self.n_sites)

    def _product(self, weights: np.ndarray) -> PackedProduct:
        *factors, share = weights.tolist()
        turns = (factor * matrix for factor, matrix in zip(factors, self._matrices, strict=True))
        return PackedProduct(sum(turns), share * self._losses)

    @cached_property
    def _bounds(self) -> np.ndarray:
        """Bound of the largest eigenvalue of each part of L."""
        bounds = [2 * _largest_row(matrix) for matrix in self._matrices]
        return np.array([*bounds, _largest_row(self._losses)])

    def _bound(self, weights: np.ndarray) -> float:
        return float(np.abs(weights) @ self._bounds)

    def _exponential(
        self, weights: np.ndarray, columns: np.ndarray, step: float, tolerance: float
    ) -> np.ndarray:
        product, times = self._product(weights), np.array([step])
        dimension = krylov_dimension(step * self._bound(weights), KRYLOV_DIMENSION)
        evolved = [
            exponential_evolve(product, column, times, tolerance, dimension=dimension)[0]
            for column in columns.T
        ]
        return np.stack(evolved, axis=1)


def _largest_row(matrix: "np.ndarray | csr_array") -> float:
    return float(np.max(abs(matrix).sum(axis=1)))
