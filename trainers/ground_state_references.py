"""Which energy a ground-state run is held against, and where it is from."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from qtf.physics import (
    Chain,
    from_config,
    heisenberg_chain_ground_energy,
    lanczos_ground_energy,
    lattice_from_config,
    published_energies,
)
from qtf.physics.ground_energies import QUICK_LANCZOS_SITES


@dataclass(frozen=True)
class Reference:
    """A known ground energy.

    Attributes:
        energy: Of the whole lattice, in the units of the Hamiltonian.
        error: Its statistical error; 0: none is known.
        source: How it was found, or by whom.
    """

    energy: float
    error: float
    source: str


def find_reference(config: dict[str, Any]) -> Reference | None:
    """Returns the energy that is given, found by Lanczos or Bethe equations, or published."""
    if config["reference"] is not None:
        return Reference(config["reference"], 0.0, "the configuration")
    physics = config["physics"]["hamiltonian"]
    hamiltonian = from_config(physics)
    if hamiltonian.n_sites <= QUICK_LANCZOS_SITES:
        return Reference(lanczos_ground_energy(hamiltonian), 0.0, "Lanczos")
    exact = _bethe_energy(physics)
    if exact is not None:
        return Reference(exact, 0.0, "Bethe equations")
    published = published_energies(physics)
    if not published:
        return None
    best, n_sites = published[0], hamiltonian.n_sites
    source = f"{best.method}, {best.source}"
    return Reference(n_sites * best.energy_per_site, n_sites * best.error, source)


def _bethe_energy(hamiltonian: dict[str, Any]) -> float | None:
    """Returns the energy of an open Heisenberg chain, or None for anything else."""
    lattice, coupling = lattice_from_config(hamiltonian), hamiltonian.get("coupling", 1.0)
    is_chain = isinstance(lattice, Chain) and not lattice.periodic and lattice.n_sites % 2 == 0
    if hamiltonian["name"] != "heisenberg" or not is_chain or np.ndim(coupling) or coupling <= 0:
        return None
    factor = 4.0 if hamiltonian.get("units", "spin") == "pauli" else 1.0
    return factor * coupling * heisenberg_chain_ground_energy(lattice.n_sites)
