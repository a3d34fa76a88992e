"""Which words of a dictionary the data ask for: fits, words dropped, refits, words taken back.

All words are fitted together. Those whose values are 0 within error bars are dropped, the weakest
first, and the others fitted again; what was dropped comes back where a score test asks for it. The
bound on deviations is such that a word that is not there is kept in few of all selections. The
result is compared with the whole dictionary by the Bayesian information criterion (Schwarz, Ann.
Statist. 6, 461 (1978)) and by the likelihood of settings that neither was fitted to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from qtf.checks import ARGUMENT, Number, check
from qtf.measurements.experiments import Experiments
from qtf.measurements.fit import WholeFitting
from qtf.measurements.fitting import Fitting, Report
from qtf.measurements.known_values import KnownValues
from qtf.measurements.missing import narrow, widen
from qtf.measurements.model import ShotModel
from qtf.measurements.plateau import Plateau, find_plateau
from qtf.measurements.result import ShotFit
from qtf.measurements.words import local_words, shaped_words
from qtf.physics.driven import Coefficient
from qtf.streams import Stream

# One setting of so many is held out.
HELD_OUT = 5
# Of words that come back and go, so that the search ends.
MOST_ROUNDS = 5
# Error bars of what is given are 0.
TINY = 1e-300


@dataclass(frozen=True)
class Selection:
    """Words that were selected, and how they compare with all.

    Attributes:
        fit: Fit of the words that are kept.
        dropped: The other words of the dictionary.
        bound: Deviation from 0, in error bars, that a word must have to be kept.
        criterion: Bayesian information criterion, -2 log L + parameters log(shots).
        criterion_of_all: The same of the whole dictionary.
        held_out_gain: Log likelihood of held-out settings, minus that of the whole dictionary; both
            fitted to the other settings. None: there are too few settings.
        plateau: Whether early and late settings agree; None: there is one setting.
    """

    fit: ShotFit
    dropped: tuple[str, ...]
    bound: float
    criterion: float
    criterion_of_all: float
    held_out_gain: float | None
    plateau: Plateau | None

    @property
    def kept(self) -> tuple[str, ...]:
        """Words that are kept."""
        return self.fit.model.names

    def lines(self) -> list[str]:
        """Returns what is to be said, for a terminal."""
        total = len(self.kept) + len(self.dropped)
        better = "better" if self.criterion <= self.criterion_of_all else "worse"
        lines = [
            f"Kept {len(self.kept)} of {total} words, those beyond {self.bound:.1f} error bars:"
            f" {', '.join(self.kept)}.",
            f"Information criterion {self.criterion:.1f}, {better} than {self.criterion_of_all:.1f}"
            " of all words.",
        ]
        if self.held_out_gain is not None:
            lines.append(
                f"Log likelihood of held-out settings {self.held_out_gain:+.1f} against all words."
            )
        if self.plateau is not None:
            lines.append(self.plateau.line)
        return [*self.fit.lines(), *lines]

    def to_dict(self) -> dict[str, object]:
        """Returns everything but the sandwich as JSON can hold it."""
        plateau = self.plateau
        return {
            **self.fit.to_dict(),
            "selection": {
                "dropped": list(self.dropped),
                "bound": self.bound,
                "criterion": self.criterion,
                "criterion_of_all": self.criterion_of_all,
                "held_out_gain": self.held_out_gain,
                "plateau": plateau
                and {
                    "p_value": plateau.p_value,
                    "error": plateau.error,
                    "is_reached": plateau.is_reached,
                },
            },
        }


def dictionary_words(
    n_sites: int, interaction_range: int = 1, *, each: bool = True, shapes: Iterable[str] = ()
) -> tuple[str, ...]:
    """Returns the words of all terms of one and two sites to a distance that fit on a chain.

    Args:
        n_sites: Number of spins.
        interaction_range: Largest distance of two sites.
        each: Whether each site has words of its own.
        shapes: Names of shapes, each of which multiplies all of these words, too.

    Example:
        >>> dictionary_words(2)[:3], len(dictionary_words(4, 2, each=False))
        (('X@each', 'Y@each', 'Z@each'), 21)
    """
    words = shaped_words(local_words(interaction_range), n_sites, shapes)
    return tuple(f"{word}@each" if each else word for word in words)


def select_words(
    experiments: Experiments,
    *,
    terms: Iterable[str] | None = None,
    jumps: Iterable[str] = (),
    readout: Iterable[str] = (),
    preparation_errors: Iterable[str] = (),
    shapes: Mapping[str, Coefficient] | None = None,
    keep: Iterable[str] = (),
    fixed: Mapping[str, float] | None = None,
    priors: Mapping[str, tuple[float, float]] | None = None,
    wrong: float = 0.01,
    n_starts: int = 10,
    seed: int = 0,
    fitting: Fitting | None = None,
    report: Report | None = None,
) -> Selection:
    """Selects the words of a dictionary that the data ask for.

    Args:
        experiments: Settings and counts.
        terms: Words of terms, see `qtf.measurements.words`; None: all of one site and of
            neighbours, each site with words of its own.
        jumps: Words of jumps.
        readout: Words of readout errors.
        preparation_errors: Words of errors of the preparation.
        shapes: Name -> function of the time that terms such as "pulse*X" are multiplied by.
        keep: Names that stay, whatever their values.
        fixed: Name -> value of parameters that are known, which stay.
        priors: Name -> mean and standard deviation of what else is known.
        wrong: Share of selections, about, in which a word is kept that is not there.
        n_starts: Largest number of starts of the first fit.
        seed: Seed of the starts after the first.
        fitting: How models are fitted, such as `PatchFitting(workers=2)`, by patches; None: as
            whole systems.
        report: Takes lines of progress.

    Raises:
        ValueError: A word is not known, or an argument not allowed.

    Example:
        >>> from qtf.measurements import Setting, ShotModel, simulate_shots
        >>> model = ShotModel.of_words(2, terms=["ZZ", "X@2"])
        >>> starts = ("+z -y", "+x +z", "+y +x", "-z -x")
        >>> bases = ("XY", "YZ", "ZX", "XX", "YY")
        >>> settings = [Setting(start, 0.4, basis, 1000) for start in starts for basis in bases]
        >>> shots = simulate_shots(model, [0.9, 0.4], settings, seed=0)
        >>> select_words(shots).kept
        ('X@2', 'ZZ@1')
    """
    check("wrong", wrong, Number(above=0, below=1), kind=ARGUMENT)
    if terms is None:
        terms = dictionary_words(experiments.n_sites, shapes=shapes or ())
    way = fitting or WholeFitting(n_starts, seed)
    model = way.kind.of_words(
        experiments.n_sites,
        terms=terms,
        jumps=jumps,
        readout=readout,
        preparation_errors=preparation_errors,
        shapes=shapes,
    )
    known: dict[str, dict[str, Any]] = {"fixed": dict(fixed or {}), "priors": dict(priors or {})}
    KnownValues.of_names(model, **known)
    for name in (kept := [*keep, *known["fixed"]]):
        if name not in model.names:
            raise ValueError(
                f"Argument `keep` must name words of the dictionary, but names {name!r}."
            )
    say = report or (lambda line: None)
    search = _Search(
        experiments, model, frozenset(kept), _bound(wrong, model.size), say, way, known
    )
    return search.run()


def _bound(wrong: float, n_words: int) -> float:
    """Returns what the largest of so many normal deviations exceeds in a share of cases."""
    return float(-ndtri(wrong / (2 * n_words)))


@dataclass(frozen=True)
class _Search:
    """A selection on its way.

    Attributes:
        experiments: The data.
        model: The whole dictionary.
        keep: Names that stay.
        bound: Deviations from 0 that keep a word.
        say: Takes lines of progress.
        way: How models are fitted.
        known: What is known of the parameters, by the arguments of `Fitting.fit`.
    """

    experiments: Experiments
    model: ShotModel
    keep: frozenset[str]
    bound: float
    say: Report
    way: Fitting
    known: dict[str, dict[str, Any]]

    def run(self) -> Selection:
        """Returns the selection."""
        everything = fit = self._fit(self.model, None)
        self.say(f"all {self.model.size} words: p = {fit.goodness.p_value:.2g}")
        # Words that say the same as others: tests tell which of them are asked for.
        fit = self._drop(fit, [name for name in _untold(fit) if name not in self.keep])
        for _ in range(MOST_ROUNDS):
            fit = self._take_back(fit)
            before = fit.model.size
            fit = self._drop_weak(fit)
            if fit.model.size == before:
                break
        return self._selection(everything, fit)

    def _take_back(self, fit: ShotFit) -> ShotFit:
        """Returns the fit with every word that score tests ask for, the most wanted first."""
        while len(rest := [name for name in self.model.names if name not in fit.model.names]):
            wanted = self.way.find_missing(fit, self.experiments, rest, least=self.bound)
            if not wanted:
                break
            self.say(f"{wanted[0].name} comes back: {wanted[0].z:+.1f} standard deviations")
            fit = self._fit(widen(fit.model, [wanted[0].name]), fit)
        return fit

    def _drop_weak(self, fit: ShotFit) -> ShotFit:
        """Returns the fit of the words that are beyond the bound, half of the others at a time."""
        while True:
            deviations = np.abs(fit.parameters) / np.maximum(fit.errors, TINY)
            weak = [
                fit.model.names[k]
                for k in np.argsort(deviations, kind="stable")[:-1]
                if deviations[k] < self.bound and fit.model.names[k] not in self.keep
            ]
            if not weak:
                return fit
            fit = self._drop(fit, weak[: (len(weak) + 1) // 2])

    def _drop(self, fit: ShotFit, names: Sequence[str]) -> ShotFit:
        # A model has one word at least.
        names = names[: fit.model.size - 1]
        if not names:
            return fit
        self.say(f"{fit.model.size - len(names)} words left without {', '.join(names)}")
        return self._fit(narrow(fit.model, names), fit)

    def _fit(
        self,
        model: ShotModel,
        near: ShotFit | None,
        experiments: Experiments | None = None,
        *,
        candidates: Iterable[str] | None = (),
    ) -> ShotFit:
        """Returns a fit of a model, from the values of another fit if there is one."""
        there = set(model.names)
        known = {
            kind: {name: one for name, one in of_names.items() if name in there}
            for kind, of_names in self.known.items()
        }
        data = experiments or self.experiments
        return self.way.fit(model, data, near=near, candidates=candidates, **known)

    def _selection(self, everything: ShotFit, fit: ShotFit) -> Selection:
        model, several = fit.model, len(self.experiments.settings) > 1
        # Once more, with the tests for what no word of the dictionary says.
        final = self._fit(model, fit, candidates=None)
        return Selection(
            fit=final,
            dropped=tuple(name for name in self.model.names if name not in model.names),
            bound=self.bound,
            criterion=_criterion(final),
            criterion_of_all=_criterion(everything),
            held_out_gain=self._held_out_gain(everything, final),
            plateau=self._plateau(final) if several else None,
        )

    def _held_out_gain(self, everything: ShotFit, fit: ShotFit) -> float | None:
        n_settings = len(self.experiments.settings)
        if n_settings < HELD_OUT:
            return None
        order = np.random.default_rng(Stream.SHOT_HOLD_OUT).permutation(n_settings)
        held, others = order[: n_settings // HELD_OUT], order[n_settings // HELD_OUT :]
        likelihoods = []
        for whole in (fit, everything):
            part = self._fit(whole.model, whole, self.experiments.select(np.sort(others)))
            held_out = self.experiments.select(np.sort(held))
            likelihoods.append(self.way.log_likelihood(part, held_out))
        return likelihoods[0] - likelihoods[1]

    def _plateau(self, fit: ShotFit) -> Plateau:
        return find_plateau(fit, self.experiments, fitting=self.way)


def _untold(fit: ShotFit) -> list[str]:
    return [name for k, name in enumerate(fit.model.names) if not fit.determined[k]]


def _criterion(fit: ShotFit) -> float:
    return -2 * fit.log_likelihood + int(fit.free.sum()) * float(np.log(fit.shots))
