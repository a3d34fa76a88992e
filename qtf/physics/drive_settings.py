"""Driven Hamiltonians as configurations and manifests hold them."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from qtf.physics.driven import DrivenHamiltonian
from qtf.physics.drives import SampledFunction
from qtf.physics.hamiltonian_settings import HamiltonianSettings, from_config
from qtf.physics.operators import PauliSum

DRIVE_KEYS = ("term", "times", "values", "law")

# f(t) H_k: what f is, and which operator.
Drive = Mapping[str, Any]


def build_driven(hamiltonian: HamiltonianSettings, drive: Sequence[Drive]) -> DrivenHamiltonian:
    """Returns the driven Hamiltonian of a configuration.

        H(t) = H + sum_k f_k(t) H_k   (hbar = 1)

    Args:
        hamiltonian: H, with its size.
        drive: Mappings with `times`, `values` and `law` of f_k, see `SampledFunction`, and `term`:
            the configuration of H_k, or the name of a coefficient of H, whose value is then f_k(t)
            for all bonds or sites alike, whatever H says.

    Returns:
        The Hamiltonian; its first term is the constant part.

    Raises:
        ValueError: An entry has other keys or values, or H is not linear in the coefficients that
            are named.

    Example:
        >>> ramp = {"term": "transverse_field", "times": [0, 1], "values": [0, -2], "law": "linear"}
        >>> chain = HamiltonianSettings("ising", {"n_sites": 2})
        >>> build_driven(chain, [ramp]).at(0.5).to_dense()[0]
        array([-2.,  1.,  1.,  0.])
    """
    for entry in drive:
        if not isinstance(entry, Mapping) or set(entry) != set(DRIVE_KEYS):
            raise ValueError(
                f"Setting `drive` must hold mappings with the keys {', '.join(DRIVE_KEYS)}, but"
                f" holds {entry!r:.120}."
            )
    named = [entry["term"] for entry in drive if isinstance(entry["term"], str)]
    _check_named(hamiltonian, named)
    constant = _with_coefficients(hamiltonian, dict.fromkeys(named, 0.0))
    parts = {name: _part(hamiltonian, name, named, constant) for name in named}
    _check_linear(hamiltonian, constant, parts)
    terms: list[tuple[Any, PauliSum]] = [(1.0, constant)]
    for entry in drive:
        term = entry["term"]
        operator = parts[term] if isinstance(term, str) else _operator(term, constant.n_sites)
        terms.append((SampledFunction(entry["times"], entry["values"], entry["law"]), operator))
    return DrivenHamiltonian(terms)


def _part(
    hamiltonian: HamiltonianSettings, name: str, named: Sequence[str], constant: PauliSum
) -> PauliSum:
    """Returns what a coefficient multiplies."""
    alone = _with_coefficients(hamiltonian, {**dict.fromkeys(named, 0.0), name: 1.0})
    return (alone - constant).simplify()


def _operator(term: object, n_sites: int) -> PauliSum:
    if not isinstance(term, Mapping):
        raise ValueError(
            "Setting `drive` must have as `term` a coefficient or a Hamiltonian, but has"
            f" {term!r:.80}."
        )
    return from_config({**term, "n_sites": n_sites})


def _with_coefficients(hamiltonian: HamiltonianSettings, values: Mapping[str, float]) -> PauliSum:
    return dataclasses.replace(hamiltonian, values={**hamiltonian.values, **values}).build()


def _check_named(hamiltonian: HamiltonianSettings, named: Sequence[str]) -> None:
    defaults = hamiltonian.model.defaults
    numbers = [
        name
        for name, value in defaults.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    for name in named:
        if name not in numbers:
            raise ValueError(
                "Setting `drive` must have as `term` a Hamiltonian or one of"
                f" {', '.join(numbers) or 'no coefficient'}, but has {name!r}."
            )
    if len(set(named)) < len(named):
        raise ValueError(f"Setting `drive` must name a coefficient once, but names {named}.")


def _check_linear(
    hamiltonian: HamiltonianSettings, constant: PauliSum, parts: Mapping[str, PauliSum]
) -> None:
    """Checks that no coefficient multiplies itself or another one that is driven."""
    expected = constant
    for part in parts.values():
        expected = expected + 2.0 * part
    doubled = _with_coefficients(hamiltonian, dict.fromkeys(parts, 2.0))
    if not doubled.is_close(expected):
        raise ValueError(
            "Setting `drive` must name coefficients that do not multiply one another, but names"
            f" {', '.join(parts)}."
        )
