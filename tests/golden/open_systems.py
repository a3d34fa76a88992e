"""Writes open_systems.json: exact values of open systems, from all 4**n probabilities.

    python tests/golden/open_systems.py

The decay rate is 1 and all lattices are periodic. It takes minutes: the squares have nine
spins.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from qtf.physics import (
    Chain,
    Lattice,
    Lindbladian,
    OutcomeGenerator,
    PauliSum,
    PauliTerm,
    Square,
    decay,
    ising,
    tetrahedral,
    xyz,
)

PATH = Path(__file__).with_suffix(".json")
POVM = tetrahedral()
UP = [1.0, 0.0]
LEFT = [np.sqrt(0.5), -1j * np.sqrt(0.5)]


def main() -> None:
    """Computes all values and writes them."""
    content = {
        "heisenberg_chain_4": heisenberg_chain(),
        "ising_chain_6": [ising_chain(g) for g in (1.0, 2.0, 3.0)],
        "heisenberg_square_9": [heisenberg_square(coupling_y) for coupling_y in (1.0, 1.8)],
    }
    PATH.write_text(json.dumps(content, indent=1) + "\n")


def heisenberg_chain() -> dict[str, Any]:
    """Returns <Z>(t) of four spins from <Y> = -1, and of the steady state."""
    hamiltonian = xyz(
        Chain(4, periodic=True), coupling_x=2.0, coupling_y=0.0, coupling_z=1.0, field=1.0
    )
    return _dynamics(hamiltonian, LEFT, [0.0, 0.5, 1.0, 2.0, 3.0, 5.0])


def ising_chain(g: float) -> dict[str, Any]:
    """Returns <X>, <Y>, <Z> of the steady state of (V/4) sum ZZ + (g/2) sum X, V = 2."""
    hamiltonian = ising(
        Chain(6, periodic=True),
        coupling=-0.5,
        transverse_field=-g / 2,
        longitudinal_field=0.0,
    )
    p = OutcomeGenerator(Lindbladian(hamiltonian, decay(6)), POVM).steady_state()
    means = [round(float(POVM.expectation(_mean(6, pauli), p)), 8) for pauli in "XYZ"]
    return {"g": g, "steady_xyz": means}


def heisenberg_square(coupling_y: float) -> dict[str, Any]:
    """Returns <Z>(t) of 3 x 3 spins from all up, and of the steady state."""
    lattice: Lattice = Square(3, 3, periodic=True)
    hamiltonian = xyz(lattice, coupling_x=0.9, coupling_y=coupling_y, coupling_z=1.0)
    return {"coupling_y": coupling_y, **_dynamics(hamiltonian, UP, np.linspace(0, 5, 21))}


def _dynamics(hamiltonian: PauliSum, spin: Any, times: Any) -> dict[str, Any]:
    n_sites = hamiltonian.n_sites
    generator = OutcomeGenerator(Lindbladian(hamiltonian, decay(n_sites)), POVM)
    p = generator.evolve(POVM.product_probabilities([spin] * n_sites), times)
    steady = generator.steady_state()
    z = _mean(n_sites, "Z")
    return {
        "times": list(map(float, times)),
        "z": [round(float(value), 8) for value in POVM.expectation(z, p)],
        "steady_z": round(float(POVM.expectation(z, steady)), 8),
        "steady_residual": float(np.abs(generator.apply(steady)).sum()),
    }


def _mean(n_sites: int, pauli: str) -> PauliSum:
    return PauliSum(n_sites, [PauliTerm(1 / n_sites, (site,), pauli) for site in range(n_sites)])


if __name__ == "__main__":
    main()
