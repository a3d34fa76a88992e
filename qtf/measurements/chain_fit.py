"""Long chains learned from overlapping patches, at a cost that is linear in the number of sites.

Windows overlap. What is maximised is the sum over windows of log p(bits | those of them that the
window before has, too), a composite likelihood (Varin, Reid and Firth, Statist. Sinica 21, 5
(2011)). It is the whole likelihood but for what bits tell of each other over more than the overlap.
Error bars are those of the sandwich H^-1 J H^-1: H is the sum of the windows' Fisher information, J
that of squared scores of shots, all windows together.

A margin of few sites gives derivatives. Then probabilities come from margins that grow site by
site, at the cost of a state without derivatives, and the equation

    sum over windows, settings and bits of (count - shots p) d log p(bits | those before) = 0,

which has no bias where p is right, whatever the derivatives are, is solved from the solution
before, until nothing changes.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np

from qtf.checks import ARGUMENT, COUNT, check
from qtf.measurements.experiments import Experiments, Setting
from qtf.measurements.fit import (
    FIRST_ERROR,
    FIRST_RATE,
    LAST_GAIN,
    ROUGH_GAIN,
    growing_times,
)
from qtf.measurements.goodness import Goodness, Sums, sum_up
from qtf.measurements.likelihood import (
    Likelihood,
    MarginalFit,
    Slope,
    counts_of,
    log_probabilities,
    shots_of,
    slope_of_counts,
)
from qtf.measurements.model import Predicted
from qtf.measurements.patches import (
    ChainModel,
    ChainShots,
    Patch,
    make_patch,
    windows_of,
)
from qtf.measurements.result import ShotFit
from qtf.measurements.scoring import Climb, WithPriors, climb, held_by_bounds, invert
from qtf.physics._threads import one_thread
from qtf.physics.driven import Coefficient
from qtf.worker_processes import worker_pool

# Sites of a window, and most of a patch with derivatives and without; density matrices are larger.
PURE_SITES = (8, 12, 16)
OPEN_SITES = (3, 5, 7)
# In error bars, root mean square: a change that the next site of the margin would not double.
SMALLEST_CHANGE = 0.25
# Newton steps for each margin.
MOST_STEPS = 4
# Bit strings whose scores are squared; more would say the same.
MOST_STRINGS = 100_000

Report = Callable[[str], None]
Map = Callable[..., Iterable]


def fit_chain(
    experiments: Experiments,
    *,
    terms: Iterable[str] | None = None,
    jumps: Iterable[str] = (),
    readout: Iterable[str] = (),
    preparation_errors: Iterable[str] = (),
    shapes: Mapping[str, Coefficient] | None = None,
    start: Mapping[str, float] | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    report: Report | None = None,
) -> ShotFit:
    """Learns the parameters of a long chain from its shots, patch by patch.

    Args:
        experiments: Settings and counts.
        terms: Words of terms, see `qtf.measurements.words`; None: all of one site and of
            neighbours.
        jumps: Words of jumps.
        readout: Words of readout errors.
        preparation_errors: Words of errors of the preparation.
        shapes: Name -> function of the time that terms such as "pulse*X" are multiplied by.
        start: Name -> value near which the fit begins; None: without any guess.
        workers: Number of processes.
        executor: What runs them instead, such as that of a dask client.
        report: Takes lines of progress.

    Returns:
        Parameters with error bars of the sandwich. The p value takes windows for independent.

    Raises:
        ValueError: A word is not known, or an argument not allowed.

    Example:
        >>> from qtf.measurements import Setting, ShotModel, simulate_shots
        >>> model = ShotModel.of_words(4, terms=["ZZ", "X"])
        >>> settings = [
        ...     Setting(start, 0.1 * k, "YZYZ", 500) for k in range(1, 6) for start in ("+z", "+x")
        ... ]
        >>> shots = simulate_shots(model, [1.0, 0.5], settings, seed=1)
        >>> fit = fit_chain(shots, terms=["ZZ", "X"])
        >>> bool(abs(fit["X"] - 0.5) < 4 * fit.errors[1]), fit.explains_the_data
        (True, True)
    """
    began = time.monotonic()
    check("workers", workers, COUNT, kind=ARGUMENT)
    model = ChainModel.of_words(
        experiments.n_sites,
        terms=terms,
        jumps=jumps,
        readout=readout,
        preparation_errors=preparation_errors,
        shapes=shapes,
    )
    for name in start or {}:
        if name not in model.names:
            raise ValueError(
                f"Argument `start` must name parameters of the model, but names {name!r}."
            )
    with _mapping(workers, executor) as mapping:
        chain = _Chain(model, ChainShots(experiments), mapping, report or (lambda line: None))
        fit = chain.fit(start)
    return replace(fit, seconds=time.monotonic() - began)


@dataclass(frozen=True)
class _ChainObjective:
    """The sum of the slopes of all patches.

    Attributes:
        patches: The patches.
        of_patch: Returns the slope of a patch in its own parameters.
        mapping: Applies a function to patches, in parallel or not.
    """

    patches: Sequence[Patch]
    of_patch: Callable[[Patch, np.ndarray], Slope]
    mapping: Map

    def __call__(self, parameters: np.ndarray, free: Sequence[int]) -> Slope:
        """Returns the slope in all parameters; all of a chain are free."""
        total = Slope.zero(len(parameters))
        slopes = self.mapping(self.of_patch, self.patches, [parameters] * len(self.patches))
        for patch, slope in zip(self.patches, slopes, strict=True):
            total = total + slope.at(patch.places, len(parameters))
        return total


@dataclass(frozen=True)
class _Replay:
    """Probabilities that are known already, in place of a model."""

    pieces: Sequence[Predicted]

    def predict(
        self, parameters: np.ndarray, settings: Sequence[Setting], free: Sequence[int] | None = None
    ) -> Iterator[Predicted]:
        """Yields them."""
        yield from self.pieces


@dataclass(frozen=True)
class _Chain:
    """What is fitted.

    Attributes:
        model: The model.
        shots: The data.
        mapping: Applies a function to patches.
        say: Takes lines of progress.
    """

    model: ChainModel
    shots: ChainShots
    mapping: Map
    say: Report

    @property
    def _limits(self) -> tuple[int, int, int]:
        """Sites of a window, and most of a patch with derivatives and without."""
        return OPEN_SITES if self.model.is_mixed else PURE_SITES

    @property
    def _times(self) -> list[float]:
        return [setting.time for setting in self.shots.experiments.settings]

    def fit(self, start: Mapping[str, float] | None) -> ShotFit:
        """Returns the fit: climbs with small margins, then steps with larger ones."""
        width, with_slopes, without = self._limits
        most = (with_slopes - width) // 2
        patches = self._patches(1, 1)
        parameters = self._follow_times(patches) if start is None else self._near(start)
        climbed = self._climb(patches, parameters, ROUGH_GAIN)
        if most > 1 and not self._is_whole(patches):
            patches = self._patches(most, most)
            climbed = self._climb(patches, climbed.parameters, LAST_GAIN)
        else:
            climbed = self._climb(patches, climbed.parameters, LAST_GAIN)
        for wide in range(most + 1, (without - width) // 2 + 1):
            if self._is_whole(patches):
                break
            before = climbed
            patches = self._patches(most, wide)
            climbed = self._step(patches, before)
            change = self._change(before, climbed)
            self.say(f"margin {wide}: changes by {change:.2g} error bars")
            if change < SMALLEST_CHANGE:
                break
        return self._finish(patches, climbed)

    def _is_whole(self, patches: Sequence[Patch]) -> bool:
        return all(len(patch.wide.sites) == self.model.n_sites for patch in patches)

    def _patches(self, margin: int, wide: int) -> list[Patch]:
        windows = windows_of(self.model.n_sites, self._limits[0])
        ends = [0, *(window.stop for window in windows)]
        return [
            make_patch(self.model, self.shots, window, margin, wide, n_given=end - window.start)
            for window, end in zip(windows, ends[:-1], strict=True)
        ]

    def _step(self, patches: Sequence[Patch], climbed: Climb) -> Climb:
        """Returns the solution with other probabilities, by Newton steps from one that is near."""
        objective = _ChainObjective(patches, _equation_of_patch, self.mapping)
        parameters, (least, most) = climbed.parameters, self.model.bounds
        for _ in range(MOST_STEPS):
            slope = objective(parameters, range(self.model.size))
            moving = ~held_by_bounds(parameters, slope.score, least, most)
            inverse, _ = invert(slope.information[np.ix_(moving, moving)])
            step = np.zeros(len(parameters))
            step[moving] = inverse @ slope.score[moving]
            parameters = np.clip(parameters + step, least, most)
            if step @ slope.score / 2 < ROUGH_GAIN / 10:
                return Climb(parameters, slope, climbed.converged)
        return Climb(parameters, slope, False)

    def _change(self, before: Climb, after: Climb) -> float:
        """Returns the root mean square change, in error bars of windows that are independent."""
        inverse, determined = invert(after.slope.information)
        change = (after.parameters - before.parameters)[determined]
        return float(np.sqrt(np.mean(change**2 / np.diag(inverse)[determined])))

    def _near(self, start: Mapping[str, float]) -> np.ndarray:
        values = [start.get(name, 0.0) for name in self.model.names]
        return np.clip(values, *self.model.bounds)

    def _follow_times(self, patches: Sequence[Patch]) -> np.ndarray:
        """Returns what least squares find, to longer and longer times."""
        n_terms, n_jumps = len(self.model.terms), len(self.model.jumps)
        parameters = np.zeros(self.model.size)
        parameters[n_terms : n_terms + n_jumps] = FIRST_RATE / (max(self._times) or 1.0)
        parameters[n_terms + n_jumps :] = FIRST_ERROR
        near = dict.fromkeys(range(n_terms), (0.0, self._largest))
        for reach in growing_times(self._times):
            some = [patch.to_time(reach) for patch in patches]
            objective = WithPriors(_ChainObjective(some, _means_of_patch, self.mapping), near)
            parameters = self._climb_from(objective, parameters, ROUGH_GAIN).parameters
            self.say(f"to time {min(reach, max(self._times)):g}")
        return parameters

    @property
    def _largest(self) -> float:
        return 1 / min((time for time in self._times if time > 0), default=1.0)

    def _climb(self, patches: Sequence[Patch], start: np.ndarray, gain: float) -> Climb:
        objective = _ChainObjective(patches, _likelihood_of_patch, self.mapping)
        return self._climb_from(objective, start, gain)

    def _climb_from(
        self, objective: _ChainObjective | WithPriors, start: np.ndarray, gain: float
    ) -> Climb:
        free = range(self.model.size)
        bounds, largest = self.model.bounds, self._largest
        return climb(objective, start, free, bounds, gain=gain, largest=largest)

    def _finish(self, patches: Sequence[Patch], climbed: Climb) -> ShotFit:
        """Returns the fit with error bars and goodness."""
        model, experiments = self.model, self.shots.experiments
        naive, determined = invert(climbed.slope.information)
        inputs = [climbed.parameters] * len(patches)
        covariances = [naive[np.ix_(patch.places, patch.places)] for patch in patches]
        counts = self.shots.counts
        strings = np.arange(0, len(counts), -(-len(counts) // MOST_STRINGS))
        several = [strings] * len(patches)
        ends = self.mapping(_end_of_patch, patches, inputs, covariances, several)
        scores = np.zeros((len(strings), model.size), np.float32)
        sums = []
        for patch, (of_strings, of_patch) in zip(patches, ends, strict=True):
            scores[:, patch.places] += of_strings
            sums.append(of_patch)
        weights = counts[strings] * (counts.sum() / counts[strings].sum())
        spread = (scores * weights[:, None].astype(np.float32)).T @ scores
        sandwich = naive @ spread.astype(np.float64) @ naive
        return ShotFit(
            model=model,
            parameters=climbed.parameters,
            free=np.ones(model.size, bool),
            determined=determined,
            covariance=sandwich,
            sandwich=sandwich,
            log_likelihood=climbed.slope.value,
            goodness=_total(model.n_sites, patches, sums),
            missing=(),
            shots=experiments.shots,
            n_settings=len(experiments.settings),
            n_starts=1,
            converged=climbed.converged,
            seconds=0.0,
        )


def _likelihood_of_patch(patch: Patch, parameters: np.ndarray) -> Slope:
    likelihood = Likelihood(patch.part.model, patch.shots, patch.n_given)
    return likelihood(patch.part.values(parameters), range(len(patch.places)))


def _means_of_patch(patch: Patch, parameters: np.ndarray) -> Slope:
    squares = MarginalFit(patch.part.model, patch.shots)
    return squares(patch.part.values(parameters), range(len(patch.places)))


def _equation_of_patch(patch: Patch, parameters: np.ndarray) -> Slope:
    """Returns what the likelihood has, with the probabilities of the wide part."""
    rows = np.arange(len(patch.shots.settings))
    counts, shots = counts_of(patch.shots, rows), shots_of(patch.shots, rows)
    with one_thread(1):
        values = patch.predict(parameters)
        return slope_of_counts(values, counts, shots, patch.n_given)


def _end_of_patch(
    patch: Patch, parameters: np.ndarray, covariance: np.ndarray, strings: np.ndarray
) -> tuple[np.ndarray, Sums]:
    """Returns scores of some bit strings, float32 (R, K), and the sums of the goodness."""
    with one_thread(1):
        predicted = patch.predict(parameters)
    _, ratios = log_probabilities(predicted, patch.n_given)
    # Where probabilities are those of a wider part their mean is not 0 by itself.
    ratios -= (ratios * predicted[:, :1]).sum(2, keepdims=True)
    rows, states = patch.groups[strings].T
    scores = ratios[rows, :, states].astype(np.float32)
    replay = _Replay([Predicted(np.arange(len(predicted)), predicted)])
    size = len(patch.places)
    return scores, sum_up(replay, patch.shots, np.zeros(size), range(size), covariance)


def _total(n_sites: int, patches: Sequence[Patch], sums: Sequence[Sums]) -> Goodness:
    """Returns the goodness of windows that cover the chain, as few of them as there can be."""
    total, reached = Sums(), 0
    squares: dict[float, np.ndarray] = {}
    for k, (patch, one) in enumerate(zip(patches, sums, strict=True)):
        if k + 1 < len(patches) and patches[k + 1].window.start <= reached:
            continue
        total.chi_squared += one.chi_squared
        total.mean += one.mean
        total.variance += one.variance
        total.fitted += one.fitted
        for moment, values in one.residuals().items():
            squares.setdefault(moment, np.ones(n_sites))[list(patch.window)] = values
        reached = patch.window.stop
    return total.goodness({moment: squares[moment].tolist() for moment in sorted(squares)})


@contextlib.contextmanager
def _mapping(workers: int, executor: Executor | None) -> Iterator[Map]:
    if executor is not None:
        yield executor.map
    elif workers == 1:
        yield map
    else:
        with worker_pool(workers) as pool:
            yield pool.map
