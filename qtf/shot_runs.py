"""Run folders of local generators that were learned from shots: evaluated, exported and served."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from qtf.checks import ARGUMENT, POSITIVE, check
from qtf.data.laws import RecordedLaw
from qtf.data.schema import GIVEN
from qtf.data.settings import ARRAYS, DataSettings
from qtf.dynamics.learned_terms import LearnedTerms
from qtf.dynamics.local_terms import PAULIS, LocalTerms
from qtf.dynamics.runs.settings import DynamicsSettings
from qtf.dynamics.settings import LOCAL_GENERATOR, ModelSettings
from qtf.files import write_atomically, write_json
from qtf.measurements.result import ShotFit
from qtf.measurements.words import by_kind
from qtf.run_kinds import DYNAMICS

# Largest chain of the model, unless longer ones were measured.
N_MAX = 16
RESULT_FILE = "result.json"
# What is taken for exactly known has so much of the smallest error bar.
KNOWN = 1e-3
# Of the largest coefficient, where nothing has an error bar.
ROUNDING = 1e-9
_ONE_SITE = re.compile(r"([XYZ])(?:@(\d+))?")
_TWO_SITES = re.compile(r"([XYZ])(I*)([XYZ])")


def as_learned_terms(fit: ShotFit) -> LearnedTerms:
    """Returns what a fit to shots has learned of the Hamiltonian as terms of a local generator.

    Terms that the model of the shots does not have are taken for exactly 0. Fields that differ from
    site to site make it one of the chain that was measured alone.

    Args:
        fit: The fit; rates and readout errors are left aside.

    Raises:
        ValueError: There are rates of jumps, a bond that has a coefficient of its own, or a string
            of three sites or more, all of which no local generator has.

    Example:
        >>> from qtf.measurements import Setting, ShotModel, fit_shots, simulate_shots
        >>> model = ShotModel.of_words(2, terms=["ZZ", "X"])
        >>> settings = [Setting("+z", 0.2 * k, "YZ", 2000) for k in range(1, 6)]
        >>> fit = fit_shots(model, simulate_shots(model, [1.0, 0.5], settings, seed=1))
        >>> learned = as_learned_terms(fit)
        >>> learned.terms.size, len(learned.hamiltonian(5).terms)
        (20, 9)
    """
    kinds = by_kind(fit.model.names)
    if kinds["jumps"]:
        raise ValueError(
            "A local generator must have no jumps, but there are rates of"
            f" {', '.join(kinds['jumps'])}; follow them as an open system."
        )
    words = kinds["terms"]
    terms = _terms_of(words, fit.model.n_sites)
    places = [fit.model.names.index(word) for word in words]
    to_terms = np.stack([_row(terms, word) for word in words], axis=1)
    covariance = to_terms @ fit.covariance[np.ix_(places, places)] @ to_terms.T
    coefficients = to_terms @ fit.parameters[places]
    errors = np.sqrt(np.diag(covariance))
    apart = np.ones(terms.size, bool)
    apart[terms.slices["shift"]] = False
    least = min(errors[errors > 0], default=0.0) * KNOWN
    least = least or ROUNDING * float(np.abs(coefficients).max(initial=1.0))
    covariance = covariance + np.diag(np.where(apart, least**2, 0.0))
    curvature = np.zeros_like(covariance)
    curvature[np.ix_(apart, apart)] = np.linalg.inv(covariance[np.ix_(apart, apart)])
    # No observable sees the shift.
    untold = to_terms @ ~fit.determined[places] != 0
    return LearnedTerms(
        terms=terms,
        coefficients=coefficients,
        covariance=covariance,
        curvature=curvature,
        determined=apart & ~untold,
        degrees_of_freedom=np.full(terms.size, np.inf),
        p_value=fit.goodness.p_value,
    )


def write_run(fit: ShotFit, workdir: Path | str, *, dt: float) -> Path:
    """Writes the run folder of the local generator that a fit to shots has learned.

    It is what `qtf train` leaves of a generator: `qtf.load`, evaluation, export and server take it.
    Beside it are `generator.json`, all coefficients and which Hamiltonian they are, and
    `result.json`, the fit itself. Readout errors are no part of the model.

    Args:
        fit: The fit.
        workdir: The run folder.
        dt: Time step of the model, hbar = 1.

    Returns:
        The folder.

    Raises:
        ValueError: No local generator is what was learned, a coefficient is not told by the data,
            the step is not positive or too long, or the folder holds another run.
    """
    check("dt", dt, POSITIVE, kind=ARGUMENT)
    learned = as_learned_terms(fit)
    untold = [n for n, told in zip(fit.model.names, fit.determined, strict=True) if not told]
    if untold:
        raise ValueError(
            f"Parameters must be told by the data, but {', '.join(untold)} is not; measure other"
            " settings, or fix it."
        )
    from qtf.dynamics.generator_file import write_generator
    from qtf.dynamics.local_generator import LocalGenerator
    from qtf.training.run_folder import RunFolder

    terms, n_sites = learned.terms, fit.model.n_sites
    own_chain = n_sites if terms.site_dependent else None
    n_max = own_chain or N_MAX
    model = LocalGenerator(
        dt,
        n_max=n_max,
        interaction_range=terms.interaction_range,
        site_dependent=terms.site_dependent,
        n_sites=own_chain,
    )
    model.coefficients.assign(learned.coefficients)
    model.taylor_order(min(n_sites, n_max))
    folder = RunFolder(workdir)
    try:
        folder.open(_configuration(fit, terms, n_max, dt), kind=DYNAMICS)
        row = {"step": 1, "kind": "training", "log_likelihood": fit.log_likelihood}
        write_atomically(folder.metrics, json.dumps(row) + "\n")
        write_generator(folder.path, learned, sentence=fit.verdict)
        write_json(folder.path / RESULT_FILE, fit.to_dict())
        folder.save_model(model)
        folder.save_best_weights(model)
    finally:
        folder.close()
    return folder.path


def _configuration(fit: ShotFit, terms: LocalTerms, n_max: int, dt: float) -> dict[str, Any]:
    """Returns what the run folder records, as a training on arrays does."""
    settings = DynamicsSettings(
        model=ModelSettings(
            preset=LOCAL_GENERATOR,
            n_max=n_max,
            interaction_range=terms.interaction_range,
            site_dependent=terms.site_dependent or None,
        ),
        data=DataSettings(source=ARRAYS, n_sites=(min(fit.model.n_sites, n_max),)),
    )
    recorded = settings.as_mapping()
    del recorded["fit"], recorded["transfer"], recorded["exact"]
    # Of chains that were measured, however long they are.
    recorded["data"]["n_sites"] = [fit.model.n_sites]
    learned = {"values": fit.parameters.tolist(), "names": list(fit.model.names)}
    digest = hashlib.sha256(json.dumps([learned, fit.shots]).encode()).hexdigest()
    recorded["physics"] = {
        **RecordedLaw(None, GIVEN, dt).as_mapping(),
        "learned_from": "shots",
        "fit_sha256": digest,
    }
    return recorded


def _terms_of(words: list[str], n_sites: int) -> LocalTerms:
    """Returns the local terms that hold all words."""
    reach, differs = 1, False
    for word in words:
        if one := _ONE_SITE.fullmatch(word):
            differs = differs or one[2] is not None
        elif two := _TWO_SITES.fullmatch(word):
            reach = max(reach, 1 + len(two[2]))
        else:
            raise ValueError(
                "A local generator must have fields and bonds that are the same along the chain,"
                f" such as X, X@2, ZZ or ZIZ, but was learned with {word}."
            )
    return LocalTerms(reach, differs, n_sites if differs else None)


def _row(terms: LocalTerms, word: str) -> np.ndarray:
    """Returns what a word adds to the coefficients, (size,)."""
    row = np.zeros(terms.size)
    parts = terms.split(row)
    if one := _ONE_SITE.fullmatch(word):
        pauli = PAULIS.index(one[1])
        if one[2]:
            parts["site"][int(one[2]) - 1, pauli] = 1.0
        else:
            parts["site"][..., pauli] = 1.0
    elif two := _TWO_SITES.fullmatch(word):
        parts["bonds"][len(two[2]), PAULIS.index(two[1]), PAULIS.index(two[3])] = 1.0
    return row
