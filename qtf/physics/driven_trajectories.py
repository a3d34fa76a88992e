"""Quantum trajectories of open systems whose Hamiltonian is driven.

Between jumps psi' = -i (H(t) - (i / 2) sum_k rate_k G_k^+ G_k) psi with hbar = 1, until |psi|^2 has
fallen to a random number, as of `quantum_trajectories`. Runge-Kutta steps of order 8 follow many
states at once, each on the rest of its own way: from its last jump to the next break of the
functions, which are Chebyshev series in between. Their dense output of order 7 tells the moment at
which a threshold is reached.

Source: Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I (1993), sections II.5
and II.6.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial.chebyshev import chebpts1, chebval, chebvander
from numpy.typing import ArrayLike, NDArray

from qtf.physics._checks import checked_forward_times, checked_integer
from qtf.physics._stepping import pieces_between
from qtf.physics._threads import one_thread
from qtf.physics._waiting_times import Jumping, draw_log_threshold
from qtf.physics._window_product import States, WindowProduct
from qtf.physics.driven_lindblad import DrivenLindbladian
from qtf.physics.monte_carlo_wave_functions import MAX_TRAJECTORY_SITES, checked_state
from qtf.physics.operators import PauliSum

if TYPE_CHECKING:
    from scipy.integrate import DenseOutput

# Of a step: root mean square error of amplitudes, relative and absolute.
TOLERANCE = 1e-9
# Amplitudes that are followed at once, beyond which more states cost more.
AMPLITUDES_AT_ONCE = 1 << 13
# Of a step: how well the moment of a jump is found.
MOMENT = 1e-12
# Of the series of a smooth function: the largest degree, and the last coefficients.
LARGEST_DEGREE, ROUGHNESS = 1024, 1e-10


@dataclass(frozen=True)
class _Traveller:
    """A state on its way.

    Attributes:
        psi: The state, of norm 1, (dimension,).
        time: How far it is.
        rows: The trajectories that are in it; one where there was a jump.
    """

    psi: States
    time: float
    rows: NDArray[np.intp]


@dataclass(frozen=True)
class _Coefficients:
    """Functions of the time between two times.

    Attributes:
        series: Coefficients of their Chebyshev series, (degree + 1, n).
        begin: The first time.
        end: The last time.
    """

    series: NDArray[np.float64]
    begin: float
    end: float

    def __call__(self, moments: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns the functions at some times, (n, m)."""
        points = (2 * moments - self.begin - self.end) / (self.end - self.begin)
        return np.asarray(chebval(points, self.series), np.float64)


