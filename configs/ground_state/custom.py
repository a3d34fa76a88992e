"""Any Hamiltonian from a JSON file; without one, a ring of 8 spins that a flux drives around.

--config=custom:FILE

The file holds terms and, beside them, the keys of a lattice, see docs/hamiltonians.md. How it is
searched is chosen by what is proven of its ground state.
"""

import math

from ml_collections import ConfigDict

from qtf.configuration import config_dict
from qtf.ground_states.runs.presets import make_settings
from qtf.physics import HamiltonianSettings

# Phase that a spin up gains from site to site; around the ring these are 4.
TWIST = 0.5


def get_config(choice: str = "") -> ConfigDict:
    values = {"terms_file": choice} if choice else _make_ring(8)
    return config_dict(make_settings(HamiltonianSettings("custom", values)))


def _make_ring(n_sites: int) -> dict:
    """Returns H = -sum_i (exp(i TWIST) S+_i S-_(i+1) + h.c.) + sum_i Z_i Z_(i+1) / 4."""
    hopping, twist = (-0.5 * part(TWIST) for part in (math.cos, math.sin))
    coefficients = {"XX": hopping, "YY": hopping, "XY": twist, "YX": -twist, "ZZ": 0.25}
    terms = [
        {"paulis": pair, "on": "nearest", "coefficient": value}
        for pair, value in coefficients.items()
    ]
    return {"lattice": "chain", "n_sites": n_sites, "periodic": True, "terms": terms}
