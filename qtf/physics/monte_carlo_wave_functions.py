"""Open systems of more spins than density matrices allow: quantum trajectories of pure states.

Between jumps a state follows the effective Hamiltonian,

    psi' = -i H_eff psi,   H_eff = H - (i / 2) sum_k rate_k G_k^+ G_k

with hbar = 1, until |psi|^2 has fallen to a number drawn evenly from 0 to 1. Then it jumps to
G_k psi / |G_k psi|, with k drawn by the weights rate_k |G_k psi|^2. The mean of |psi><psi| over
trajectories obeys the Lindblad equation exactly; nothing is of first order in a step of time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qtf.physics._checks import (
    checked_forward_times,
    checked_integer,
    checked_positive,
    checked_states,
)
from qtf.physics._threads import one_thread
from qtf.physics._waiting_times import BATCH_AMPLITUDES, MAX_BATCH, Start, Unravelling
from qtf.physics._window_product import States
from qtf.physics.control_variates import control_variates, with_controls
from qtf.physics.lindblad import Lindbladian
from qtf.physics.operators import PauliSum, check_number_of_spins

# Powers of H of one state of 20 spins take 270 MB.
MAX_TRAJECTORY_SITES = 20
TOLERANCE = 1e-6
# Apart from other streams of random numbers of the same seed.
_STREAM = 0x7261


@dataclass(frozen=True, eq=False)
class TrajectoryMeans:
    """Means over trajectories with their standard errors.

    Attributes:
        means: <A>, (n_times, n_observables); of steady states (n_observables,).
        errors: Standard errors of the means, from their spread over trajectories.
        n_trajectories: Number of trajectories.

    Example:
        >>> means = TrajectoryMeans.of(np.array([[1.0], [3.0]]))
        >>> means.means, means.errors
        (array([2.]), array([1.]))
    """

    means: NDArray[np.float64]
    errors: NDArray[np.float64]
    n_trajectories: int

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> "TrajectoryMeans":
        """Returns means over the first axis of independent values, at least two."""
        errors = values.std(axis=0, ddof=1) / np.sqrt(len(values))
        return cls(values.mean(axis=0), errors, len(values))

    @classmethod
    def with_controls(cls, values: NDArray[np.float64], n_observables: int) -> "TrajectoryMeans":
        """Returns means of the first columns of independent values, the others of mean zero."""
        means = values.mean(axis=0)
        deviations = values - means
        adjusted = with_controls(means, deviations.T @ deviations, len(values), n_observables)
        return cls(*adjusted, len(values))


def quantum_trajectories(
    lindbladian: Lindbladian,
    psi0: ArrayLike,
    times: ArrayLike,
    observables: Sequence[PauliSum],
    *,
    n_trajectories: int = 100,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    batch_size: int | None = None,
) -> TrajectoryMeans:
    """Returns means of observables in time, averaged over quantum trajectories.

    Between its jumps a trajectory obeys

        psi' = -i H_eff psi,   H_eff = H - (i / 2) sum_k rate_k G_k^+ G_k

    and jumps to G_k psi / |G_k psi| when |psi|^2 has fallen to a random number.

    Args:
        lindbladian: The equation, of at most 20 spins.
        psi0: State of all trajectories at time 0, (2**n_sites,), of norm 1.
        times: Times (n_times,) of at least 0, in any order, in the units of 1 / H.
        observables: Operators A, in their units.
        n_trajectories: Number of trajectories, at least 2. Errors fall as one over its root.
        seed: Seed. Trajectory k is a function of seed and k alone.
        tolerance: Bound of the estimated |error| / |psi| of each unit of time. From 1e-5 on states
            are of single precision, which takes half the time.
        batch_size: Trajectories that are followed at once; None: as many as suit the caches.
            Results do not depend on it, but for rounding.

    Returns:
        Means and standard errors, float64 (n_times, n_observables).

    Raises:
        ValueError: An argument has a wrong shape, is out of range or is not finite.

    Example:
        >>> from qtf.physics import decay
        >>> from qtf.physics.observables import mean_over_sites
        >>> at_rest = Lindbladian(PauliSum(2, []), decay(2))
        >>> result = quantum_trajectories(
        ...     at_rest, [1, 0, 0, 0], [0.0, 1.0], [mean_over_sites(2, "Z")], n_trajectories=400
        ... )
        >>> bool(abs(result.means[1, 0] - (2 * np.exp(-1) - 1)) < 3 * result.errors[1, 0])
        True

    Source: Dalibard, Castin and Molmer, Phys. Rev. Lett. 68, 580 (1992); Plenio and Knight,
    Rev. Mod. Phys. 70, 101 (1998), section III.
    """
    how = n_trajectories, seed, tolerance, batch_size
    values = _values_of_several(lindbladian, psi0, times, observables, *how)
    return TrajectoryMeans.of(values)


def steady_trajectories(
    lindbladian: Lindbladian,
    psi0: ArrayLike,
    observables: Sequence[PauliSum],
    *,
    burn_in: float,
    duration: float,
    interval: float = 0.25,
    n_trajectories: int = 16,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    batch_size: int | None = None,
    controls: bool = True,
) -> TrajectoryMeans:
    """Returns means of observables in the steady state, averaged over time and trajectories.

    Averages over time of one trajectory are correlated, those of different ones are independent:
    errors come from the spread of the latter. What they share with averages of operators whose mean
    is zero at rest is taken from them, most of the noise.

    Args:
        lindbladian: The equation, of at most 20 spins.
        psi0: State of all trajectories at time 0, (2**n_sites,), of norm 1.
        observables: Operators A.
        burn_in: Time before the average begins, several times the slowest relaxation.
        duration: Time that it lasts.
        interval: Time between measurements.
        n_trajectories: Number of trajectories, at least 2.
        seed: As of `quantum_trajectories`, and so are the others.
        tolerance: As there.
        batch_size: As there.
        controls: Whether operators whose mean is zero take noise away, one for three trajectories,
            up to nine.

    Returns:
        Means and standard errors, float64 (n_observables,).

    Raises:
        ValueError: An argument has a wrong shape, is out of range or is not finite.

    Example:
        >>> from qtf.physics import Chain, decay, ising
        >>> from qtf.physics.observables import mean_over_sites
        >>> chain = Lindbladian(ising(Chain(2)), decay(2))
        >>> up = [1, 0, 0, 0]
        >>> rest = steady_trajectories(chain, up, [mean_over_sites(2, "Z")], burn_in=5, duration=50)
        >>> exact = chain.steady_state().diagonal().real @ [1, 0, 0, -1]
        >>> bool(abs(rest.means[0] - exact) < 4 * rest.errors[0])
        True

    Source: Plenio and Knight, Rev. Mod. Phys. 70, 101 (1998); Molmer, Castin and Dalibard,
    J. Opt. Soc. Am. B 10, 524 (1993), section 4; the controls are ours.
    """
    times = steady_times(burn_in, duration, interval)
    how = n_trajectories, seed, tolerance, batch_size
    measured = [*observables, *(control_variates(lindbladian) if controls else ())]
    values = _values_of_several(lindbladian, psi0, times, measured, *how).mean(axis=1)
    return TrajectoryMeans.with_controls(values, len(observables))


def steady_times(burn_in: float, duration: float, interval: float) -> NDArray[np.float64]:
    """Returns the times of a trajectory at rest that are averaged over.

    Raises:
        ValueError: `burn_in` is negative, another argument is not positive, or the interval is
            longer than the duration.

    Example:
        >>> steady_times(2.0, 1.0, 0.5)
        array([2. , 2.5, 3. ])
    """
    checked_forward_times([burn_in])
    checked_positive("duration", duration)
    checked_positive("interval", interval)
    if interval > duration:
        raise ValueError(
            f"Argument `interval` must be at most duration = {duration}, but is {interval}."
        )
    steps: NDArray[np.float64] = np.arange(int(duration / interval * (1 + 1e-12)) + 1.0)
    return burn_in + interval * steps


def trajectory_values(
    lindbladian: Lindbladian,
    psi0: ArrayLike,
    times: ArrayLike,
    observables: Sequence[PauliSum],
    trajectories: Sequence[int],
    *,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    batch_size: int | None = None,
) -> NDArray[np.float64]:
    """Returns means of observables on single trajectories, of which processes may share the work.

    Args:
        lindbladian: As of `quantum_trajectories`, and so are the others.
        psi0: As there.
        times: As there.
        observables: As there.
        trajectories: Numbers of the trajectories, at least one.
        seed: As there.
        tolerance: As there.
        batch_size: As there.

    Returns:
        float64 (n_trajectories, n_times, n_observables).

    Raises:
        ValueError: As there.

    Example:
        >>> from qtf.physics import decay
        >>> at_rest = Lindbladian(PauliSum(1, []), decay(1))
        >>> trajectory_values(at_rest, [1.0, 0.0], [0.0, 50.0], [PauliSum(1, [])], [7]).shape
        (1, 2, 1)
    """
    checked_integer("n_sites", lindbladian.n_sites, minimum=1, maximum=MAX_TRAJECTORY_SITES)
    state = checked_state(psi0, lindbladian.hamiltonian.dimension)
    times = checked_forward_times(times)
    for operator in observables:
        check_number_of_spins(operator, lindbladian.n_sites)
    checked_integer("seed", seed, minimum=0)
    numbers = [checked_integer("trajectories", number, minimum=0) for number in trajectories]
    if not numbers:
        raise ValueError("Argument `trajectories` must hold at least one number, but is empty.")
    checked_positive("tolerance", tolerance)
    usual = _usual_batch(len(state))
    size = usual if batch_size is None else checked_integer("batch_size", batch_size, minimum=1)
    order = np.argsort(times, kind="stable")
    values = np.empty((len(numbers), len(times), len(observables)))
    streams = (np.random.default_rng([seed, _STREAM, number]) for number in numbers)
    unravelling = Unravelling(lindbladian, observables, tolerance)
    with one_thread(1):
        values[:, order] = unravelling.values(state, times[order], streams, len(numbers), size)
    return values


class TrajectorySampler:
    """Draws the states of independent trajectories at one time, such as shots are measured on.

    Trajectories that do not jump all end in the same state, which is followed once.

    Args:
        lindbladian: The equation, of at most 20 spins.
        tolerance: As of `quantum_trajectories`.

    Raises:
        ValueError: There are too many spins, or the tolerance is not positive.

    Example:
        >>> from qtf.physics import decay
        >>> sampler = TrajectorySampler(Lindbladian(PauliSum(1, []), decay(1)))
        >>> streams = [np.random.default_rng(k) for k in range(100)]
        >>> drawn = sampler.draw([1.0, 0.0], np.log(2), streams)
        >>> decayed = sum(len(places) for places, states in drawn if abs(states[0, 1]) == 1)
        >>> 35 < decayed < 65
        True
    """

    def __init__(self, lindbladian: Lindbladian, *, tolerance: float = TOLERANCE) -> None:
        checked_integer("n_sites", lindbladian.n_sites, minimum=1, maximum=MAX_TRAJECTORY_SITES)
        checked_positive("tolerance", tolerance)
        self._unravelling = Unravelling(lindbladian, [], tolerance)
        self._dimension = lindbladian.hamiltonian.dimension

    def draw(
        self, psi0: ArrayLike, time: float, streams: Sequence[np.random.Generator]
    ) -> Iterator[tuple[NDArray[np.intp], States]]:
        """Yields the states of trajectories as they come to their end.

        Args:
            psi0: State of all trajectories at time 0, (2**n_sites,), of norm 1.
            time: The time, of at least 0, in the units of 1 / H.
            streams: What each trajectory draws its random numbers from, and goes on drawing from
                where it is needed afterwards.

        Yields:
            Places of some trajectories, (m,), and their states of norm 1, (m, 2**n_sites), or
            (1, 2**n_sites) for one that all of them have.

        Raises:
            ValueError: An argument has a wrong shape, is out of range or is not finite.
        """
        state = checked_state(psi0, self._dimension)
        times = checked_forward_times([time])
        starts = [Start.drawn(state, stream) for stream in streams]
        with one_thread(1):
            kept, log_share = self._unravelling.without_jumps(state, float(times[0]))
            jumping = np.array([start.log_threshold > log_share for start in starts], bool)
            if not jumping.all():
                yield np.flatnonzero(~jumping), kept[None]
            rows = np.flatnonzero(jumping)
            walk = self._unravelling.walk(
                iter([starts[row] for row in rows]), times, len(rows), _usual_batch(len(state))
            )
            for numbers, _, states in walk:
                yield rows[numbers], states


def _usual_batch(dimension: int) -> int:
    """Returns how many states are followed at once."""
    return min(MAX_BATCH, max(1, BATCH_AMPLITUDES // dimension))


def _values_of_several(
    lindbladian: Lindbladian,
    psi0: ArrayLike,
    times: ArrayLike,
    observables: Sequence[PauliSum],
    n_trajectories: int,
    seed: int,
    tolerance: float,
    batch_size: int | None,
) -> NDArray[np.float64]:
    """Returns the values of the first trajectories, of at least two."""
    return trajectory_values(
        lindbladian,
        psi0,
        times,
        observables,
        range(checked_integer("n_trajectories", n_trajectories, minimum=2)),
        seed=seed,
        tolerance=tolerance,
        batch_size=batch_size,
    )


def checked_state(psi0: ArrayLike, dimension: int) -> NDArray[np.complex128]:
    """Returns one state of norm 1, complex128 (dimension,).

    Raises:
        ValueError: It is something else.
    """
    states = checked_states("psi0", psi0, dimension)
    if states.ndim != 1:
        raise ValueError(f"Argument `psi0` must be one state, but has shape {states.shape}.")
    norm = float(np.linalg.norm(states))
    if abs(norm - 1.0) > 1e-6:
        raise ValueError(f"Argument `psi0` must have norm 1, but has {norm:.6g}.")
    return (states / norm).astype(np.complex128)
