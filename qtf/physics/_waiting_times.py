"""One batch of quantum jump trajectories, each with steps and jump times of its own."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from qtf.physics._window_product import States, WindowProduct
from qtf.physics.jumps import JumpOperator
from qtf.physics.lindblad import Lindbladian
from qtf.physics.operators import PauliSum

# Order of the Taylor series of a step. On 16 spins 12 to 18 cost alike.
ORDER = 15
# Amplitudes of a batch: one state of 16 spins, whose powers of H take 17 MB.
BATCH_AMPLITUDES = 1 << 16
MAX_BATCH = 256
# Tolerance from which states are of single precision, which takes half the time.
SINGLE_FROM = 1e-5
# Of a step: how well the moment of a jump is found.
MOMENT = 1e-13
_MOST_ITERATIONS = 100

Reals = NDArray[np.float64]


class Unravelling:
    """The waiting-time unravelling of a Lindblad equation, with what is measured on the way.

    Args:
        lindbladian: The equation.
        observables: Operators whose means are recorded.
        tolerance: Bound of the estimated |error| / |psi| of each unit of time.
    """

    def __init__(
        self, lindbladian: Lindbladian, observables: Sequence[PauliSum], tolerance: float
    ) -> None:
        self.jumps = Jumping.that_change(lindbladian.jump_ops)
        single = tolerance >= SINGLE_FROM
        self.effective = WindowProduct(lindbladian.hamiltonian, self.jumps.losses, single=single)
        self.observables = [WindowProduct(operator, single=single) for operator in observables]
        self.tolerance = tolerance

    def values(
        self, psi0: States, times: Reals, streams: Iterator[np.random.Generator], n: int, batch: int
    ) -> Reals:
        """Returns <A> of each trajectory at ascending times, (n, n_times, n_observables)."""
        result = np.empty((n, len(times), len(self.observables)))
        starts = (Start.drawn(psi0, stream) for stream in streams)
        for numbers, moments, states in self.walk(starts, times, n, batch):
            image = np.empty_like(states)
            for k, observable in enumerate(self.observables):
                result[numbers, moments, k] = observable.mean(states, image)
        return result

    def walk(
        self, starts: Iterator["Start"], times: Reals, n: int, batch: int
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], States]]:
        """Follows trajectories, so many at once.

        Args:
            starts: Where each begins.
            times: Ascending times.
            n: Number of trajectories.
            batch: Most that are followed at once.

        Yields:
            Numbers of some trajectories and of times, (m,), and their states of norm 1 there,
            (m, dimension).
        """
        walkers = Walkers(starts, min(batch, n), self.effective)
        series = Series(self.effective, len(walkers.psi))
        n_begun = len(walkers.psi)
        while len(walkers.psi):
            series.expand(walkers.psi)
            steps = np.minimum(series.longest_steps(self.tolerance), times[-1] - walkers.time)
            steps, is_jump = series.first_jumps(steps, walkers.log_threshold)
            yield from self._reached(series, walkers, times, steps)
            norms = series.evaluate(steps, walkers.psi)
            walkers.advance(steps, norms)
            self.jumps.apply(walkers, np.flatnonzero(is_jump))
            done = np.flatnonzero(walkers.n_recorded == len(times))
            n_new = min(len(done), n - n_begun)
            walkers.begin(done[:n_new], range(n_begun, n_begun + n_new), starts)
            walkers.remove(done[n_new:])
            n_begun += n_new

    def without_jumps(self, psi0: States, time: float) -> tuple[States, float]:
        """Returns what has become of a state that has not jumped.

        Args:
            psi0: State of norm 1, (dimension,).
            time: The time.

        Returns:
            The state, divided by its norm, and the logarithm of the share of trajectories.
        """
        psi, log_share, gone = psi0[None].astype(self.effective.dtype), 0.0, 0.0
        series = Series(self.effective, 1)
        while gone < time:
            series.expand(psi)
            step = np.minimum(series.longest_steps(self.tolerance), time - gone)
            log_share += float(series.evaluate(step, psi)[0])
            gone = time if step[0] == time - gone else gone + float(step[0])
        return psi[0], log_share

    def _reached(
        self, series: "Series", walkers: "Walkers", times: Reals, steps: Reals
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], States]]:
        """Yields the states at all times that lie within the steps."""
        # A step to the last time ends there exactly.
        is_last = steps == times[-1] - walkers.time
        ends = np.where(is_last, times[-1], walkers.time + steps)
        while True:
            moments = np.append(times, np.inf)[walkers.n_recorded]
            chosen = np.flatnonzero(moments <= ends)
            if not len(chosen):
                return
            states = series.states(moments - walkers.time, chosen)
            yield walkers.number[chosen], walkers.n_recorded[chosen], states
            walkers.n_recorded[chosen] += 1


class Series:
    """psi(s) = exp(-i c s) sum_k s^k v_k of each state of a batch, v_k = (-i (H - c))^k psi / k!.

    H is the effective Hamiltonian and c = <psi|H|psi> its mean, without which the v_k are much
    smaller. |psi(s)|^2 = exp(2 Im(c) s) sum_jk s^(j + k) Re <v_j|v_k>.
    """

    def __init__(self, effective: WindowProduct, batch: int) -> None:
        self._effective = effective
        self._vectors = np.empty((ORDER + 1, batch, effective.dimension), effective.dtype)
        self._scratch = np.empty_like(self._vectors[0])

    def expand(self, psi: States) -> None:
        """Computes the v_k of states of norm 1, (batch, dimension)."""
        vectors = self._vectors[:, : len(psi)]
        if vectors.shape[1] < self._vectors.shape[1]:
            self._vectors = vectors = np.ascontiguousarray(vectors)
            self._scratch = np.empty_like(vectors[0])
        vectors[0] = psi
        centers = np.zeros((len(psi), 1), self._effective.dtype)
        for k in range(1, ORDER + 1):
            self._effective(vectors[k - 1], vectors[k])
            if k == 1:
                centers[:, 0] = np.einsum("bd,bd->b", psi.conj(), vectors[1])
            vectors[k] -= np.multiply(centers, vectors[k - 1], out=self._scratch)
            vectors[k] *= -1j / k
        self._decay = -2.0 * centers[:, 0].imag.astype(np.float64)
        # (batch, ORDER + 1, 2 * dimension)
        self._parts = vectors.view(vectors.real.dtype).swapaxes(0, 1)
        self._gram = (self._parts @ self._parts.swapaxes(1, 2)).astype(np.float64)

    def longest_steps(self, tolerance: float) -> Reals:
        """Returns steps within which each of the last two terms is at most the tolerance."""
        orders = np.arange(ORDER - 1, ORDER + 1)
        sizes = np.sqrt(np.diagonal(self._gram, axis1=1, axis2=2)[:, orders])
        return ((tolerance / np.maximum(sizes, 1e-300)) ** (1.0 / (orders - 1))).min(axis=1)

    def first_jumps(self, steps: Reals, log_threshold: Reals) -> tuple[Reals, NDArray[np.bool_]]:
        """Returns the steps, cut where |psi(s)|^2 falls to the threshold, and which ones are."""
        rows = np.flatnonzero(self._log_norms(np.arange(len(steps)), steps)[0] < log_threshold)
        is_jump = np.zeros(len(steps), bool)
        is_jump[rows] = True
        low, high = np.zeros(len(rows)), steps[rows]
        moments = high / 2
        for _ in range(_MOST_ITERATIONS):
            if not len(rows):
                break
            values, slopes = self._log_norms(rows, moments)
            values -= log_threshold[rows]
            low, high = np.where(values > 0, moments, low), np.where(values > 0, high, moments)
            guesses = moments - values / np.minimum(slopes, -1e-300)
            inside = (guesses > low) & (guesses < high)
            guesses = np.where(inside, guesses, (low + high) / 2)
            change, moments = np.abs(guesses - moments).max(), guesses
            if change <= MOMENT * float(steps[rows].max()):
                break
        steps = steps.copy()
        steps[rows] = moments
        return steps, is_jump

    def states(self, moments: Reals, rows: NDArray[np.intp]) -> States:
        """Returns psi(s) of some states at their moments, divided by the norm."""
        parts = self._parts if len(rows) == len(self._parts) else self._parts[rows]
        states = _combine(parts, _powers(moments[rows]))
        return states / np.linalg.norm(states, axis=1, keepdims=True)

    def evaluate(self, steps: Reals, out: States) -> Reals:
        """Writes psi(s) divided by its norm, and returns log |psi(s)|^2."""
        out[...] = _combine(self._parts, _powers(steps))
        norms = np.linalg.norm(out, axis=1)
        out /= norms[:, None]
        return 2.0 * np.log(norms.astype(np.float64)) - self._decay * steps

    def _log_norms(self, rows: NDArray[np.intp], moments: Reals) -> tuple[Reals, Reals]:
        """Returns log |psi(s)|^2 and its derivative."""
        powers = _powers(moments)
        rising = np.zeros_like(powers)
        rising[:, 1:] = np.arange(1, ORDER + 1) * powers[:, :-1]
        images = (self._gram[rows] @ powers[:, :, None])[:, :, 0]
        squares = np.maximum((powers * images).sum(axis=1), 1e-300)
        slopes = 2.0 * (rising * images).sum(axis=1) / squares
        return np.log(squares) - self._decay[rows] * moments, slopes - self._decay[rows]


class Start(NamedTuple):
    """Where a trajectory begins.

    Attributes:
        psi: Its state of norm 1, (dimension,).
        stream: Where it draws its further random numbers.
        log_threshold: log |psi|^2 at which its first jump happens.
    """

    psi: States
    stream: np.random.Generator
    log_threshold: float

    @classmethod
    def drawn(cls, psi: States, stream: np.random.Generator) -> Self:
        """Returns a start whose first jump is drawn from its stream."""
        return cls(psi, stream, draw_log_threshold(stream))


class Walkers:
    """The trajectories of a batch that are under way.

    Args:
        starts: Where trajectories begin.
        n: Number of those that begin now.
        effective: The effective Hamiltonian.

    Attributes:
        psi: States of norm 1, (batch, dimension).
        number: Numbers of the trajectories, (batch,).
        streams: Where each draws its random numbers.
        time: How far each one is, (batch,).
        log_threshold: log |psi|^2 at which the next jump happens, counted from now, (batch,).
        n_recorded: Times at which it has been measured, (batch,).
    """

    def __init__(self, starts: Iterator[Start], n: int, effective: WindowProduct) -> None:
        begun = list(itertools.islice(starts, n))
        self.psi: States = np.empty((n, effective.dimension), effective.dtype)
        for row, start in enumerate(begun):
            self.psi[row] = start.psi
        self.number = np.arange(n)
        self.streams = [start.stream for start in begun]
        self.time = np.zeros(n)
        self.log_threshold = np.array([start.log_threshold for start in begun])
        self.n_recorded = np.zeros(n, int)

    def advance(self, steps: Reals, log_norms: Reals) -> None:
        """Moves on in time."""
        self.time += steps
        self.log_threshold -= log_norms

    def begin(self, rows: NDArray[np.intp], numbers: range, starts: Iterator[Start]) -> None:
        """Begins new trajectories where others have ended."""
        for row, number in zip(rows.tolist(), numbers, strict=True):
            self.psi[row], self.streams[row], self.log_threshold[row] = next(starts)
            self.number[row] = number
            self.time[row] = self.n_recorded[row] = 0

    def remove(self, rows: NDArray[np.intp]) -> None:
        """Removes trajectories that have ended."""
        if not len(rows):
            return
        self.streams = [s for row, s in enumerate(self.streams) if row not in set(rows.tolist())]
        for name in ("psi", "number", "time", "log_threshold", "n_recorded"):
            setattr(self, name, np.delete(getattr(self, name), rows, axis=0))


class Jumping:
    """Jumps of single spins, drawn with the weights rate |G psi|^2.

    Args:
        operators: The jumps.
    """

    def __init__(self, operators: Sequence[JumpOperator]) -> None:
        self.operators = tuple(operators)
        self._sites = np.array([jump.site for jump in operators], int)
        losses = [jump.rate * (jump.matrix.conj().T @ jump.matrix) for jump in operators]
        self._losses = np.array(losses, np.complex128).reshape(-1, 2, 2)
        # Sites where interference decides which jump happens.
        self._coherent = sorted(set(self._sites[self._losses[:, 0, 1] != 0].tolist()))

    @classmethod
    def that_change(cls, jump_ops: Iterable[JumpOperator]) -> Self:
        """Returns those of some jumps that do anything."""
        return cls([jump for jump in jump_ops if _changes_states(jump)])

    @property
    def losses(self) -> list[tuple[int, NDArray[np.complex128]]]:
        """What they add to the effective Hamiltonian, -(i / 2) rate G^+ G, each with its site."""
        pairs = zip(self._sites.tolist(), self._losses, strict=True)
        return [(site, -0.5j * loss) for site, loss in pairs]

    def jump(self, psi: States, stream: np.random.Generator) -> float:
        """Lets one state (dimension,) jump in place, and returns its next log threshold."""
        return self._jump(psi, np.cumsum(self.weights(psi[None])[0]), stream)

    def apply(self, walkers: Walkers, rows: NDArray[np.intp]) -> None:
        """Lets some trajectories jump, each by two numbers of its stream."""
        if not len(rows):
            return
        sums = np.cumsum(self.weights(walkers.psi[rows]), axis=1)
        for row, cumulated in zip(rows.tolist(), sums, strict=True):
            walkers.log_threshold[row] = self._jump(
                walkers.psi[row], cumulated, walkers.streams[row]
            )

    def _jump(self, psi: States, cumulated: Reals, stream: np.random.Generator) -> float:
        place = stream.random() * cumulated[-1]
        last = len(cumulated) - 1
        jump = self.operators[min(int(np.searchsorted(cumulated, place, "right")), last)]
        _apply_to_site(psi, jump)
        return draw_log_threshold(stream)

    def weights(self, psi: States) -> Reals:
        """Returns rate |G psi|^2 of every jump, (batch, n_jumps)."""
        n_sites = psi.shape[1].bit_length() - 1
        up = _up_probabilities((np.abs(psi) ** 2).astype(np.float64), n_sites)
        coherences = np.zeros((len(psi), n_sites), np.complex128)
        for site in self._coherent:
            pairs = psi.reshape(len(psi), 2**site, 2, -1)
            products = pairs[:, :, 0].conj() * pairs[:, :, 1]
            coherences[:, site] = products.sum(axis=(1, 2))
        sites, losses = self._sites, self._losses
        diagonal = losses[:, 0, 0].real * up[:, sites] + losses[:, 1, 1].real * (1 - up[:, sites])
        crossing = 2.0 * (losses[:, 0, 1] * coherences[:, sites]).real
        return np.maximum(diagonal + crossing, 0.0)


def _changes_states(jump: JumpOperator) -> bool:
    """Tells whether a jump does anything: its rate is positive, and G no multiple of 1."""
    return jump.rate > 0 and bool((jump.matrix != jump.matrix[0, 0] * np.eye(2)).any())


def _apply_to_site(psi: States, jump: JumpOperator) -> None:
    """Applies G to one state in place, and makes its norm 1."""
    pairs = psi.reshape(2**jump.site, 2, -1)
    pairs[...] = jump.matrix @ pairs
    psi /= np.linalg.norm(psi)


def _up_probabilities(probabilities: Reals, n_sites: int) -> Reals:
    """Returns the probability of up of each site, (batch, n_sites), by way of two halves."""
    left = n_sites // 2
    table = probabilities.reshape(len(probabilities), 2**left, -1)
    ups: Reals = np.empty((len(probabilities), n_sites))
    ups[:, :left] = table.sum(axis=2) @ _is_up(left)
    ups[:, left:] = table.sum(axis=1) @ _is_up(n_sites - left)
    return ups


def _is_up(n_sites: int) -> Reals:
    numbers, sites = np.arange(2**n_sites)[:, None], np.arange(n_sites)
    is_down = numbers >> (n_sites - 1 - sites) & 1
    return (1 - is_down).astype(np.float64)


def _powers(moments: Reals) -> Reals:
    return moments[:, None] ** np.arange(ORDER + 1)


def _combine(parts: np.ndarray, coefficients: Reals) -> States:
    combined = coefficients.astype(parts.dtype)[:, None, :] @ parts
    return combined[:, 0].view(np.result_type(parts.dtype, np.complex64))


def draw_log_threshold(stream: np.random.Generator) -> float:
    """Returns the logarithm of a number drawn evenly from 0 to 1: log |psi|^2 at the next jump."""
    return float(np.log1p(-stream.random()))
