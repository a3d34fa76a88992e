"""The probability equation by plain matrices, independent of the library."""

import functools

import keras
import numpy as np
import pytest

X = np.array([[0, 1], [1, 0]], complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1.0 + 0j, -1])
LOWER = (X - 1j * Y) / 2
VECTORS = np.array(
    [
        [0, 0, 1],
        [2 * 2**0.5 / 3, 0, -1 / 3],
        [-(2**0.5) / 3, (2 / 3) ** 0.5, -1 / 3],
        [-(2**0.5) / 3, -((2 / 3) ** 0.5), -1 / 3],
    ]
)
FRAME = np.array([(np.eye(2) + v[0] * X + v[1] * Y + v[2] * Z) / 4 for v in VECTORS])
OVERLAP = np.einsum("aij,bji->ab", FRAME, FRAME).real
DUAL = np.einsum("aij,ab->bij", FRAME, np.linalg.inv(OVERLAP))


def kron(*parts):
    return functools.reduce(np.kron, parts)


def on_sites(n_sites, **operators):
    parts = [np.eye(2)] * n_sites
    for name, operator in operators.items():
        parts[int(name[1:])] = operator
    return kron(*parts)


def of_all_sites(frame, n_sites):
    found = frame
    for _ in range(n_sites - 1):
        found = np.einsum("aij,bkl->abikjl", found, frame)
        found = found.reshape(-1, *(2 * [found.shape[2] * found.shape[3]]))
    return found


def as_probabilities(n_sites, hamiltonian, jumps):
    """L_a^b of a density-matrix equation, from its definition."""
    frame, dual = of_all_sites(FRAME, n_sites), of_all_sites(DUAL, n_sites)
    moved = -1j * (hamiltonian @ dual - dual @ hamiltonian)
    for jump in jumps:
        square = jump.conj().T @ jump
        moved += jump @ dual @ jump.conj().T - (square @ dual + dual @ square) / 2
    return np.einsum("aij,bji->ab", frame, moved).real


class Heisenberg:
    """J_x XX + J_y YY + J_z ZZ on bonds, field B and decay with rate 1 on every site."""

    def __init__(self, n_sites, bonds, couplings=(2.0, 0.5, 1.0), field=1.0):
        self.n_sites, self.bonds = n_sites, bonds
        self.couplings, self.field = couplings, field

    def of_bond(self, operators):
        return sum(
            j * kron(p, q) for j, p, q in zip(self.couplings, operators, operators, strict=True)
        )

    def matrices(self):
        """One-site terms in equal parts on the bonds of a site."""
        counts = np.bincount(np.ravel(self.bonds), minlength=self.n_sites)
        two = as_probabilities(2, self.of_bond((X, Y, Z)), [])
        one = as_probabilities(1, self.field * Z, [LOWER])
        return np.array(
            [
                two + kron(one, np.eye(4)) / counts[i] + kron(np.eye(4), one) / counts[j]
                for i, j in self.bonds
            ]
        )

    def dense(self):
        n = self.n_sites
        hamiltonian = sum(self.field * on_sites(n, **{f"s{i}": Z}) for i in range(n))
        for i, j in self.bonds:
            for coupling, p in zip(self.couplings, (X, Y, Z), strict=True):
                hamiltonian = hamiltonian + coupling * on_sites(n, **{f"s{i}": p, f"s{j}": p})
        return as_probabilities(n, hamiltonian, [on_sites(n, **{f"s{i}": LOWER}) for i in range(n)])


@pytest.fixture
def heisenberg():
    return Heisenberg


@pytest.fixture
def pauli_values():
    return np.einsum("pij,bji->pb", np.array([X, Y, Z]), DUAL).real


@pytest.fixture
def product_probabilities():
    """Function of a Bloch vector: probabilities of the outcomes of one spin."""
    return lambda vector: (1 + VECTORS @ np.asarray(vector)) / 4


@pytest.fixture
def randomized():
    """Function of a network: changes its weights, so that nothing is special about them."""

    def change(network, scale=0.4, seed=4):
        keras.utils.set_random_seed(seed)
        rng = np.random.default_rng(seed)
        for variable in network.variables:
            variable.assign(variable + scale * rng.standard_normal(variable.shape))
        return network

    return change
