"""Jumps of three spins, of every kind."""

TILTED = {"matrix": [[0.3, "1j"], [0.5, 0.2]], "rate": 0.7}
NOISE = {
    "site-dependent decay": {"decay": [1.0, 0.5, 0.0]},
    "dephasing and pump": {"decay": 0.4, "dephasing": 0.3, "pump": [0.0, 0.2, 0.7]},
    "depolarising": {"depolarising": 0.4},
    "a matrix of one's own": {"tilted": TILTED},
}
