"""Ground energies of lattices too large for exact methods, as others found them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

NAQS = "Sharir et al., Phys. Rev. Lett. 124, 020503 (2020)"
PEPS = "Liu et al., Phys. Rev. B 95, 195154 (2017)"
# Recurrent networks as well, with the signs built in and grown in size.
GATED = "two-dimensional gated recurrent network"
GATED_SOURCE = "Moss et al., arXiv:2502.17144 (2025)"
RETRAINING = "Roth, arXiv:2003.06228 (2020)"


@dataclass(frozen=True)
class PublishedEnergy:
    """One number of a table.

    Attributes:
        method: How it was found.
        energy_per_site: In the units of the Hamiltonian.
        error: Its statistical error; 0: none was given.
        source: Where it stands.
    """

    method: str
    energy_per_site: float
    error: float
    source: str


# Open squares of so many sites a side; field in units of the coupling, Pauli matrices.
ISING_SQUARE: dict[Any, tuple[tuple[str, float, float], ...]] = {
    (12, 2.0): (("quantum Monte Carlo", -2.40960, 3e-5), ("NAQS", -2.4096022, 2e-7)),
    (12, 2.5): (("quantum Monte Carlo", -2.74760, 3e-5), ("NAQS", -2.7476550, 5e-7)),
    (12, 3.0): (("quantum Monte Carlo", -3.17388, 4e-5), ("NAQS", -3.1739005, 5e-7)),
    (12, 3.5): (("quantum Monte Carlo", -3.64243, 4e-5), ("NAQS", -3.6424799, 3e-7)),
    (12, 4.0): (("quantum Monte Carlo", -4.12178, 4e-5), ("NAQS", -4.1217979, 2e-7)),
}
# Open squares, H = sum S S.
HEISENBERG_SQUARE: dict[Any, tuple[tuple[str, float, float, str], ...]] = {
    6: (
        ("DMRG", -0.6035218, 0.0, RETRAINING),
        ("PEPS", -0.603535, 0.0, RETRAINING),
        (GATED, -0.6035162, 4.9e-6, GATED_SOURCE),
        ("two-dimensional LSTM", -0.603417, 0.0, RETRAINING),
    ),
    8: ((GATED, -0.6190335, 5.7e-6, GATED_SOURCE),),
    10: (
        ("quantum Monte Carlo", -0.628656, 2e-6, PEPS),
        (GATED, -0.6286478, 5.8e-6, GATED_SOURCE),
        ("PEPS", -0.628601, 2e-6, PEPS),
        ("NAQS", -0.628627, 1e-6, NAQS),
    ),
    12: ((GATED, -0.6352002, 5.8e-6, GATED_SOURCE),),
    16: (
        ("quantum Monte Carlo", -0.643531, 2e-6, PEPS),
        (GATED, -0.6435208, 5.1e-6, GATED_SOURCE),
        ("PEPS", -0.643391, 3e-6, PEPS),
        ("NAQS", -0.643448, 1e-6, NAQS),
    ),
    20: ((GATED, -0.6485899, 5.0e-6, GATED_SOURCE),),
}


def published_energies(hamiltonian: dict[str, Any]) -> tuple[PublishedEnergy, ...]:
    """Returns what is known of a Hamiltonian, the best reference first.

    Args:
        hamiltonian: Its configuration, as `from_config` takes it.

    Returns:
        Nothing where there is no table: open squares of 12 x 12 for the Ising model without
        longitudinal field, of sides 6, 8, 10, 12, 16 and 20 for the Heisenberg model; those of
        8, 12 and 20 are variational, a little above the ground energy.

    Example:
        >>> square = {"lattice": "square", "n_rows": 10, "n_columns": 10}
        >>> published_energies({"name": "heisenberg", **square})[0].energy_per_site
        -0.628656
    """
    side = hamiltonian.get("n_rows")
    square = hamiltonian.get("lattice") == "square" and side == hamiltonian.get("n_columns")
    if not square or hamiltonian.get("periodic", False) or hamiltonian.get("coupling", 1.0) != 1.0:
        return ()
    name = hamiltonian["name"]
    field: Any = hamiltonian.get("transverse_field")
    # A field of each site is no key of a table.
    if name == "ising" and hamiltonian.get("longitudinal_field") == 0.0 and not np.ndim(field):
        return tuple(PublishedEnergy(*row, NAQS) for row in ISING_SQUARE.get((side, field), ()))
    if name == "heisenberg":
        # S = sigma / 2.
        factor = 4.0 if hamiltonian.get("units", "spin") == "pauli" else 1.0
        return tuple(
            PublishedEnergy(method, factor * energy, factor * error, source)
            for method, energy, error, source in HEISENBERG_SQUARE.get(side, ())
        )
    return ()
