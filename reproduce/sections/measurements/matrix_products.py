"""Shots of long chains from matrix product states, for cases that no exact evolution reaches.

H = sum_i (x X_i X_{i+1} + y Y_i Y_{i+1} + z Z_i Z_{i+1}) + sum_i h_i X_i, open ends, hbar = 1.

Time goes on by sweeps over all bonds and back (a symmetric splitting of second order), five of
which make a step of fourth order (Suzuki, Phys. Lett. A 146, 319 (1990)). Bonds keep what is larger
than a discarded weight, so that the error is known and small against that of shots.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.linalg import expm

from qtf.measurements.experiments import Experiments, Setting
from qtf.measurements.outcomes import product_states
from qtf.physics.pauli_matrices import PAULI_MATRICES

DT = 0.1
# Of the square of the norm, at each division.
DISCARDED = 1e-11
LARGEST_BOND = 128
_OUTER = 1 / (4 - 4 ** (1 / 3))
FOURTH_ORDER = (_OUTER, _OUTER, 1 - 4 * _OUTER, _OUTER, _OUTER)
# Columns are the states of the results +1 and -1.
_RESULTS = {
    "X": np.array([[1, 1], [1, -1]]) / np.sqrt(2),
    "Y": np.array([[1, 1], [1j, -1j]]) / np.sqrt(2),
    "Z": np.eye(2),
}

Tensors = list[np.ndarray]


def evolve_product(
    couplings: Iterable[float], fields: np.ndarray, start: Setting, times: Sequence[float]
) -> list[Tensors]:
    """Returns the states of a product state at some times.

    Args:
        couplings: x, y, z.
        fields: h_i, (n_sites,).
        start: A setting with the preparation.
        times: Ascending, multiples of 0.1.

    Returns:
        For each time tensors (left, 2, right), orthonormal to the right of the first.
    """
    angles = np.array(start.preparation)
    state: Tensors = [product_states(site[None, None]).reshape(1, 2, 1) for site in angles]
    bonds = _bonds(couplings, fields)
    gates = {
        share: [expm(-0.5j * share * DT * bond).reshape(2, 2, 2, 2) for bond in bonds]
        for share in set(FOURTH_ORDER)
    }
    states, done = [], 0
    for time in times:
        n_steps = round(time / DT)
        for _ in range(n_steps - done):
            for share in FOURTH_ORDER:
                _sweep(state, gates[share])
        done = n_steps
        states.append(list(state))
    return states


def draw_shots(
    states: Sequence[Tensors], settings: Sequence[Setting], times: Sequence[float], seed: int
) -> Experiments:
    """Draws the shots of settings.

    Args:
        states: State at each time.
        settings: The settings, whose preparation is that of the states.
        times: The times.
        seed: Non-negative integer.
    """
    random = np.random.default_rng(seed)
    counts: list[dict[str, int]] = [{} for _ in settings]
    for state, time in zip(states, times, strict=True):
        rows = [row for row, setting in enumerate(settings) if setting.time == time]
        which = np.repeat(rows, [settings[row].shots for row in rows])
        bases = np.array([list(settings[row].basis) for row in rows])
        bits = _draw(state, np.repeat(bases, [settings[row].shots for row in rows], 0), random)
        for row, string in zip(which.tolist(), map("".join, bits.astype("U1")), strict=True):
            counts[row][string] = counts[row].get(string, 0) + 1
    return Experiments(settings, counts)


def amplitudes_of(state: Tensors) -> np.ndarray:
    """Returns all amplitudes of a short chain, (2**n_sites,)."""
    total = np.ones((1, 1))
    for tensor in state:
        total = np.tensordot(total, tensor, 1).reshape(-1, tensor.shape[2])
    return total[:, 0]


def _bonds(couplings: Iterable[float], fields: np.ndarray) -> list[np.ndarray]:
    """Returns the operators of neighbours, fields shared between those of a site."""
    pair = sum(
        value * np.kron(PAULI_MATRICES[letter], PAULI_MATRICES[letter])
        for value, letter in zip(couplings, "XYZ", strict=True)
    )
    x, one, shares = PAULI_MATRICES["X"], np.eye(2), np.array(fields) / 2
    shares[[0, -1]] *= 2
    return [
        pair + left * np.kron(x, one) + right * np.kron(one, x)
        for left, right in zip(shares, shares[1:], strict=False)
    ]


def _sweep(state: Tensors, gates: Sequence[np.ndarray]) -> None:
    """Applies half of all gates to the right, and half back to the left."""
    places = [*range(len(gates))]
    for to_right, order in ((True, places), (False, places[::-1])):
        for k in order:
            pair = np.tensordot(state[k], state[k + 1], 1)
            turned = np.einsum("abcd,lcdr->labr", gates[k], pair)
            state[k], state[k + 1] = _divide(turned, to_right)


def _divide(pair: np.ndarray, to_right: bool) -> tuple[np.ndarray, np.ndarray]:
    left, _, _, right = pair.shape
    u, values, v = np.linalg.svd(pair.reshape(2 * left, 2 * right), full_matrices=False)
    beyond = np.cumsum(values[::-1] ** 2)[::-1]
    kept = min(LARGEST_BOND, max(1, int((beyond > DISCARDED).sum())))
    values = values[:kept] / np.linalg.norm(values[:kept])
    u, v = u[:, :kept], v[:kept]
    u, v = (u, values[:, None] * v) if to_right else (u * values, v)
    return u.reshape(left, 2, kept), v.reshape(kept, 2, right)


def _draw(state: Tensors, bases: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns bits of shots, (n_shots, n_sites), site after site."""
    before = np.ones((len(bases), 1), np.complex128)
    bits = np.zeros(bases.shape, np.int8)
    for site, tensor in enumerate(state):
        after = np.empty((len(bases), 2, tensor.shape[2]), np.complex128)
        for letter, results in _RESULTS.items():
            some = bases[:, site] == letter
            turned = np.einsum("lsr,sb->lbr", tensor, results.conj())
            after[some] = np.tensordot(before[some], turned, 1)
        weights = (np.abs(after) ** 2).sum(2)
        ones = random.random(len(bases)) * weights.sum(1) >= weights[:, 0]
        bits[:, site] = ones
        rows = np.arange(len(bases))
        chosen = ones.astype(int)
        before = after[rows, chosen] / np.sqrt(weights[rows, chosen])[:, None]
    return bits
