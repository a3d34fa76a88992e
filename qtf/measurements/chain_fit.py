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
before, until nothing changes. Windows grow as long as error bars become smaller by that.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import numpy as np

from qtf.checks import ARGUMENT, COUNT, check
from qtf.measurements.chain_end import ChainEnd, end_of_chain
from qtf.measurements.chain_objective import (
    ChainObjective,
    Map,
    equation_of_patch,
    likelihood_of_patch,
    means_of_patch,
    patch_mapping,
)
from qtf.measurements.experiments import Experiments
from qtf.measurements.fit import LAST_GAIN, ROUGH_GAIN, growing_times, shortest_time
from qtf.measurements.fitting import Report
from qtf.measurements.known_values import KnownValues
from qtf.measurements.missing import Wider, default_candidates
from qtf.measurements.model import MAX_OPEN_SITES, MAX_PURE_SITES, ShotModel
from qtf.measurements.patches import (
    MOST_WIDE_SITES,
    ChainModel,
    ChainShots,
    Patch,
    PatchSizes,
    make_patches,
)
from qtf.measurements.result import Missing, ShotFit
from qtf.measurements.scoring import Climb, WithPriors, climb, held_by_bounds, invert
from qtf.physics.driven import Coefficient

# Sites of a window, and most of a patch with derivatives and without; density matrices are larger.
PURE_SITES = (8, 12, 16)
OPEN_SITES = (3, 5, 7)
# Windows of pure states grow to so many sites, by two at a time, while error bars become smaller by
# at least this share and an evaluation of no patch takes more than so many multiplications.
LARGEST_WINDOW, WIDER, LEAST_GAIN, MOST_WORK = 12, 2, 0.05, 5e10
# Settings that tell the gain.
SETTINGS_OF_GAIN = 60
# In error bars, root mean square: a change that the next site of the margin would not double.
SMALLEST_CHANGE = 0.25
# Newton steps for each margin.
MOST_STEPS = 4


