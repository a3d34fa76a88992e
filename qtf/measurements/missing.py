"""Which parameters that a model does not have the data ask for: score tests."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from qtf.measurements.experiments import Experiments
from qtf.measurements.goodness import Goodness
from qtf.measurements.likelihood import Likelihood
from qtf.measurements.model import ShotModel
from qtf.measurements.outcomes import READOUT
from qtf.measurements.result import Missing
from qtf.measurements.scoring import invert
from qtf.measurements.words import JUMPS, by_kind, local_words

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
    wider = widen(model, candidates)
    added = [k for k, name in enumerate(wider.names) if name not in model.names]
    if not added:
        return ()
    full = np.zeros(wider.size)
    full[[wider.names.index(name) for name in model.names]] = parameters
    kept = [wider.names.index(model.names[k]) for k in free]
    asked = sorted(kept + added)
    slope = Likelihood(wider, experiments)(full, asked)
    old, new = ([asked.index(k) for k in places] for places in (kept, added))
    information = slope.information
    across = information[np.ix_(new, old)]
    inverse, _ = invert(information[np.ix_(old, old)])
    total = np.diag(information)[new]
    left = total - np.einsum("co,od,cd->c", across, inverse, across)
    score = slope.score[new] - across @ inverse @ slope.score[old]
    told = left > OWN_SHARE * np.maximum(total, 1e-300)
    z = np.where(told, score / np.sqrt(np.where(told, left, 1.0)), 0.0)
    # Rates and errors are never negative.
    z[wider.bounds[0][added] == 0.0] = np.maximum(z[wider.bounds[0][added] == 0.0], 0.0)
    order = np.argsort(-np.abs(z))
    return tuple(Missing(wider.names[added[k]], float(z[k])) for k in order if abs(z[k]) >= least)


def widen(model: ShotModel, words: Iterable[str]) -> ShotModel:
    """Returns a model with further parameters.

    Args:
        model: The model.
        words: Words of terms, jumps and readout errors; what the model has already is left out.

    Raises:
        ValueError: A word is not known.
    """
    new = [word for word in words if word not in model.names]
    further = model_of_names(model.n_sites, new) if new else model
    return ShotModel(
        model.n_sites,
        {**model.terms, **further.terms},
        {**model.jumps, **further.jumps},
        {**model.readout, **further.readout},
    )


def model_of_names(n_sites: int, names: Iterable[str]) -> ShotModel:
    """Returns the model of terms, jumps and readout errors in any order.

    Args:
        n_sites: Number of spins.
        names: Words of all kinds.

    Raises:
        ValueError: A word is not known.

    Example:
        >>> model_of_names(2, ["e01", "ZZ", "decay"]).names
        ('ZZ', 'decay', 'e01')
    """
    return ShotModel.of_words(n_sites, **by_kind(names))


def narrow(model: ShotModel, names: Collection[str]) -> ShotModel:
    """Returns a model without some of its parameters.

    Args:
        model: The model.
        names: Names of what is left out.

    Raises:
        ValueError: Nothing is left.
    """
    return ShotModel(
        model.n_sites,
        {name: term for name, term in model.terms.items() if name not in names},
        {name: jumps for name, jumps in model.jumps.items() if name not in names},
        {name: error for name, error in model.readout.items() if name not in names},
    )


def default_candidates(model: ShotModel, goodness: Goodness) -> list[str]:
    """Returns the words that are asked for where nobody names any.

    These are local terms of range 1, readout errors and, where density matrices are followed anyway
    or something is wrong, jumps.

    Args:
        model: The model.
        goodness: How well it explains the data.
    """
    words = [word for word in local_words(1) if len(word) <= model.n_sites]
    small = model.n_sites <= MOST_SITES_FOR_JUMPS and goodness.p_value < DOUBTFUL
    jumps = JUMPS if model.jumps or small else ()
    taken = {name.partition("@")[0] for name in (*model.jumps, *model.readout)}
    return [*words, *(word for word in (*jumps, *READOUT) if word not in taken)]
