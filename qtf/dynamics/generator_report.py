"""Says which Hamiltonian a fit has found, and prints what it has learned."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qtf.dynamics.generator_fit import FitResult, pseudo_inverse
from qtf.dynamics.local_terms import PAULIS, LocalTerms
from qtf.physics import PauliSum, custom, from_config

# Coefficients that differ by less are taken for equal, however small the error bars.
TOLERANCE = 1e-6
# A normal deviate beyond this has a probability below 1e-5.
MAX_DEVIATION = 4.5
# Spin operators are S = sigma / 2.
SPIN_PAIR = 0.25
DIGITS = 9
TITLES = {
    "heisenberg": "Heisenberg",
    "xxz": "XXZ",
    "j1j2": "J1-J2",
    "ising": "Ising",
}


@dataclass(frozen=True)
class Identification:
    """The Hamiltonian that explains the coefficients with the fewest parameters.

    Attributes:
        name: As `qtf.physics.from_config` knows it; "custom" if no family fits.
        parameters: Arguments of that Hamiltonian, numbers or one for each site; those of
            a custom one are the coefficients that are not 0.
        errors: Their standard errors.
        deviation: Largest distance of a coefficient from the family, in units of its
            error bar (of 1e-6 if that is smaller).
        terms: Of the fit.
        coefficients: Of the fit without what is 0 and without the shift, (size,).
    """

    name: str
    parameters: dict[str, Any]
    errors: dict[str, Any]
    deviation: float
    terms: LocalTerms
    coefficients: np.ndarray

    def hamiltonian(self, n_sites: int) -> PauliSum:
        """Returns the Hamiltonian of a chain of `n_sites` spins.

        Raises:
            ValueError: The fields belong to a chain of another length.
        """
        if self.name == "custom":
            found = self.terms.pauli_sum(self.coefficients, n_sites)
            return custom(n_sites, found.terms)
        self.terms.check_sites(n_sites)
        return from_config({"name": self.name, "n_sites": n_sites, **self.parameters})

    def to_dict(self) -> dict[str, Any]:
        """Returns name, parameters, errors and deviation as JSON can hold them."""
        return {
            "name": self.name,
            "parameters": self.parameters,
            "errors": self.errors,
            "deviation": self.deviation,
        }

    def __str__(self) -> str:
        """Returns one sentence."""
        if self.name == "custom":
            listed = ", ".join(self.parameters) or "nothing"
            return f"No named Hamiltonian; different from 0 are {listed}."
        values = [
            f"{name} {_with_error(value, self.errors[name])}"
            for name, value in self.parameters.items()
        ]
        return f"{TITLES[self.name]} chain with {', '.join(values)}."


def identify(result: FitResult) -> Identification:
    """Compares fitted coefficients with the families of `qtf.physics.hamiltonians`.

    A family is a linear subspace of the coefficients. Its parameters are those that least
    squares would find, were it restricted to the family; they are more exact than the
    coefficients alone. The fit belongs to the family if no coefficient lies further from
    it than 4.5 error bars. Families with fewer parameters come first. The shift, which no
    observable sees, is left aside.

    Args:
        result: Of `fit_generator`.

    Returns:
        The first family that fits, or "custom".
    """
    for name, columns in _families(result.terms).items():
        found = _projected(result, name, columns)
        if found is not None:
            return found
    return _custom(result)


def coefficient_table(result: FitResult) -> str:
    """Returns the coefficients with their errors, a line each, those not 0 marked."""
    nonzero = _is_nonzero(result)
    lines = [f"{'':2}{'coefficient':<14} {'value':>16} {'error':>10}"]
    for name, value, error, marked in zip(
        result.terms.names, result.coefficients, result.errors, nonzero, strict=True
    ):
        shown = f"{error:>10.1e}" if np.isfinite(error) else f"{'unknown':>10}"
        # Adding 0 turns -0 into 0.
        value = round(float(value), DIGITS) + 0.0
        lines.append(f"{'* ' if marked else '  '}{name:<14} {value:>16.{DIGITS}f} {shown}")
    return "\n".join(lines)


def _families(terms: LocalTerms) -> dict[str, dict[str, np.ndarray]]:
    """Returns name -> parameter -> what it adds to the coefficients, (n_values, size)."""
    nearest = {pair: _bond(terms, 1, pair) for pair in ("XX", "YY", "ZZ")}
    across, along = SPIN_PAIR * (nearest["XX"] + nearest["YY"]), SPIN_PAIR * nearest["ZZ"]
    found = {
        "heisenberg": {"coupling": across + along},
        "xxz": {"coupling": across, "coupling * anisotropy": along},
    }
    if terms.interaction_range >= 2:
        second = sum(_bond(terms, 2, pair) for pair in ("XX", "YY", "ZZ"))
        found["j1j2"] = {
            "coupling": across + along,
            "next_nearest_coupling": SPIN_PAIR * second,
        }
    found["ising"] = {
        "coupling": -nearest["ZZ"],
        "transverse_field": -_field(terms, "X"),
        "longitudinal_field": -_field(terms, "Z"),
    }
    return found


def _bond(terms: LocalTerms, distance: int, pair: str) -> np.ndarray:
    bonds = np.zeros((1, *terms.shapes["bonds"]))
    bonds[0, distance - 1, PAULIS.index(pair[0]), PAULIS.index(pair[1])] = 1.0
    return _embedded(terms, "bonds", bonds)


def _field(terms: LocalTerms, pauli: str) -> np.ndarray:
    """Returns one row for the field of all sites, or one for each, or field and form."""
    p = PAULIS.index(pauli)
    if terms.site_dependent:
        site = np.zeros((terms.n_sites, terms.n_sites, 3))
        site[np.arange(terms.n_sites), np.arange(terms.n_sites), p] = 1.0
        return _embedded(terms, "site", site)
    unit = np.eye(3)[p : p + 1]
    rows = [_embedded(terms, "site", unit)]
    if terms.fields is not None:
        rows.append(_embedded(terms, "form", unit))
    return np.concatenate(rows)


def _embedded(terms: LocalTerms, group: str, values: np.ndarray) -> np.ndarray:
    rows = np.zeros((len(values), terms.size))
    rows[:, terms.slices[group]] = values.reshape(len(values), -1)
    return rows


def _projected(
    result: FitResult, name: str, columns: Mapping[str, np.ndarray]
) -> Identification | None:
    """Returns the family's parameters, or None if it does not explain the coefficients."""
    family = np.concatenate(list(columns.values()))
    shift = np.eye(result.terms.size)[result.terms.slices["shift"]]
    rows = np.concatenate([family, shift])
    # The least squares of the fit itself, with fewer parameters, near its minimum.
    inverse, determined = pseudo_inverse(rows @ result.curvature @ rows.T)
    if not determined[: len(family)].all():
        return None
    projector = (inverse @ rows @ result.curvature)[: len(family)]
    values = projector @ result.coefficients
    left = (result.coefficients - values @ family) / _scale(result)
    deviation = float(np.abs(left).max())
    if deviation > MAX_DEVIATION:
        return None
    covariance = projector @ result.covariance @ projector.T
    parameters, errors = _named(result.terms, columns, values, covariance)
    if name == "xxz":
        if abs(parameters["coupling"]) <= MAX_DEVIATION * math.hypot(errors["coupling"], TOLERANCE):
            return None
        parameters, errors = _anisotropic(parameters, errors, covariance)
    return Identification(name, parameters, errors, deviation, result.terms, values @ family)


