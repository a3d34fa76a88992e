"""Hamiltonians as one readable line."""

from collections.abc import Mapping
from typing import Any

from qtf.physics import lattice_kind

_HEISENBERG = "SᵢˣSⱼˣ + SᵢʸSⱼʸ"
_FORMULAS = {
    "ising": "H = −J Σ ZᵢZⱼ − h Σ Zᵢ − g Σ Xᵢ",
    "xxz": f"H = J Σ ({_HEISENBERG} + Δ SᵢᶻSⱼᶻ)",
    "heisenberg": "H = J Σ Sᵢ·Sⱼ",
    "xyz": "H = Σ (Jˣ XᵢXⱼ + Jʸ YᵢYⱼ + Jᶻ ZᵢZⱼ) + B Σ Zᵢ",
    "j1j2": "H = J₁ Σ Sᵢ·Sⱼ + J₂ Σ Sᵢ·Sⱼ (next nearest)",
}

# A line never breaks here.
_EQUALS = "\u00a0=\u00a0"

_SYMBOLS = {
    "coupling": "J",
    "longitudinal_field": "h",
    "transverse_field": "g",
    "anisotropy": "Δ",
    "next_nearest_coupling": "J₂",
    "coupling_x": "Jˣ",
    "coupling_y": "Jʸ",
    "coupling_z": "Jᶻ",
    "field": "B",
}


def hamiltonian_text(physics: Mapping[str, Any]) -> str:
    r"""Returns formula, lattice and coefficients of a valid configuration.

    Args:
        physics: As for `qtf.physics.from_config`; the number of spins is not shown.

    Example:
        >>> text = hamiltonian_text({"name": "ising", "transverse_field": -1.05})
        >>> text.replace("\u00a0", " ")
        'H = −J Σ ZᵢZⱼ − h Σ Zᵢ − g Σ Xᵢ, open chain, g = −1.05'
    """
    if physics["name"] == "custom":
        return f"H = sum of {len(physics['terms'])} Pauli strings"
    symbols = {**_SYMBOLS, **({"coupling": "J₁"} if physics["name"] == "j1j2" else {})}
    values = [f"{s}{_EQUALS}{_value(physics[k])}" for k, s in symbols.items() if k in physics]
    units = ["S = σ"] if physics.get("units") == "pauli" else []
    return ", ".join([_FORMULAS[physics["name"]], _lattice(physics), *values, *units])


def _lattice(physics: Mapping[str, Any]) -> str:
    shape = ""
    if lattice_kind(physics) == "square":
        shape = f"{physics['n_rows']} × {physics['n_columns']} "
    kind = "periodic" if physics.get("periodic", False) else "open"
    return f"{kind} {shape}{lattice_kind(physics)}"


def _value(value: Any) -> str:
    if isinstance(value, (int, float)):
        return f"{value:.6g}".replace("-", "−")
    return "one for each term"