class DrivenTrajectorySampler:
    """Draws the states of independent trajectories of a driven system at one time.

    As `TrajectorySampler`; trajectories that do not jump are followed once.

    Args:
        lindbladian: The equation, of at most 20 spins.

    Raises:
        ValueError: There are too many spins.

    Example:
        >>> from qtf.physics import DrivenHamiltonian, decay
        >>> idle = DrivenHamiltonian([(np.cos, PauliSum(1, []))])
        >>> sampler = DrivenTrajectorySampler(DrivenLindbladian(idle, decay(1)))
        >>> streams = [np.random.default_rng(k) for k in range(100)]
        >>> drawn = sampler.draw([1.0, 0.0], np.log(2), streams)
        >>> decayed = sum(len(places) for places, states in drawn if abs(states[0, 1]) > 0.5)
        >>> 35 < decayed < 65
        True
    """

    def __init__(self, lindbladian: DrivenLindbladian) -> None:
        n_sites = lindbladian.n_sites
        checked_integer("n_sites", n_sites, minimum=1, maximum=MAX_TRAJECTORY_SITES)
        self._hamiltonian = lindbladian.hamiltonian
        self._jumping = Jumping.that_change(lindbladian.jump_ops)
        operators = [operator for _, operator in self._hamiltonian.terms]
        # What is lost has the coefficient 1.
        self._products = [
            *map(WindowProduct, operators),
            WindowProduct(PauliSum(n_sites, []), self._jumping.losses),
        ]
        self._several = max(1, AMPLITUDES_AT_ONCE // self._hamiltonian.dimension)

    def draw(
        self, psi0: ArrayLike, time: float, streams: Sequence[np.random.Generator]
    ) -> Iterator[tuple[NDArray[np.intp], States]]:
        """Yields places of some trajectories and their states at a time.

        Args:
            psi0: As of `TrajectorySampler.draw`, and so are the others and what is yielded.
            time: As there.
            streams: As there.

        Raises:
            ValueError: As there, or a function is not smooth between its breaks.
        """
        state = checked_state(psi0, self._hamiltonian.dimension)
        times = checked_forward_times([time])
        thresholds = np.array([draw_log_threshold(stream) for stream in streams])
        travellers = [_Traveller(state, 0.0, np.arange(len(streams)))]
        with one_thread(1):
            for begin, end, _ in pieces_between(times, self._hamiltonian.breaks):
                if end > begin:
                    travellers = self._reach(end, travellers, thresholds, streams)
        several = [one for one in travellers if len(one.rows) > 1]
        single = [one for one in travellers if len(one.rows) == 1]
        yield from ((one.rows, one.psi[None]) for one in several)
        for first in range(0, len(single), self._several):
            some = single[first : first + self._several]
            states: States = np.array([one.psi for one in some])
            yield np.concatenate([one.rows for one in some]), states

    def _reach(
        self,
        end: float,
        travellers: Sequence[_Traveller],
        thresholds: NDArray[np.float64],
        streams: Sequence[np.random.Generator],
    ) -> list[_Traveller]:
        """Returns all travellers at a time, until which the functions have no break."""
        waiting, there = list(travellers), []
        while waiting:
            some, waiting = waiting[: self._several], waiting[self._several :]
            for one in self._march(some, end, thresholds):
                if one.time == end:
                    there.append(one)
                    continue
                (row,) = one.rows
                thresholds[row] = self._jumping.jump(one.psi, streams[row])
                waiting.append(one)
        return there

    def _march(
        self, some: Sequence[_Traveller], end: float, thresholds: NDArray[np.float64]
    ) -> Iterator[_Traveller]:
        """Yields trajectories at their jumps, and travellers without these at the end.

        Thresholds of those at the end are counted from there on.
        """
        from scipy.integrate import DOP853

        shape = len(some), self._hamiltonian.dimension
        psi0 = np.stack([one.psi for one in some])
        begins = np.array([one.time for one in some])
        spans = end - begins
        slope = self._slope(begins, spans, self._series(float(begins.min()), end))
        solver = DOP853(slope, 0.0, psi0.ravel(), 1.0, rtol=TOLERANCE, atol=TOLERANCE)
        rows = np.concatenate([one.rows for one in some])
        places = np.repeat(np.arange(len(some)), [len(one.rows) for one in some])
        while solver.status == "running":
            solver.step()
            log_norms = _log_norms(solver.y.reshape(shape))
            jumps = thresholds[rows] > log_norms[places]
            if not self._jumping.operators or not jumps.any():
                continue
            states = solver.dense_output()
            for row, place in zip(rows[jumps], places[jumps], strict=True):
                share = _moment(states, shape, place, float(thresholds[row]))
                psi = states(share).reshape(shape)[place]
                # One that jumps at the very end jumps a moment before.
                time = min(float(begins[place] + share * spans[place]), _before(end))
                yield _Traveller(psi / np.linalg.norm(psi), time, np.array([row]))
            rows, places = rows[~jumps], places[~jumps]
        final = solver.y.reshape(shape)
        log_norms = _log_norms(final)
        thresholds[rows] -= log_norms[places]
        for place in np.unique(places):
            psi = final[place] / np.linalg.norm(final[place])
            yield _Traveller(psi, end, rows[places == place])

    def _series(self, begin: float, end: float) -> "_Coefficients":
        """Returns all coefficients between two times as series, the last of them 1.

        Raises:
            ValueError: A function is not smooth there.
        """
        degree = 8
        while degree <= LARGEST_DEGREE:
            points = chebpts1(degree + 1)
            moments = (begin + end + points * (end - begin)) / 2
            # The values at a break are those after it.
            known = [self._hamiltonian.coefficients(min(one, _before(end))) for one in moments]
            values = np.column_stack([np.array(known), np.ones(degree + 1)])
            series = chebvander(points, degree).T @ values * 2 / (degree + 1)
            series[0] /= 2
            if np.abs(series[-2:]).max() <= ROUGHNESS * np.abs(values).max():
                return _Coefficients(series, begin, end)
            degree *= 2
        raise ValueError(
            "Argument `lindbladian` must have functions that are smooth between their breaks, but"
            f" from the time {begin:.6g} to {end:.6g} one is not."
        )

    def _slope(
        self, begins: NDArray[np.float64], spans: NDArray[np.float64], series: "_Coefficients"
    ) -> Callable[[float, NDArray[np.complex128]], NDArray[np.complex128]]:
        """Returns the derivative of flat states in the shares of their ways that are behind."""
        shape = len(begins), self._hamiltonian.dimension
        image = np.empty(shape, np.complex128)

        def slope(share: float, flat: NDArray[np.complex128]) -> NDArray[np.complex128]:
            psi, total = flat.reshape(shape), np.zeros(shape, np.complex128)
            for product, weights in zip(
                self._products, series(begins + share * spans), strict=True
            ):
                product(psi, image)
                np.multiply(image, (-1j * spans * weights)[:, None], out=image)
                np.add(total, image, out=total)
            return total.ravel()

        return slope


def _before(end: float) -> float:
    return float(np.nextafter(end, 0.0))


def _log_norms(psi: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Returns log |psi|^2 of states, (m,)."""
    return np.log(np.einsum("md,md->m", psi.conj(), psi).real)


def _moment(
    states: "DenseOutput",
    shape: tuple[int, int],
    place: int,
    threshold: float,
) -> float:
    """Returns when in the last step log |psi|^2 of one of the states was at a threshold."""
    from scipy.optimize import brentq

    def above(share: float) -> float:
        return float(_log_norms(states(share).reshape(shape)[place][None])[0]) - threshold

    begin, end = states.t_min, states.t_max
    # Rounding may leave a threshold at either end.
    if above(begin) <= 0:
        return begin
    return end if above(end) >= 0 else float(brentq(above, begin, end, xtol=MOMENT))
