"""Any Hamiltonian from a JSON file; without one, a ring of 8 spins that a flux drives around.

--config=custom:FILE

The file holds terms and, beside them, the keys of a lattice, see docs/ground_states.md.
"""

import math

from ml_collections import ConfigDict

from qtf.ground_states.runs.recipes import start, use_reconfiguration

# Phase that a spin up gains from site to site; around the ring these are 4.
TWIST = 0.5


def get_config(choice: str = "") -> ConfigDict:
    config = start("custom", **({"terms_file": choice} if choice else _make_ring(8)))
    config.network.name = "gru"
    config.network.units = 32
    # Phases are learned while all spins are about equally likely.
    config.penalties.temperature = 1.0
    config.penalties.temperature_decay = 0.1
    use_reconfiguration(config, n_samples=512, n_epochs=12, learning_rate=0.05)
    return config


def _make_ring(n_sites: int) -> dict:
    """Returns H = -sum_i (exp(i TWIST) S+_i S-_(i+1) + h.c.) + sum_i Z_i Z_(i+1) / 4."""
    hopping, twist = (-0.5 * part(TWIST) for part in (math.cos, math.sin))
    coefficients = {"XX": hopping, "YY": hopping, "XY": twist, "YX": -twist, "ZZ": 0.25}
    terms = [
        {"paulis": pair, "on": "nearest", "coefficient": value}
        for pair, value in coefficients.items()
    ]
    return {"lattice": "chain", "n_sites": n_sites, "periodic": True, "terms": terms}
