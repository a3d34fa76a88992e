"""Maximum likelihood from no guess: short times first, then all, then other starts if need be.

At short times means are linear in the parameters, and least squares of them finds its way from 0.
Later times come in by doubling, each from the solution before. Fisher scoring of the likelihood
ends the fit. Where the result does not explain the data, random starts are tried on some of the
settings, and the best goes on.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qtf.checks import ARGUMENT, COUNT, check
from qtf.measurements.experiments import Experiments
from qtf.measurements.fitting import Report
from qtf.measurements.goodness import Goodness, judge
from qtf.measurements.known_values import KnownValues
from qtf.measurements.likelihood import Likelihood, MarginalFit, marginal_features
from qtf.measurements.missing import default_candidates, find_missing
from qtf.measurements.model import ShotModel
from qtf.measurements.result import SMALLEST_P_VALUE, Missing, ShotFit
from qtf.measurements.scoring import Climb, WithPriors, climb, invert
from qtf.physics.driven import Coefficient
from qtf.streams import Stream

# Gains in units of log L: of an error bar 0.5, hence 1 % of one.
LAST_GAIN = 1e-4 / 2
ROUGH_GAIN = 0.5
# Random starts are told apart by so many settings; of a good one the mean square is about 1.
SETTINGS_OF_STARTS = 100
GOOD_SQUARE = 2.0


@dataclass(frozen=True)
class _Task:
    """What is fitted to what.

    Attributes:
        model: The model.
        experiments: The data.
        known: What is known of the parameters.
    """

    model: ShotModel
    experiments: Experiments
    known: KnownValues

    @property
    def free(self) -> list[int]:
        return self.known.free

    @property
    def shortest(self) -> float:
        """The first time after 0, until which spins turn by a radian at most in one step."""
        return shortest_time(self.experiments)

    def to_time(self, longest: float) -> Experiments:
        """Returns the settings up to a time."""
        settings = self.experiments.settings
        return self.experiments.select(
            [row for row, setting in enumerate(settings) if setting.time <= longest]
        )


def fit_shots(
    model: ShotModel,
    experiments: Experiments,
    *,
    fixed: Mapping[str, float] | None = None,
    priors: Mapping[str, tuple[float, float]] | None = None,
    candidates: Iterable[str] | None = None,
    start: Mapping[str, float] | None = None,
    n_starts: int = 10,
    seed: int = 0,
    report: Report | None = None,
) -> ShotFit:
    """Learns the parameters of a model from shots, by maximum likelihood.

    Args:
        model: What may explain the shots.
        experiments: Settings and counts.
        fixed: Name -> value of parameters that are known.
        priors: Name -> mean and standard deviation of what else is known.
        candidates: Words of parameters that the fit is searched for, if they are not in the model;
            None: local terms of range 1, and of systems small enough jumps and readout errors.
        start: Name -> value near which the first climb begins; None: without any guess.
        n_starts: Largest number of starts; more than one only where the data are not explained.
        seed: Seed of the starts after the first.
        report: Takes a line of progress after each part of the fit.

    Returns:
        Parameters with error bars, and how well they explain the data.

    Raises:
        ValueError: Model and experiments have different numbers of sites, a name is not one of the
            model, a value is not allowed, or nothing is left to fit.

    Example:
        >>> from qtf.measurements import Setting, simulate_shots
        >>> model = ShotModel.of_words(2, terms=["ZZ", "X"])
        >>> settings = [Setting("+z", 0.2 * k, "YZ", 2000) for k in range(1, 6)]
        >>> shots = simulate_shots(model, [1.0, 0.5], settings, seed=1)
        >>> fit = fit_shots(model, shots)
        >>> bool(abs(fit["X"] - 0.5) < 4 * fit.errors[1]), fit.explains_the_data
        (True, True)
    """
    started = time.monotonic()
    check("n_starts", n_starts, COUNT, kind=ARGUMENT)
    _check_sizes(model, experiments)
    known = KnownValues.of_names(model, fixed=fixed, priors=priors, start=start)
    task = _Task(model, experiments, known)
    say = report or (lambda line: None)
    best, goodness, tried = _search(task, n_starts, seed, say)
    words = default_candidates(model, goodness.p_value) if candidates is None else candidates
    missing = find_missing(model, experiments, best.parameters, task.free, words)
    say(f"{len(task.free)} parameters, p = {goodness.p_value:.2g}")
    seconds = time.monotonic() - started
    return _as_fit(task, best, goodness, missing, n_starts=tried, seconds=seconds)


@dataclass(frozen=True)
class WholeFitting:
    """Fits of whole systems, see `Fitting`.

    Attributes:
        n_starts: Largest number of starts, where nothing is near.
        seed: Seed of the starts after the first.
    """

    n_starts: int = 10
    seed: int = 0
    kind: type[ShotModel] = ShotModel

    def fit(
        self,
        model: ShotModel,
        experiments: Experiments,
        *,
        near: ShotFit | None = None,
        **options: Any,
    ) -> ShotFit:
        """Returns a fit."""
        options = {"candidates": (), "n_starts": self.n_starts, "seed": self.seed, **options}
        if near is not None:
            options |= {"start": near.values_of(model), "n_starts": 1}
        return fit_shots(model, experiments, **options)

    def find_missing(
        self, fit: ShotFit, experiments: Experiments, words: Iterable[str], *, least: float
    ) -> tuple[Missing, ...]:
        """Returns words that a fit lacks and its data ask for."""
        free = np.flatnonzero(fit.free).tolist()
        return find_missing(fit.model, experiments, fit.parameters, free, words, least=least)

    def log_likelihood(self, fit: ShotFit, experiments: Experiments) -> float:
        """Returns the logarithm of the likelihood of shots."""
        return Likelihood(fit.model, experiments)(fit.parameters, []).value


def fit_words(
    experiments: Experiments,
    *,
    terms: Iterable[str] | None = None,
    jumps: Iterable[str] = (),
    readout: Iterable[str] = (),
    preparation_errors: Iterable[str] = (),
    shapes: Mapping[str, Coefficient] | None = None,
    **options: Any,
) -> ShotFit:
    """Learns from shots what some words name, see `qtf.measurements.words` and `fit_shots`.

    Args:
        experiments: Settings and counts.
        terms: Words of terms; None: all of one site and of neighbours.
        jumps: Words of jumps.
        readout: Words of readout errors.
        preparation_errors: Words of errors of the preparation.
        shapes: Name -> function of the time that terms such as "pulse*X" are multiplied by.
        **options: Further arguments of `fit_shots`.

    Raises:
        ValueError: A word is not known, or an argument not allowed.
    """
    model = ShotModel.of_words(
        experiments.n_sites,
        terms=terms,
        jumps=jumps,
        readout=readout,
        preparation_errors=preparation_errors,
        shapes=shapes,
    )
    return fit_shots(model, experiments, **options)


def _as_fit(
    task: _Task,
    best: Climb,
    goodness: Goodness,
    missing: tuple[Missing, ...],
    *,
    n_starts: int,
    seconds: float,
) -> ShotFit:
    """Returns the end of a search with its error bars."""
    known = task.known
    covariance, determined = invert(best.slope.information)
    return ShotFit(
        model=task.model,
        parameters=best.parameters,
        free=known.is_free,
        determined=known.of_all(determined, fill=True),
        covariance=known.square_of_all(covariance),
        sandwich=known.square_of_all(covariance @ best.slope.spread @ covariance),
        log_likelihood=best.slope.value,
        goodness=goodness,
        missing=missing,
        shots=task.experiments.shots,
        n_settings=len(task.experiments.settings),
        n_starts=n_starts,
        converged=best.converged,
        seconds=seconds,
    )


def _search(task: _Task, n_starts: int, seed: int, say: Report) -> tuple[Climb, Goodness, int]:
    """Returns the best climb, how well it explains the data, and how many starts were tried."""
    guess = task.known.guess
    if guess is None:
        guess = _follow_times(task, _start(task, 0, seed))
    best = _climb_likelihood(task, guess)
    goodness, tried = _judge(task, best), 1
    say(f"start 1: log L = {best.slope.value:.2f}, p = {goodness.p_value:.2g}")
    if goodness.p_value >= SMALLEST_P_VALUE or n_starts == 1:
        return best, goodness, tried
    for parameters, tried in _promising_starts(task, n_starts, seed):
        climbed = _climb_likelihood(task, parameters)
        if climbed.slope.value > best.slope.value:
            best, goodness = climbed, _judge(task, climbed)
        say(f"start {tried}: log L = {climbed.slope.value:.2f}, p = {goodness.p_value:.2g}")
        if goodness.p_value >= SMALLEST_P_VALUE:
            break
    return best, goodness, tried


def _promising_starts(task: _Task, n_starts: int, seed: int) -> Iterator[tuple[np.ndarray, int]]:
    """Yields what least squares from random starts find and explains means, with their number.

    The last is the best of all others.
    """
    n_settings = len(task.experiments.settings)
    some = task.experiments.select(np.arange(0, n_settings, -(-n_settings // SETTINGS_OF_STARTS)))
    n_means = len(some.settings) * marginal_features(some.n_sites).shape[1]
    left: list[Climb] = []
    for number in range(1, n_starts):
        climbed = _climb_marginals(task, _start(task, number, seed), some)
        if -2 * climbed.slope.value < GOOD_SQUARE * n_means:
            yield climbed.parameters, number + 1
        else:
            left.append(climbed)
    if left:
        yield max(left, key=lambda climbed: climbed.slope.value).parameters, n_starts


def growing_times(of_settings: Iterable[float]) -> list[float]:
    """Returns how far least squares reach, again and again twice as many times.

    Args:
        of_settings: Times of all settings.

    Example:
        >>> growing_times([0.2, 0.1, 0.3, 0.3, 0.0])
        [0.1, 0.2]
    """
    times = sorted({time for time in of_settings if time > 0})
    places = [2**k for k in range(len(times).bit_length()) if 2**k < len(times)]
    return [times[place - 1] for place in places] or [np.inf]


def shortest_time(experiments: Experiments) -> float:
    """Returns the first time after 0 of all settings, 1 if there is none."""
    times = (setting.time for setting in experiments.settings)
    return min((time for time in times if time > 0), default=1.0)


def _start(task: _Task, number: int, seed: int) -> np.ndarray:
    """Returns where a climb begins; the first knows nothing, others are random."""
    model, known = task.model, task.known
    start = known.first_values(model, max(one.time for one in task.experiments.settings))
    if number:
        # Spins turn by up to a radian until the first measurement.
        random = np.random.default_rng((seed, Stream.SHOT_FIT_STARTS, number))
        n_terms = len(model.terms)
        start[:n_terms] = random.uniform(-1.0, 1.0, n_terms) / task.shortest
    return known.put(start)


def _follow_times(task: _Task, parameters: np.ndarray) -> np.ndarray:
    """Returns the parameters that least squares find, to longer and longer times."""
    for reach in growing_times(setting.time for setting in task.experiments.settings):
        parameters = _climb_marginals(task, parameters, task.to_time(reach)).parameters
    return parameters


def _climb_marginals(task: _Task, start: np.ndarray, experiments: Experiments) -> Climb:
    bounds, largest = task.model.bounds, 1 / task.shortest
    # What few settings hardly tell must not wander by whole turns.
    near = dict.fromkeys(range(len(task.model.terms)), (0.0, largest))
    marginals = WithPriors(MarginalFit(task.model, experiments), {**near, **task.known.priors})
    return climb(marginals, start, task.free, bounds, gain=ROUGH_GAIN, largest=largest)


def _climb_likelihood(task: _Task, start: np.ndarray) -> Climb:
    likelihood = WithPriors(Likelihood(task.model, task.experiments), task.known.priors)
    bounds, largest = task.model.bounds, 1 / task.shortest
    return climb(likelihood, start, task.free, bounds, gain=LAST_GAIN, largest=largest)


def _judge(task: _Task, climbed: Climb) -> Goodness:
    covariance, _ = invert(climbed.slope.information)
    return judge(task.model, task.experiments, climbed.parameters, task.free, covariance)


def _check_sizes(model: ShotModel, experiments: Experiments) -> None:
    if model.n_sites != experiments.n_sites:
        raise ValueError(
            f"Argument `model` must have {experiments.n_sites} sites as the experiments have, but"
            f" has {model.n_sites}."
        )
