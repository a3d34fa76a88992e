from types import SimpleNamespace

import numpy as np
import pytest

from qtf.physics import (
    Chain,
    PauliSum,
    PauliTerm,
    from_matrix,
    from_openfermion,
    from_qutip,
    heisenberg,
    ising,
    to_openfermion,
    to_qutip,
)

from .test_operators import random_sum


class Qobj:
    """What is asked of an operator of QuTiP."""

    def __init__(self, matrix, dims):
        self.matrix, self.dims = matrix, dims

    def full(self):
        return self.matrix.toarray() if hasattr(self.matrix, "toarray") else self.matrix


QUTIP = SimpleNamespace(Qobj=Qobj)


@pytest.mark.parametrize("n_sites", [1, 2, 4])
def test_matrix_is_decomposed_into_its_strings(n_sites):
    operator = random_sum(n_sites, 12, seed=n_sites)
    assert from_matrix(operator.to_dense()).is_close(operator)


def test_random_hermitian_matrix_comes_back():
    parts = np.random.default_rng(0).standard_normal((2, 8, 8))
    matrix = 1e-9 * (parts[0] + parts[0].T + 1j * (parts[1] - parts[1].T))
    operator = from_matrix(matrix)
    assert len(operator.terms) == 64
    np.testing.assert_allclose(operator.to_dense(), matrix, atol=1e-22)
    assert from_matrix(np.zeros((2, 2))) == PauliSum(1, [])


@pytest.mark.parametrize("hamiltonian", [heisenberg(Chain(3)), random_sum(3, 6, seed=5)])
def test_way_to_qutip_and_back_changes_nothing(hamiltonian):
    operator = to_qutip(hamiltonian, QUTIP)
    assert operator.dims == [[2, 2, 2], [2, 2, 2]]
    np.testing.assert_array_equal(operator.full(), hamiltonian.to_dense())
    assert from_qutip(operator).is_close(hamiltonian)


def test_way_to_openfermion_and_back_changes_nothing():
    hamiltonian = random_sum(4, 6, seed=1)
    terms = to_openfermion(hamiltonian)
    assert from_openfermion(terms, 4) == hamiltonian
    complex_ones = SimpleNamespace(terms={key: complex(value) for key, value in terms.items()})
    assert from_openfermion(complex_ones, n_sites=4) == hamiltonian


def test_number_of_sites_of_openfermion_is_that_of_its_highest_site():
    expected = PauliSum(3, [PauliTerm(0.5, (0, 2), "XY"), PauliTerm(-1.0, (), "")])
    assert from_openfermion({((0, "X"), (2, "Y")): 0.5, (): -1.0}) == expected
    assert from_openfermion({}) == PauliSum(1, [])


@pytest.mark.parametrize(
    ("convert", "message"),
    [
        (lambda: from_matrix([[0, 1], [0, 0]]), "`matrix` must be Hermitian, but .* by 1"),
        (lambda: from_matrix(np.eye(3)), "`dimension` must be a power of two, but is 3"),
        (lambda: from_matrix(np.zeros((1, 2, 2))), r"must be one matrix, .* shape \(1, 2, 2\)"),
        (lambda: from_matrix(np.eye(2048)), "`n_sites` must be an integer from 1 to 10"),
        (lambda: from_qutip(np.eye(2)), "must have the dims .* but has None"),
        (lambda: from_qutip(Qobj(np.eye(3), [[3], [3]])), r"dims .* but has \[\[3\], \[3\]\]"),
        (lambda: from_qutip(Qobj(np.eye(2), [[2], [1]])), r"dims .* but has \[\[2\], \[1\]\]"),
        (lambda: from_openfermion(5), "must be a mapping .* but is 5"),
        (lambda: from_openfermion({((0, "X"),): 1j}), "`coefficient` must be real, but is 1j"),
        (lambda: from_openfermion({(0, "X"): 1.0}), r"keys of pairs .* but has \(0, 'X'\)"),
        (lambda: from_openfermion({((0, "W"),): 1.0}), "`paulis` must be one letter"),
        (lambda: from_openfermion({((3, "X"),): 1.0}, 2), "sites below n_sites = 2"),
        (lambda: to_qutip(ising(Chain(25)), QUTIP), "`n_sites` must be an integer from 1 to 24"),
    ],
)
def test_what_is_no_sum_of_pauli_strings_is_refused(convert, message):
    with pytest.raises(ValueError, match=message):
        convert()
