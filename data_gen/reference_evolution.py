"""Evolution apart from the way in which trajectories are generated, to hold them against."""

import math
from collections.abc import Callable

import numpy as np

from qtf.physics import DrivenHamiltonian
from qtf.physics.operators import PauliSum

# Largest |H| t that Taylor polynomials, whose products grow with it, are asked for where all of
# exp(-i H dt) fits: a second at most.
MAX_TAYLOR_PHASE = 1e3
# Its dense exponential takes some seconds; of 11 spins, minutes.
MAX_DENSE_SITES = 10
# |H| t of what is computed between two lines of progress, a second or so.
PIECE_PHASE = 1e4
# Rounding turns phases by so many roundings of |H| t, here and where data are generated.
ROUNDINGS = 16


# Of the ODE solver of driven states, for each step that it takes.
ODE_TOLERANCE = 1e-13
# How far inside a piece, relative to it, the coefficients at its ends are taken.
_INSIDE = 1e-12


class DrivenReference:
    """Evolves states to the times k dt under H(t), by a Runge-Kutta method of order 8.

    Args:
        hamiltonian: H(t).
        dt: Time step.
        n_steps: Number of steps.

    Attributes:
        rounding: Largest effect of rounding and of the steps on an amplitude of a normalised
            state.
    """

    def __init__(self, hamiltonian: DrivenHamiltonian, *, dt: float, n_steps: int) -> None:
        self._hamiltonian = hamiltonian
        self._matrices = [operator.to_sparse() for _, operator in hamiltonian.terms]
        self._times = dt * np.arange(n_steps + 1)
        sizes = [float(abs(matrix).sum(axis=1).max()) for matrix in self._matrices]
        # What a function has at its samples bounds it well enough for an estimate.
        largest = np.max(
            [np.abs(hamiltonian.coefficients(time)) for time in self._samples()], axis=0
        )
        phase = float(largest @ sizes) * dt * n_steps
        self.rounding = (ROUNDINGS * float(np.finfo(float).eps) + ODE_TOLERANCE) * phase

    def states(
        self, psi0: np.ndarray, *, tell: Callable[[float], object] = lambda share: None
    ) -> np.ndarray:
        """Returns the states at all times, see `ReferenceEvolution.states`."""
        from scipy.integrate import solve_ivp

        psi = np.asarray(psi0, np.complex128)
        states = np.empty((len(self._times), len(psi)), np.complex128)
        states[0] = psi
        moments = self._samples()
        for start, end in zip(moments, moments[1:], strict=False):
            served = (self._times > start) & (self._times <= end)
            asked = np.append(self._times[served], end)
            solution = solve_ivp(
                self._right,
                (start, end),
                psi,
                method="DOP853",
                t_eval=np.unique(asked),
                rtol=ODE_TOLERANCE,
                atol=ODE_TOLERANCE,
                args=(start, end),
            )
            states[served] = solution.y.T[: np.count_nonzero(served)]
            psi = solution.y[:, -1]
            tell((end - start) / self._times[-1])
        return states

    def _samples(self) -> list[float]:
        """Returns the ends of the trajectory and the breaks between, where steps end."""
        last = float(self._times[-1])
        between = [time for time in self._hamiltonian.breaks if 0 < time < last]
        return [0.0, *between, last]

    def _right(self, time: float, psi: np.ndarray, start: float, end: float) -> np.ndarray:
        # The value at a jump is that of the piece which the step is in.
        inside = min(max(time, start + _INSIDE * (end - start)), end - _INSIDE * (end - start))
        weights = self._hamiltonian.coefficients(inside).tolist()
        pairs = zip(weights, self._matrices, strict=True)
        return -1j * sum(weight * (matrix @ psi) for weight, matrix in pairs)


class ReferenceEvolution:
    """Evolves states to the times k dt, `psi(t) = exp(-i H t) psi(0)` (hbar = 1).

    By Taylor polynomials of the sparse H; where |H| t is large, by the dense exponential of
    one step, from Pade approximants that are squared.

    Args:
        hamiltonian: H.
        dt: Time step.
        n_steps: Number of steps.

    Attributes:
        rounding: Largest effect of rounding alone on an amplitude of a normalised state.
    """

    def __init__(self, hamiltonian: PauliSum, *, dt: float, n_steps: int) -> None:
        self._generator = -1j * dt * hamiltonian.to_sparse()
        self._n_steps = n_steps
        # No eigenvalue is larger than the largest sum of a row.
        self._step_phase = float(abs(self._generator).sum(axis=1).max())
        phase = self._step_phase * n_steps
        self.rounding = ROUNDINGS * float(np.finfo(float).eps) * phase
        self._propagator: np.ndarray | None = None
        if phase > MAX_TAYLOR_PHASE and hamiltonian.n_sites <= MAX_DENSE_SITES:
            from scipy.linalg import expm

            self._propagator = expm(self._generator.toarray())

    def states(
        self, psi0: np.ndarray, *, tell: Callable[[float], object] = lambda share: None
    ) -> np.ndarray:
        """Returns the states at all times, complex128 (n_steps + 1, 2**n_sites).

        Args:
            psi0: State at time 0, (2**n_sites,).
            tell: Called with the share of the work that has been done since the last call.
        """
        states = [np.asarray(psi0, np.complex128)[None]]
        n_at_once = max(1, int(PIECE_PHASE / max(self._step_phase, 1.0)))
        for first in range(0, self._n_steps, n_at_once):
            n_steps = min(n_at_once, self._n_steps - first)
            states.append(self._next(states[-1][-1], n_steps, tell))
        return np.concatenate(states)

    def _next(self, psi: np.ndarray, n_steps: int, tell: Callable[[float], object]) -> np.ndarray:
        """Returns the states after 1 .. n_steps further steps."""
        share = n_steps / self._n_steps
        if self._propagator is not None:
            stepped = [psi := self._propagator @ psi for _ in range(n_steps)]
            tell(share)
            return np.array(stepped)
        # One step that is too long in itself is taken in parts.
        n_parts = max(1, math.ceil(self._step_phase / PIECE_PHASE))
        states = psi[None]
        for _ in range(n_parts):
            states = self._taylor(states[-1], n_steps, 1 / n_parts)
            tell(share / n_parts)
        return states

    def _taylor(self, psi: np.ndarray, n_steps: int, length: float) -> np.ndarray:
        from scipy.sparse.linalg import expm_multiply

        generator = length * self._generator
        times = {"start": 0.0, "stop": float(n_steps), "num": n_steps + 1, "endpoint": True}
        trace = generator.diagonal().sum()
        return expm_multiply(generator, psi, traceA=trace, **times)[1:]