def _named(
    terms: LocalTerms,
    columns: Mapping[str, np.ndarray],
    values: np.ndarray,
    covariance: np.ndarray,
) -> tuple[dict[str, Any], dict[str, Any]]:
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
    return np.stack([np.ones(terms.n_sites), np.asarray(terms.fields)], axis=1)


def _plain(values: np.ndarray) -> Any:
    return float(values[0]) if len(values) == 1 else values.tolist()


def _anisotropic(
    parameters: dict[str, Any], errors: dict[str, Any], covariance: np.ndarray
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Turns the coupling along z into the anisotropy."""
    coupling = parameters["coupling"]
    anisotropy = parameters["coupling * anisotropy"] / coupling
    slope = np.array([-anisotropy, 1.0]) / coupling
    error = math.sqrt(slope @ covariance @ slope)
    return (
        {"coupling": coupling, "anisotropy": anisotropy},
        {"coupling": errors["coupling"], "anisotropy": error},
    )


def _custom(result: FitResult) -> Identification:
    nonzero = _is_nonzero(result) & np.isfinite(_scale(result))
    names = [name for name, kept in zip(result.terms.names, nonzero, strict=True) if kept]
    return Identification(
        name="custom",
        parameters=dict(zip(names, result.coefficients[nonzero].tolist(), strict=True)),
        errors=dict(zip(names, result.errors[nonzero].tolist(), strict=True)),
        deviation=0.0,
        terms=result.terms,
        coefficients=np.where(nonzero, result.coefficients, 0.0),
    )


def _is_nonzero(result: FitResult) -> np.ndarray:
    return np.abs(result.coefficients) > MAX_DEVIATION * np.hypot(result.errors, TOLERANCE)


def _scale(result: FitResult) -> np.ndarray:
    """Returns error bars, infinite where a coefficient is to be left aside."""
    scale = np.hypot(result.errors, TOLERANCE)
    scale[result.terms.slices["shift"]] = np.inf
    return scale


def _with_error(value: Any, error: Any) -> str:
    if isinstance(value, list):
        pairs = zip(value, error, strict=True)
        return f"[{', '.join(_with_error(v, e) for v, e in pairs)}]"
    # Two digits of the error, but no more digits than anyone reads.
    digits = min(max(1 - math.floor(math.log10(error)), 2), DIGITS)
    return f"{value:.{digits}f} +- {error:.1e}"
