"""Which parameters that a model does not have the data ask for: score tests."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qtf.measurements.experiments import Experiments
from qtf.measurements.likelihood import Likelihood
from qtf.measurements.model import ShotModel, named_shapes
from qtf.measurements.result import Missing
from qtf.measurements.scoring import invert
from qtf.measurements.words import (
    JUMPS,
    PREPARATION_ERRORS,
    READOUT,
    by_kind,
    local_words,
    shaped_words,
)
from qtf.physics.driven import Coefficient

KINDS = ("terms", "jumps", "preparation_errors", "readout")
# Where density matrices cost little more than the fit itself.
MOST_SITES_FOR_JUMPS = 4
# Of the p value of a fit.
DOUBTFUL = 0.01
# Deviations from 0 that one in ten thousand candidates shows by chance.
NOTEWORTHY = 3.9
# Share of a candidate's information that no parameter of the model has, at least.
OWN_SHARE = 1e-6


def find_missing(
    model: ShotModel,
    experiments: Experiments,
    parameters: np.ndarray,
    free: Sequence[int],
    candidates: Iterable[str],
    *,
    least: float = NOTEWORTHY,
) -> tuple[Missing, ...]:
    """Returns candidates whose score at 0 is too large for chance, the largest first.

    z = s_c / sqrt(I_cc - I_cf I_ff^-1 I_fc)

    Args:
        model: What was fitted.
        experiments: The data.
        parameters: The result, (size,).
        free: Places of the parameters that were fitted.
        candidates: Words of parameters.
        least: Smallest deviation from 0, in standard deviations, that is told.

    Raises:
        ValueError: A word is not known.
    """
    wider = Wider.of_words(model, parameters, free, candidates)
    if not wider.added:
        return ()
    slope = Likelihood(wider.model, experiments)(wider.parameters, wider.asked)
    return wider.missing(slope.score, slope.information, slope.information, least=least)


@dataclass(frozen=True)
class Wider:
    """A model with further parameters, which are 0.

    Attributes:
        model: The model.
        parameters: All its parameters, (size,).
        kept: Places of those that were fitted.
        added: Places of those that are new.
    """

    model: ShotModel
    parameters: np.ndarray
    kept: list[int]
    added: list[int]

    @classmethod
    def of_words(
        cls, model: ShotModel, parameters: np.ndarray, free: Sequence[int], words: Iterable[str]
    ) -> "Wider":
        """Returns a model with the parameters of further words.

        Args:
            model: What was fitted.
            parameters: The result, (size,).
            free: Places of the parameters that were fitted.
            words: Words of parameters; what the model has already is left out.

        Raises:
            ValueError: A word is not known.
        """
        wider = widen(model, words)
        place = {name: k for k, name in enumerate(wider.names)}
        full = np.zeros(wider.size)
        full[[place[name] for name in model.names]] = parameters
        kept = [place[model.names[k]] for k in free]
        added = sorted(set(place.values()) - {place[name] for name in model.names})
        return cls(wider, full, kept, added)

    @property
    def asked(self) -> list[int]:
        """Places of the parameters that derivatives are taken in, ascending."""
        return sorted(self.kept + self.added)

    def missing(
        self,
        score: np.ndarray,
        information: np.ndarray,
        spread: np.ndarray,
        *,
        least: float = NOTEWORTHY,
    ) -> tuple[Missing, ...]:
        """Returns those of the added parameters that the data ask for, the largest first.

        With A = I_cf I_ff^-1, the deviation of the score s_c - A s_f is in units of its standard
        deviation, the variance of which is J_cc - A J_fc - J_cf A^T + A J_ff A^T.

        Args:
            score: Of the parameters that are asked for, (K,).
            information: Fisher information I of these, (K, K).
            spread: Covariance J of the score, (K, K); I itself for likelihoods.
            least: Smallest deviation from 0, in standard deviations, that is told.
        """
        asked = self.asked
        old, new = ([asked.index(k) for k in places] for places in (self.kept, self.added))
        inverse, _ = invert(information[np.ix_(old, old)])
        weights = information[np.ix_(new, old)] @ inverse
        total = np.diag(information)[new]
        left = total - np.einsum("co,co->c", weights, information[np.ix_(new, old)])
        variance = np.diag(spread)[new] - np.einsum(
            "co,co->c", weights, 2 * spread[np.ix_(new, old)] - weights @ spread[np.ix_(old, old)]
        )
        off = score[new] - weights @ score[old]
        told = (left > OWN_SHARE * np.maximum(total, 1e-300)) & (variance > 0)
        z = np.where(told, off / np.sqrt(np.where(told, variance, 1.0)), 0.0)
        # Rates and errors are never negative.
        positive = self.model.bounds[0][self.added] == 0.0
        z[positive] = np.maximum(z[positive], 0.0)
        order = np.argsort(-np.abs(z))
        names = [self.model.names[k] for k in self.added]
        return tuple(Missing(names[k], float(z[k])) for k in order if abs(z[k]) >= least)


def widen(model: ShotModel, words: Iterable[str]) -> ShotModel:
    """Returns a model with further parameters.

    Args:
        model: The model.
        words: Words of terms, jumps and errors; what the model has already is left out.

    Raises:
        ValueError: A word is not known.
    """
    new = [word for word in words if word not in model.names]
    further = model
    if new:
        further = model_of_names(model.n_sites, new, model.shapes, kind=type(model))
    both: dict[str, Any] = {
        kind: {**getattr(model, kind), **getattr(further, kind)} for kind in KINDS
    }
    return replace(model, **both)


def model_of_names(
    n_sites: int,
    names: Iterable[str],
    shapes: Mapping[str, Coefficient] | None = None,
    *,
    kind: type[ShotModel] = ShotModel,
) -> ShotModel:
    """Returns the model of terms, jumps and errors in any order.

    Args:
        n_sites: Number of spins.
        names: Words of all kinds.
        shapes: Name -> function of the time, also of such that no word names.
        kind: Class of the model.

    Raises:
        ValueError: A word is not known.

    Example:
        >>> model_of_names(2, ["e01", "ZZ", "decay"]).names
        ('ZZ', 'decay', 'e01')
    """
    kinds = by_kind(names)
    named = named_shapes(kinds["terms"], shapes or {})
    return kind.of_words(n_sites, **kinds, shapes=named)


def narrow(model: ShotModel, names: Collection[str]) -> ShotModel:
    """Returns a model without some of its parameters.

    Args:
        model: The model.
        names: Names of what is left out.

    Raises:
        ValueError: Nothing is left.
    """
    left: dict[str, Any] = {
        kind: {name: one for name, one in getattr(model, kind).items() if name not in names}
        for kind in KINDS
    }
    return replace(model, **left)


def default_candidates(model: ShotModel, p_value: float) -> list[str]:
    """Returns the words that are asked for where nobody names any.

    These are local terms of range 1, also with each shape of the model, readout errors and, where
    density matrices are followed anyway or something is wrong, jumps and depolarised preparation.

    Args:
        model: The model.
        p_value: That of its goodness.
    """
    words = shaped_words(local_words(1), model.n_sites, model.shapes)
    small = model.n_sites <= MOST_SITES_FOR_JUMPS and p_value < DOUBTFUL
    mixed = (*JUMPS, *PREPARATION_ERRORS) if model.is_mixed or small else ()
    taken = {name.partition("@")[0] for name in model.names if name not in model.terms}
    return [*words, *(word for word in (*mixed, *READOUT) if word not in taken)]
