"""Writes heisenberg_square_5.json: the ground energy of the open Heisenberg square of side 5.

    python tests/golden/heisenberg_square_5.py

By Lanczos's recurrence on the 5,200,300 configurations with S_z = 1/2. As S_i . S_j is half
the exchange of the two spins less a quarter, H only permutes numbers. It takes some minutes and
1.2 GB.
"""

import json
from pathlib import Path

import numpy as np
from scipy.linalg import eigh_tridiagonal

SIDE = 5
N_UP = 12
PATH = Path(__file__).with_suffix(".json")
# Of the lowest energy between two looks at it.
TOLERANCE, LOOK_EVERY = 1e-11, 10


def main() -> None:
    """Computes the energy and writes it."""
    energy, n_products = ground_energy()
    content = {"energy": energy, "n_products": n_products, "numpy": np.__version__}
    PATH.write_text(json.dumps(content, indent=1) + "\n")


def ground_energy() -> tuple[float, int]:
    """Returns the energy of H = sum S_i . S_j, and the number of products with H."""
    exchanges = exchange_tables()
    v = np.random.default_rng(0).standard_normal(len(exchanges[0]))
    v /= np.linalg.norm(v)
    before, diagonal, beside, energy = np.zeros_like(v), [], [0.0], np.inf
    while True:
        image = -0.25 * len(exchanges) * v - beside[-1] * before
        for table in exchanges:
            image += 0.5 * v[table]
        diagonal.append(float(v @ image))
        image -= diagonal[-1] * v
        beside.append(float(np.linalg.norm(image)))
        before, v = v, image / beside[-1]
        if len(diagonal) % LOOK_EVERY == 0:
            last, energy = energy, lowest(diagonal, beside[1:-1])
            print(len(diagonal), energy, flush=True)
            if last - energy < TOLERANCE:
                return energy, len(diagonal)


def lowest(diagonal: list[float], beside: list[float]) -> float:
    """Returns the lowest eigenvalue of a symmetric tridiagonal matrix."""
    chosen = eigh_tridiagonal(diagonal, beside, eigvals_only=True, select="i", select_range=(0, 0))
    return float(chosen[0])


def exchange_tables() -> list[np.ndarray]:
    """Returns for each bond where every configuration goes when the two spins change places."""
    every = np.arange(1 << SIDE**2, dtype=np.int32)
    configurations = every[np.bitwise_count(every) == N_UP]
    number = np.empty(len(every), np.int32)
    number[configurations] = np.arange(len(configurations), dtype=np.int32)
    tables = []
    for i, j in bonds():
        differ = ((configurations >> i) ^ (configurations >> j)) & 1
        tables.append(number[configurations ^ (differ * ((1 << i) | (1 << j)))])
    return tables


def bonds() -> list[tuple[int, int]]:
    """Returns the pairs of neighbours."""
    sites = np.arange(SIDE**2).reshape(SIDE, SIDE)
    pairs = [(sites[:, :-1], sites[:, 1:]), (sites[:-1], sites[1:])]
    return [
        pair for a, b in pairs for pair in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)
    ]


if __name__ == "__main__":
    main()
