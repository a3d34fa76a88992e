"""Systems in a few words, for titles."""

from collections.abc import Mapping
from typing import Any

from qtf.physics.hamiltonians import lattice_kind

WORDS = {"ising": "Ising", "xxz": "XXZ", "xyz": "XYZ", "heisenberg": "Heisenberg", "j1j2": "J1-J2"}


def describe_system(hamiltonian: Mapping[str, Any]) -> str:
    """Returns model, lattice and size of a configuration of `from_config`.

    Args:
        hamiltonian: The configuration; where it names no size, neither do the words.

    Example:
        >>> describe_system({"name": "ising", "lattice": "square", "n_rows": 3, "n_columns": 4})
        'Ising model, open square of 3 x 4'
        >>> describe_system({"name": "heisenberg", "n_sites": 8, "periodic": True})
        'Heisenberg model, periodic chain of 8'
        >>> describe_system({"name": "xxz"})
        'XXZ model, open chain'
    """
    name = hamiltonian.get("name", "custom")
    model = f"{WORDS[name]} model" if name in WORDS else "Hamiltonian of Pauli strings"
    if name == "custom":
        size = hamiltonian.get("n_sites")
        return model if size is None else f"{model}, {size} spins"
    edges = "periodic" if hamiltonian.get("periodic", False) else "open"
    kind = lattice_kind(hamiltonian)
    if kind == "chain":
        size = f" of {hamiltonian['n_sites']}" if "n_sites" in hamiltonian else ""
        return f"{model}, {edges} chain{size}"
    sides = [hamiltonian[key] for key in ("n_rows", "n_columns") if key in hamiltonian]
    size = f" of {' x '.join(map(str, sides))}" if sides else ""
    return f"{model}, {edges} {kind}{size}"
