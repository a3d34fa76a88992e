"""Ground energies of lattices too large for exact methods, as others found them."""

from dataclasses import dataclass

import numpy as np

from qtf.physics.hamiltonian_settings import HamiltonianSettings
from qtf.physics.hamiltonians import UNITS

# What an energy is.
EXACT = "exact"
MONTE_CARLO = "Monte Carlo"
VARIATIONAL = "variational"
EXTRAPOLATED = "extrapolated"

NAQS = "Sharir et al., Phys. Rev. Lett. 124, 020503 (2020)"
PEPS = "Liu et al., Phys. Rev. B 95, 195154 (2017)"
# Recurrent networks as well, with the signs built in and grown in size.
GATED = "two-dimensional gated recurrent network"
GATED_SOURCE = "Moss et al., arXiv:2502.17144 (2025)"
RETRAINING = "Roth, arXiv:2003.06228 (2020)"
VARBENCH = "Wu et al., Science 386, 296 (2024), github.com/varbench/varbench"
OUR_LANCZOS = "tests/golden/heisenberg_square_5.py"

DIAGONALIZATION = "exact diagonalization"
QMC = "quantum Monte Carlo"
KINDS = {DIAGONALIZATION: EXACT, QMC: MONTE_CARLO}

# Quotients of couplings that differ by no more are the same key of a table.
SAME_RATIO = 1e-12


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

    @property
    def kind(self) -> str:
        """Whether it is "exact", "Monte Carlo", or "variational": above the ground energy."""
        return KINDS.get(self.method, VARIATIONAL)


Rows = tuple[tuple[str, float, float, str], ...]

# Sites of a side, whether it is periodic, |transverse field / coupling|. Pauli matrices.
ISING: dict[tuple[int, bool, float], Rows] = {
    (6, True, 3.0): ((DIAGONALIZATION, -115.232707303718 / 36, 0.0, VARBENCH),),
    (12, False, 2.0): ((QMC, -2.40960, 3e-5, NAQS), ("NAQS", -2.4096022, 2e-7, NAQS)),
    (12, False, 2.5): ((QMC, -2.74760, 3e-5, NAQS), ("NAQS", -2.7476550, 5e-7, NAQS)),
    (12, False, 3.0): ((QMC, -3.17388, 4e-5, NAQS), ("NAQS", -3.1739005, 5e-7, NAQS)),
    (12, False, 3.5): ((QMC, -3.64243, 4e-5, NAQS), ("NAQS", -3.6424799, 3e-7, NAQS)),
    (12, False, 4.0): ((QMC, -4.12178, 4e-5, NAQS), ("NAQS", -4.1217979, 2e-7, NAQS)),
}
# Sites of a side, whether it is periodic, next-nearest over nearest coupling. S = sigma / 2.
HEISENBERG: dict[tuple[int, bool, float], Rows] = {
    (5, False, 0.0): ((DIAGONALIZATION, -14.696146437118642 / 25, 0.0, OUR_LANCZOS),),
    (6, False, 0.0): (
        (DIAGONALIZATION, -0.603521834513724, 0.0, VARBENCH),
        ("DMRG", -0.6035218, 0.0, RETRAINING),
        ("PEPS", -0.603535, 0.0, RETRAINING),
        (GATED, -0.6035162, 4.9e-6, GATED_SOURCE),
        ("two-dimensional LSTM", -0.603417, 0.0, RETRAINING),
    ),
    (6, True, 0.0): ((DIAGONALIZATION, -0.678872149980, 0.0, VARBENCH),),
    (6, True, 0.5): ((DIAGONALIZATION, -72.548590160286 / 144, 0.0, VARBENCH),),
    (8, False, 0.0): ((GATED, -0.6190335, 5.7e-6, GATED_SOURCE),),
    (10, False, 0.0): (
        (QMC, -0.628656, 2e-6, PEPS),
        (GATED, -0.6286478, 5.8e-6, GATED_SOURCE),
        ("PEPS", -0.628601, 2e-6, PEPS),
        ("NAQS", -0.628627, 1e-6, NAQS),
    ),
    (12, False, 0.0): ((GATED, -0.6352002, 5.8e-6, GATED_SOURCE),),
    (16, False, 0.0): (
        (QMC, -0.643531, 2e-6, PEPS),
        (GATED, -0.6435208, 5.1e-6, GATED_SOURCE),
        ("PEPS", -0.643391, 3e-6, PEPS),
        ("NAQS", -0.643448, 1e-6, NAQS),
    ),
    (20, False, 0.0): ((GATED, -0.6485899, 5.0e-6, GATED_SOURCE),),
}


def published_energies(hamiltonian: HamiltonianSettings) -> tuple[PublishedEnergy, ...]:
    """Returns what is known of a Hamiltonian, the best reference first.

    Energies scale with the coupling, an antiferromagnetic one for the Heisenberg model; the
    sign of neither coupling nor transverse field matters to the Ising model on these lattices.

    Args:
        hamiltonian: Its settings.

    Returns:
        Nothing where there is no table. There are those of squares: Ising models without
        longitudinal field, open with a side of 12 and periodic with one of 6; Heisenberg
        models, open with sides 5, 6, 8, 10, 12, 16 and 20, periodic with one of 6, there also
        the J1-J2 model of J2 = J1 / 2. Open ones of 8, 12 and 20 are variational, a little
        above the ground energy.

    Example:
        >>> square = {"lattice": "square", "n_rows": 10, "n_columns": 10}
        >>> published_energies(HamiltonianSettings("heisenberg", square))[0].energy_per_site
        -0.628656
        >>> doubled = HamiltonianSettings("heisenberg", {**square, "coupling": 2.0})
        >>> published_energies(doubled)[0].kind
        'Monte Carlo'
    """
    values = hamiltonian.values
    side = values.get("n_rows")
    if hamiltonian.lattice_kind != "square" or side != values.get("n_columns"):
        return ()
    found = _ising(hamiltonian) if hamiltonian.name == "ising" else _heisenberg(hamiltonian)
    if found is None:
        return ()
    table, ratio, factor = found
    periodic = values.get("periodic", False)
    for (known_side, is_periodic, known_ratio), rows in table.items():
        same = np.isclose(ratio, known_ratio, rtol=SAME_RATIO, atol=SAME_RATIO)
        if (known_side, is_periodic) == (side, periodic) and same:
            return tuple(
                PublishedEnergy(method, factor * energy, factor * error, source)
                for method, energy, error, source in rows
            )
    return ()


_Found = tuple[dict[tuple[int, bool, float], Rows], float, float] | None


def _ising(hamiltonian: HamiltonianSettings) -> _Found:
    """Returns table, quotient of couplings and the factor of its energies, or None."""
    coupling, transverse, longitudinal = map(
        hamiltonian.number, ("coupling", "transverse_field", "longitudinal_field")
    )
    # Coefficients of each bond or site are in no table.
    if not coupling or transverse is None or longitudinal != 0:
        return None
    return ISING, abs(transverse / coupling), abs(coupling)


def _heisenberg(hamiltonian: HamiltonianSettings) -> _Found:
    if hamiltonian.name not in ("heisenberg", "j1j2"):
        return None
    coupling = hamiltonian.number("coupling")
    second = hamiltonian.number("next_nearest_coupling") if hamiltonian.name == "j1j2" else 0.0
    if coupling is None or second is None or not coupling > 0:
        return None
    factor = coupling * UNITS[str(hamiltonian["units"])] / UNITS["spin"]
    return HEISENBERG, second / coupling, factor