def fit_chain(
    experiments: Experiments,
    *,
    terms: Iterable[str] | None = None,
    jumps: Iterable[str] = (),
    readout: Iterable[str] = (),
    preparation_errors: Iterable[str] = (),
    shapes: Mapping[str, Coefficient] | None = None,
    fixed: Mapping[str, float] | None = None,
    priors: Mapping[str, tuple[float, float]] | None = None,
    candidates: Iterable[str] | None = None,
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
        fixed: Name -> value of parameters that are known.
        priors: Name -> mean and standard deviation of what else is known.
        candidates: Words of parameters that the fit is searched for, if they are not in the model;
            None: local terms of range 1 and readout errors, with noise jumps as well.
        start: Name -> value near which the fit begins; None: without any guess.
        workers: Number of processes.
        executor: What runs them instead, such as that of a dask client.
        report: Takes lines of progress.

    Returns:
        Parameters with error bars of the sandwich. The p value takes windows for independent.

    Raises:
        ValueError: A word is not known, an argument is not allowed, or nothing is left to fit.

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
    model = ChainModel.of_words(
        experiments.n_sites,
        terms=terms,
        jumps=jumps,
        readout=readout,
        preparation_errors=preparation_errors,
        shapes=shapes,
    )
    known = KnownValues.of_names(model, fixed=fixed, priors=priors, start=start)
    fitting = PatchFitting(workers, executor, report)
    return fitting.run(model, experiments, known, candidates=candidates)


@dataclass(frozen=True)
class ChainFit(ShotFit):
    """A fit by patches.

    Attributes:
        sizes: Windows and margins that it ended with.
    """

    sizes: PatchSizes

    def lines(self) -> list[str]:
        """Returns what `ShotFit.lines` does, and the sizes of the patches."""
        sizes = self.sizes
        return [
            *super().lines(),
            f"Windows of {min(sizes.window, self.model.n_sites)} sites; margins of {sizes.wide}"
            f" sites for probabilities, of {sizes.margin} for derivatives.",
        ]

    def to_dict(self) -> dict[str, object]:
        """Returns what `ShotFit.to_dict` does, and the sizes of the patches."""
        return {**super().to_dict(), "patches": asdict(self.sizes)}


def needs_patches(n_sites: int, *, is_mixed: bool) -> bool:
    """Returns whether a system is too large to be fitted as a whole.

    Args:
        n_sites: Number of spins.
        is_mixed: Whether there are jumps or errors of the preparation.

    Example:
        >>> needs_patches(16, is_mixed=False), needs_patches(8, is_mixed=True)
        (False, True)
    """
    return n_sites > (MAX_OPEN_SITES if is_mixed else MAX_PURE_SITES)


@dataclass(frozen=True)
class PatchFitting:
    """Fits of chains by patches, see `Fitting`.

    Attributes:
        workers: Number of processes.
        executor: What runs them instead.
        report: Takes lines of progress of fits that nothing is near of.
    """

    workers: int = 1
    executor: Executor | None = None
    report: Report | None = None
    kind: type[ShotModel] = ChainModel

    def __post_init__(self) -> None:
        check("workers", self.workers, COUNT, kind=ARGUMENT)

    def fit(
        self,
        model: ShotModel,
        experiments: Experiments,
        *,
        near: ShotFit | None = None,
        **options: Any,
    ) -> ShotFit:
        """Returns a fit; near another one it has the windows and margins of that."""
        candidates = options.pop("candidates", ())
        start = None if near is None else near.values_of(model)
        known = KnownValues.of_names(model, start=start, **options)
        return self.run(model, experiments, known, candidates=candidates, near=near)

    def run(
        self,
        model: ShotModel,
        experiments: Experiments,
        known: KnownValues,
        *,
        candidates: Iterable[str] | None,
        near: ShotFit | None = None,
    ) -> ChainFit:
        """Returns the fit of a model of which something is known.

        Args:
            model: The model; all names are words.
            experiments: Settings and counts.
            known: What is known of its parameters.
            candidates: Words of parameters that the fit is searched for; None: usual ones.
            near: Fit whose windows and margins this one has.
        """
        began = time.monotonic()
        say = self.report if near is None and self.report else lambda line: None
        with patch_mapping(self.workers, self.executor) as mapping:
            chain = _Chain(model, ChainShots(experiments), known, mapping, say)
            sizes, climbed = (
                chain.climb_near(near.sizes) if isinstance(near, ChainFit) else chain.climb()
            )
            fit = chain.finish(sizes, climbed, candidates)
        return replace(fit, seconds=time.monotonic() - began)

    def find_missing(
        self, fit: ShotFit, experiments: Experiments, words: Iterable[str], *, least: float
    ) -> tuple[Missing, ...]:
        """Returns words that a fit lacks and its data ask for."""
        free = np.flatnonzero(fit.free).tolist()
        wider = Wider.of_words(fit.model, fit.parameters, free, words)
        end = self._end(wider.model, wider.parameters, wider.asked, fit, experiments)
        slope = end.slope
        return wider.missing(slope.score, slope.information, slope.spread, least=least)

    def log_likelihood(self, fit: ShotFit, experiments: Experiments) -> float:
        """Returns the sum of the logarithms of the likelihoods of windows."""
        return self._end(fit.model, fit.parameters, [], fit, experiments).slope.value

    def _end(
        self,
        model: ShotModel,
        parameters: np.ndarray,
        free: Sequence[int],
        fit: ShotFit,
        experiments: Experiments,
    ) -> ChainEnd:
        shots = ChainShots(experiments)
        patches = make_patches(model, shots, cast(ChainFit, fit).sizes, free)
        nothing = np.zeros((len(free), len(free)))
        with patch_mapping(self.workers, self.executor) as mapping:
            return end_of_chain(patches, shots, parameters, free, nothing, mapping)


@dataclass(frozen=True)
class _Chain:
    """What is fitted.

    Attributes:
        model: The model.
        shots: The data.
        known: What is known of the parameters.
        mapping: Applies a function to patches.
        say: Takes lines of progress.
    """

    model: ShotModel
    shots: ChainShots
    known: KnownValues
    mapping: Map
    say: Report

    @property
    def _limits(self) -> tuple[int, int, int]:
        """Sites of a window, and most of a patch with derivatives and without."""
        return OPEN_SITES if self.model.is_mixed else PURE_SITES

    @property
    def _times(self) -> list[float]:
        return [setting.time for setting in self.shots.experiments.settings]

    @property
    def _largest(self) -> float:
        """Largest change of a parameter in one step."""
        return 1 / shortest_time(self.shots.experiments)

    def climb(self) -> tuple[PatchSizes, Climb]:
        """Returns where climbs with small margins end, then steps with larger ones."""
        window, with_slopes, without = self._limits
        most = (with_slopes - window) // 2
        sizes = PatchSizes(window, 1, 1)
        patches = self._patches(sizes)
        parameters = self.known.guess
        if parameters is None:
            parameters = self._follow_times(patches)
        climbed = self._climb(patches, parameters, ROUGH_GAIN)
        if most > 1 and not self._is_whole(patches):
            sizes = PatchSizes(window, most, most)
            patches = self._patches(sizes)
        climbed = self._climb(patches, climbed.parameters, LAST_GAIN)
        for wide in range(most + 1, (without - window) // 2 + 1):
            if self._is_whole(patches):
                break
            before = climbed
            sizes = replace(sizes, margin=most, wide=wide)
            patches = self._patches(sizes)
            climbed = self._step(patches, before)
            change = self._change(before, climbed)
            self.say(f"margin {wide}: changes by {change:.2g} error bars")
            if change < SMALLEST_CHANGE:
                break
        return self._widen(sizes, climbed)

    def _widen(self, sizes: PatchSizes, climbed: Climb) -> tuple[PatchSizes, Climb]:
        """Returns windows as wide as it pays, and the solution with them."""
        if self.model.is_mixed:
            return sizes, climbed
        largest = min(LARGEST_WINDOW, self.model.n_sites + 1)
        while sizes.window + WIDER <= largest:
            wider = replace(sizes, window=sizes.window + WIDER)
            most = (MOST_WIDE_SITES - wider.window) // 2
            wider = replace(wider, wide=min(wider.wide, most), margin=min(wider.margin, most))
            patches = self._patches(wider)
            if max(patch.work for patch in patches) > MOST_WORK:
                break
            before, after = (self._bars(one, climbed) for one in (sizes, wider))
            # Nothing is gained where nothing is determined.
            gain = 1 - after / before if before else 0.0
            self.say(f"windows of {wider.window}: error bars smaller by {100 * gain:.1f} %")
            if gain < LEAST_GAIN:
                break
            sizes, climbed = wider, self._step(patches, climbed)
        return sizes, climbed

    def _bars(self, sizes: PatchSizes, climbed: Climb) -> float:
        """Returns the root mean square error bar that a few of all settings would give."""
        experiments = self.shots.experiments
        n_settings = len(experiments.settings)
        few = experiments.select(range(0, n_settings, -(-n_settings // SETTINGS_OF_GAIN)))
        near = replace(sizes, wide=sizes.margin)
        patches = make_patches(self.model, ChainShots(few), near, self.known.free)
        objective = ChainObjective(patches, likelihood_of_patch, self.mapping)
        inverse, _ = invert(objective(climbed.parameters, self.known.free).information)
        return float(np.sqrt(np.mean(np.diag(inverse))))

    def climb_near(self, sizes: PatchSizes) -> tuple[PatchSizes, Climb]:
        """Returns where a climb from the guess ends, with windows and margins that are known."""
        guess = self.known.put(np.asarray(self.known.guess))
        patches = self._patches(replace(sizes, wide=sizes.margin))
        climbed = self._climb(patches, np.clip(guess, *self.model.bounds), LAST_GAIN)
        if sizes.wide > sizes.margin:
            climbed = self._step(self._patches(sizes), climbed)
        return sizes, climbed

    def _is_whole(self, patches: Sequence[Patch]) -> bool:
        return all(len(patch.wide.sites) == self.model.n_sites for patch in patches)

    def _patches(self, sizes: PatchSizes) -> list[Patch]:
        return make_patches(self.model, self.shots, sizes, self.known.free)

    def _step(self, patches: Sequence[Patch], climbed: Climb) -> Climb:
        """Returns the solution with other probabilities, by Newton steps from one that is near."""
        equation = ChainObjective(patches, equation_of_patch, self.mapping)
        objective, free = WithPriors(equation, self.known.priors), self.known.free
        parameters = climbed.parameters.copy()
        least, most = (bound[free] for bound in self.model.bounds)
        for _ in range(MOST_STEPS):
            slope = objective(parameters, free)
            moving = ~held_by_bounds(parameters[free], slope.score, least, most)
            inverse, _ = invert(slope.information[np.ix_(moving, moving)])
            step = np.zeros(len(free))
            step[moving] = inverse @ slope.score[moving]
            parameters[free] = np.clip(parameters[free] + step, least, most)
            if step @ slope.score / 2 < ROUGH_GAIN / 10:
                return Climb(parameters, slope, climbed.converged)
        return Climb(parameters, slope, False)

    def _change(self, before: Climb, after: Climb) -> float:
        """Returns the root mean square change, in error bars of windows that are independent."""
        inverse, determined = invert(after.slope.information)
        change = (after.parameters - before.parameters)[self.known.free][determined]
        return (
            float(np.sqrt(np.mean(change**2 / np.diag(inverse)[determined])))
            if determined.any()
            else 0.0
        )

    def _follow_times(self, patches: Sequence[Patch]) -> np.ndarray:
        """Returns what least squares find, to longer and longer times."""
        longest = max(self._times)
        parameters = self.known.first_values(self.model, longest)
        near = dict.fromkeys(range(len(self.model.terms)), (0.0, self._largest))
        for reach in growing_times(self._times):
            some = [patch.to_time(reach) for patch in patches]
            means = ChainObjective(some, means_of_patch, self.mapping)
            objective = WithPriors(means, {**near, **self.known.priors})
            parameters = self._climb_from(objective, parameters, ROUGH_GAIN).parameters
            self.say(f"to time {min(reach, longest):g}")
        return parameters

    def _climb(self, patches: Sequence[Patch], start: np.ndarray, gain: float) -> Climb:
        likelihood = ChainObjective(patches, likelihood_of_patch, self.mapping)
        return self._climb_from(WithPriors(likelihood, self.known.priors), start, gain)

    def _climb_from(self, objective: WithPriors, start: np.ndarray, gain: float) -> Climb:
        free, bounds = self.known.free, self.model.bounds
        return climb(objective, start, free, bounds, gain=gain, largest=self._largest)

    def finish(
        self, sizes: PatchSizes, climbed: Climb, candidates: Iterable[str] | None
    ) -> ChainFit:
        """Returns the fit with error bars, goodness, and what is missing.

        Args:
            sizes: Windows and margins.
            climbed: Where the fit has ended.
            candidates: Words that the fit is searched for; None: usual ones.
        """
        known, experiments = self.known, self.shots.experiments
        words = default_candidates(self.model, 1.0) if candidates is None else candidates
        wider = Wider.of_words(self.model, climbed.parameters, known.free, words)
        kept = [wider.asked.index(k) for k in wider.kept]
        naive, determined = invert(climbed.slope.information)
        covariance = np.zeros((len(wider.asked), len(wider.asked)))
        covariance[np.ix_(kept, kept)] = naive
        patches = make_patches(wider.model, self.shots, sizes, wider.asked)
        end = end_of_chain(
            patches, self.shots, wider.parameters, wider.asked, covariance, self.mapping
        )
        spread = end.slope.spread[np.ix_(kept, kept)]
        # Priors count as measurements, as in `WithPriors`.
        weights = [known.priors[k][1] ** -2 if k in known.priors else 0.0 for k in known.free]
        sandwich = known.square_of_all(naive @ (spread + np.diag(weights)) @ naive)
        slope = end.slope
        return ChainFit(
            model=self.model,
            parameters=climbed.parameters,
            free=known.is_free,
            determined=known.of_all(determined, fill=True),
            covariance=sandwich,
            sandwich=sandwich,
            log_likelihood=climbed.slope.value,
            goodness=end.goodness,
            missing=wider.missing(slope.score, slope.information, slope.spread),
            shots=experiments.shots,
            n_settings=len(experiments.settings),
            n_starts=1,
            converged=climbed.converged,
            seconds=0.0,
            sizes=sizes,
        )
