"""Says which Hamiltonian a fit has found, and prints what it has learned."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from qtf.dynamics.generator_errors import pseudo_inverse, student_limits
from qtf.dynamics.generator_fit import FitResult
from qtf.dynamics.learned_terms import LearnedTerms
from qtf.dynamics.local_terms import PAULIS, LocalTerms
from qtf.physics import PauliSum, custom, from_config

# Coefficients that differ by less, of the largest, are taken for equal, however small the
# error bars.
TOLERANCE = 1e-6
# A normal deviate beyond this has a probability below 1e-5.
MAX_DEVIATION = 4.5
# The name of what has not been identified.
NONE = "none"
# Spin operators are S = sigma / 2.
SPIN_PAIR = 0.25
DIGITS = 9
# Coefficients are written without powers of ten if the largest lies between these.
PLAIN = (1e-3, 1e6)
TITLES = {
    "heisenberg": "Heisenberg",
    "xxz": "XXZ",
    "j1j2": "J1-J2",
    "ising": "Ising",
}
# A number, or one for each site.
Parameter = float | list[float]
Parameters = dict[str, Parameter]


@dataclass(frozen=True)
class Identification:
    """The Hamiltonian that explains the coefficients with the fewest parameters.

    Attributes:
        name: As `qtf.physics.from_config` knows it; "custom" if no family fits; "none" if
            nothing was identified.
        parameters: Arguments of that Hamiltonian, numbers or one for each site; those of
            a custom one are the coefficients that are not 0.
        errors: Their standard errors.
        deviation: Largest distance of a coefficient from the family, in units of its
            error bar (of 1e-6 of the largest coefficient if that is smaller).
        terms: Of the fit.
        coefficients: Of the fit without what is 0 and without the shift, (size,).
        alternatives: Names of other families that the error bars leave possible, and that
            this one is not a case of.
        reason: Why nothing was identified; else empty.
    """

    name: str
    parameters: Parameters
    errors: Parameters
    deviation: float
    terms: LocalTerms
    coefficients: np.ndarray
    alternatives: tuple[str, ...] = ()
    reason: str = ""

    def hamiltonian(self, n_sites: int) -> PauliSum:
        """Returns the Hamiltonian of a chain of `n_sites` spins.

        Raises:
            ValueError: Nothing was identified, or the fields belong to a chain of another
                length.
        """
        if self.name == NONE:
            raise ValueError(
                f"There is no Hamiltonian, because nothing was identified: {self.reason}."
            )
        if self.name == "custom":
            return custom(n_sites, self.terms.pauli_sum(self.coefficients, n_sites).terms)
        self.terms.check_sites(n_sites)
        return from_config({"name": self.name, "n_sites": n_sites, **self.parameters})

    def to_dict(self) -> dict[str, object]:
        """Returns all but terms and coefficients as JSON can hold it."""
        return {
            "name": self.name,
            "parameters": self.parameters,
            "errors": self.errors,
            "deviation": self.deviation,
            "alternatives": list(self.alternatives),
            "reason": self.reason,
        }

    def __str__(self) -> str:
        """Returns one sentence, or two if there are alternatives."""
        if self.name == NONE:
            return f"Nothing was identified: {self.reason}."
        if self.name == "custom":
            return f"No named Hamiltonian; different from 0 are {', '.join(self.parameters)}."
        plain = _is_plain(self.coefficients)
        values = [
            f"{name} {_with_error(value, self.errors[name], plain)}"
            for name, value in self.parameters.items()
        ]
        others = "".join(f" {TITLES[name]} is possible, too." for name in self.alternatives)
        return f"{TITLES[self.name]} chain with {', '.join(values)}.{others}"


def identify(result: LearnedTerms) -> Identification:
    """Compares fitted coefficients with the families of `qtf.physics.hamiltonians`.

    A family is a linear subspace of the coefficients. Its parameters are those that least
    squares would find, were it restricted to the family; they are more exact than the
    coefficients alone. The fit belongs to the family if no coefficient lies further from
    it than 4.5 error bars, or what is as improbable for error bars from few trajectories, and
    if one of its parameters differs from 0 by as much. Families with fewer parameters come
    first. The shift, which no observable sees, is left aside.

    Nothing is identified if no generator explains the data, or if nothing differs from 0.

    Args:
        result: Of `fit_generator`, or of shots.

    Returns:
        The first family that fits, "custom" or "none".
    """
    if result.explains_the_data is False:
        return _nothing(
            result,
            f"no such generator explains the data ({_with_probability(result.p_value or 0.0)})",
        )
    families = _families(result.terms)
    fitting = {
        name: identification
        for name, columns in families.items()
        if (identification := _project(result, name, columns)) is not None
    }
    if not fitting:
        return _custom(result)
    name, identification = next(iter(fitting.items()))
    mine = np.concatenate(list(families[name].values()))
    others = [other for other in fitting if not _contains(families[other], mine)]
    return replace(identification, alternatives=tuple(others))


def coefficient_table(result: LearnedTerms) -> str:
    """Returns the coefficients with their errors, a line each.

    Those not 0 are marked by a star, or by a question mark if no such generator explains
    the data: error bars say nothing about a generator of the wrong form.
    """
    mark = "? " if result.explains_the_data is False else "* "
    nonzero = _is_nonzero(result)
    form = f">16.{DIGITS}{'f' if _is_plain(result.coefficients) else 'e'}"
    lines = [f"{'':2}{'coefficient':<14} {'value':>16} {'error':>10}"]
    for name, value, error, marked in zip(
        result.terms.names, result.coefficients, result.errors, nonzero, strict=True
    ):
        shown = f"{error:>10.1e}" if np.isfinite(error) else f"{'unknown':>10}"
        # Adding 0 turns -0 into 0.
        value = (round(float(value), DIGITS) if form.endswith("f") else float(value)) + 0.0
        lines.append(f"{mark if marked else '  '}{name:<14} {value:{form}} {shown}")
    return "\n".join(lines)


def lag_sentence(result: FitResult) -> str:
    """Returns what the residuals say about the form of the generator, with their p value."""
    residuals = [f"{value:.4g} (lag {lag})" for lag, value in result.residuals.items()]
    if result.p_value is None:
        return (
            f"Left is {residuals[0]}; whether such a generator explains the data cannot be told"
            " from one lag."
        )
    left = f"{residuals[0]} to {residuals[-1]}, {_with_probability(result.p_value)}"
    if result.explains_the_data:
        return f"Such a generator explains the data: what is left does not grow, {left}."
    return (
        f"No such generator explains the data: what is left grows with the lag, {left}."
        " Interactions may reach further, or fields differ from site to site."
    )


def _families(terms: LocalTerms) -> dict[str, dict[str, np.ndarray]]:
    """Returns name -> parameter -> what it adds to the coefficients, (n_values, size)."""
    nearest = {pair: _bond(terms, 1, pair) for pair in ("XX", "YY", "ZZ")}
    across, along = SPIN_PAIR * (nearest["XX"] + nearest["YY"]), SPIN_PAIR * nearest["ZZ"]
    families = {
        "heisenberg": {"coupling": across + along},
        "xxz": {"coupling": across, "coupling * anisotropy": along},
    }
    if terms.interaction_range >= 2:
        second = sum(_bond(terms, 2, pair) for pair in ("XX", "YY", "ZZ"))
        families["j1j2"] = {
            "coupling": across + along,
            "next_nearest_coupling": SPIN_PAIR * second,
        }
    families["ising"] = {
        "coupling": -nearest["ZZ"],
        "transverse_field": -_field(terms, "X"),
        "longitudinal_field": -_field(terms, "Z"),
    }
    return families


def _bond(terms: LocalTerms, distance: int, pair: str) -> np.ndarray:
    bonds = np.zeros((1, *terms.shapes["bonds"]))
    bonds[0, distance - 1, PAULIS.index(pair[0]), PAULIS.index(pair[1])] = 1.0
    return _embed(terms, "bonds", bonds)


def _field(terms: LocalTerms, pauli: str) -> np.ndarray:
    """Returns one row for the field of all sites, or one for each, or field and form."""
    p = PAULIS.index(pauli)
    if terms.site_dependent and terms.n_sites:
        site = np.zeros((terms.n_sites, terms.n_sites, 3))
        site[np.arange(terms.n_sites), np.arange(terms.n_sites), p] = 1.0
        return _embed(terms, "site", site)
    unit = np.eye(3)[p : p + 1]
    rows = [_embed(terms, "site", unit)]
    if terms.fields is not None:
        rows.append(_embed(terms, "form", unit))
    return np.concatenate(rows)


def _embed(terms: LocalTerms, group: str, values: np.ndarray) -> np.ndarray:
    rows = np.zeros((len(values), terms.size))
    rows[:, terms.slices[group]] = values.reshape(len(values), -1)
    return rows


def _contains(columns: Mapping[str, np.ndarray], rows: np.ndarray) -> bool:
    """Returns whether every member of a family, given by its rows, is in the other one."""
    other = np.concatenate(list(columns.values()))
    solution, *_ = np.linalg.lstsq(other.T, rows.T, rcond=None)
    return bool(np.allclose(other.T @ solution, rows.T))


def _project(
    result: LearnedTerms, name: str, columns: Mapping[str, np.ndarray]
) -> Identification | None:
    """Returns the family's parameters, or None if it does not explain the coefficients.

    Nor does it if all of its parameters may be 0.
    """
    family = np.concatenate(list(columns.values()))
    shift = np.eye(result.terms.size)[result.terms.slices["shift"]]
    rows = np.concatenate([family, shift])
    # The least squares of the fit itself, with fewer parameters, near its minimum.
    inverse, determined = pseudo_inverse(rows @ result.curvature @ rows.T)
    if not determined[: len(family)].all():
        return None
    projector = (inverse @ rows @ result.curvature)[: len(family)]
    values = projector @ result.coefficients
    scale = _scale(result)
    scale[result.terms.slices["shift"]] = np.inf
    left = (result.coefficients - values @ family) / scale
    deviation = float(np.abs(left).max())
    if deviation > MAX_DEVIATION:
        return None
    covariance = projector @ result.covariance @ projector.T
    # As cautious as the least known of the coefficients that a parameter is made of.
    widened = [(_widening(result) * (row != 0)).max() for row in family]
    limits = MAX_DEVIATION * np.hypot(np.sqrt(np.diag(covariance)) * widened, _tolerance(result))
    if (np.abs(values) <= limits).all():
        return None
    parameters, errors = _name_parameters(result.terms, columns, values, covariance)
    if name == "xxz":
        if abs(values[0]) <= limits[0]:
            return None
        parameters, errors = _anisotropic(parameters, errors, covariance)
    return Identification(name, parameters, errors, deviation, result.terms, values @ family)


def _name_parameters(
    terms: LocalTerms,
    columns: Mapping[str, np.ndarray],
    values: np.ndarray,
    covariance: np.ndarray,
) -> tuple[Parameters, Parameters]:
    parameters, errors, start = {}, {}, 0
    for name, rows in columns.items():
        mine = slice(start, start + len(rows))
        start += len(rows)
        to_sites = _to_sites(terms, len(rows))
        spread = np.einsum("ij,jk,ik->i", to_sites, covariance[mine, mine], to_sites)
        parameters[name] = _plain(to_sites @ values[mine])
        errors[name] = _plain(np.sqrt(spread))
    return parameters, errors


def _to_sites(terms: LocalTerms, n_values: int) -> np.ndarray:
    """Returns the matrix from fitted values to arguments: one number, or one a site."""
    if n_values == 1:
        return np.eye(1)
    if terms.site_dependent:
        return np.eye(n_values)
    fields = np.asarray(terms.fields)
    return np.stack([np.ones_like(fields), fields], axis=1)


def _plain(values: np.ndarray) -> Parameter:
    return float(values[0]) if len(values) == 1 else values.tolist()


def _anisotropic(
    parameters: Parameters, errors: Parameters, covariance: np.ndarray
) -> tuple[Parameters, Parameters]:
    """Turns the coupling along z into the anisotropy."""
    coupling, along = (float(parameters[name]) for name in ("coupling", "coupling * anisotropy"))  # type: ignore[arg-type]
    anisotropy = along / coupling
    slope = np.array([-anisotropy, 1.0]) / coupling
    error = math.sqrt(slope @ covariance @ slope)
    return (
        {"coupling": coupling, "anisotropy": anisotropy},
        {"coupling": errors["coupling"], "anisotropy": error},
    )


def _custom(result: LearnedTerms) -> Identification:
    """Returns all coefficients that are not 0, if any but the shift is."""
    nonzero = _is_nonzero(result)
    apart = nonzero.copy()
    apart[result.terms.slices["shift"]] = False
    if not apart.any():
        return _nothing(result, "no coefficient differs from 0 by more than its error bar allows")
    names = [name for name, kept in zip(result.terms.names, apart, strict=True) if kept]
    return Identification(
        name="custom",
        parameters=dict(zip(names, result.coefficients[apart].tolist(), strict=True)),
        errors=dict(zip(names, result.errors[apart].tolist(), strict=True)),
        deviation=0.0,
        terms=result.terms,
        coefficients=np.where(apart, result.coefficients, 0.0),
    )


def _nothing(result: LearnedTerms, reason: str) -> Identification:
    none = np.zeros(result.terms.size)
    return Identification(NONE, {}, {}, 0.0, result.terms, none, reason=reason)


def _is_nonzero(result: LearnedTerms) -> np.ndarray:
    return np.abs(result.coefficients) > MAX_DEVIATION * _scale(result)


def _scale(result: LearnedTerms) -> np.ndarray:
    """Returns error bars as wide as the tail of few trajectories asks for, (size,)."""
    return np.hypot(result.errors * _widening(result), _tolerance(result))


def _widening(result: LearnedTerms) -> np.ndarray:
    return student_limits(MAX_DEVIATION, result.degrees_of_freedom) / MAX_DEVIATION


def _tolerance(result: LearnedTerms) -> float:
    sizes = np.where(result.determined, np.abs(result.coefficients), 0.0)
    sizes[result.terms.slices["shift"]] = 0.0
    return TOLERANCE * float(sizes.max())


def _is_plain(coefficients: np.ndarray) -> bool:
    largest = np.abs(coefficients).max()
    return bool(largest == 0 or PLAIN[0] <= largest < PLAIN[1])


def _with_error(value: Parameter, error: Parameter, plain: bool) -> str:
    if isinstance(value, list) or isinstance(error, list):
        pairs = zip(np.atleast_1d(value).tolist(), np.atleast_1d(error).tolist(), strict=True)
        return f"[{', '.join(_with_error(v, e, plain) for v, e in pairs)}]"
    if not plain:
        return f"{value:.{DIGITS - 1}e} +- {error:.1e}"
    # Two digits of the error, but no more digits than anyone reads.
    digits = min(max(1 - math.floor(math.log10(error)), 2), DIGITS)
    return f"{value:.{digits}f} +- {error:.1e}"


def _with_probability(p_value: float) -> str:
    # Below this the tail of the law is 0 in double precision.
    return f"p = {p_value:.2g}" if p_value >= 1e-300 else "p < 1e-300"
