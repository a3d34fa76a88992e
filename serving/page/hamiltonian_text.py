"""Hamiltonians as one readable line."""

from collections.abc import Mapping
from typing import cast

from qtf.physics import LATTICES, HamiltonianSettings
from qtf.typing import Json

# A line never breaks here.
_EQUALS = "\u00a0=\u00a0"


def hamiltonian_text(physics: Mapping[str, object]) -> str:
    r"""Returns formula, lattice and coefficients of a valid configuration.

    Args:
        physics: As for `qtf.physics.from_config`; the number of spins is not shown.

    Example:
        >>> text = hamiltonian_text({"name": "ising", "transverse_field": -1.05})
        >>> text.replace("\u00a0", " ")
        'H = −J Σ ZᵢZⱼ − h Σ Zᵢ − g Σ Xᵢ, open chain, g = −1.05'
    """
    settings = HamiltonianSettings.from_mapping(physics)
    if settings.name == "custom":
        return f"H = {_sum_of(settings)}"
    symbols = settings.model.symbols
    values = [f"{s}{_EQUALS}{_value(physics[k])}" for k, s in symbols.items() if k in physics]
    units = ["S = σ"] if physics.get("units") == "pauli" else []
    return ", ".join([settings.model.formula, _lattice(settings), *values, *units])


def _sum_of(settings: HamiltonianSettings) -> str:
    terms = cast("list[Json]", settings["terms"])
    sums = [f"Σ {term['paulis']}" for term in terms if isinstance(term, Mapping) and "on" in term]
    strings = f"sum of {len(terms) - len(sums)} Pauli strings"
    if not sums:
        return strings
    several = [strings] if len(sums) < len(terms) else []
    return f"{' + '.join([*sums, *several])}, {_lattice(settings)}"


def _lattice(settings: HamiltonianSettings) -> str:
    sides = LATTICES[settings.lattice_kind].SIZES
    if not sides:
        return settings.lattice.describe()
    # Models of chains are of many lengths.
    shape = f"{' × '.join(str(settings.values[side]) for side in sides)} " if len(sides) > 1 else ""
    edges = "periodic" if settings.values.get("periodic", False) else "open"
    return f"{edges} {shape}{settings.lattice_kind}"


def _value(value: object) -> str:
    if isinstance(value, (int, float)):
        return f"{value:.6g}".replace("-", "−")
    return "one for each term"
