import numpy as np
import pytest

from qtf.physics import (
    Chain,
    PauliPolynomial,
    PauliSum,
    PauliTerm,
    commutator,
    heisenberg,
    ising,
)

from .test_operators import kronecker_sum, random_sum

X, Y, Z = (PauliSum(1, [PauliTerm(1.0, (0,), letter)]) for letter in "XYZ")


@pytest.fixture
def three():
    return [random_sum(3, 6, seed) for seed in range(3)]


def test_products_sums_and_differences_are_those_of_kronecker_products(
    three, kronecker, random_states
):
    a, b, c = three
    A, B, C = (kronecker_sum(operator, kronecker) for operator in three)
    psi = random_states(2, 8)
    for operator, expected in (
        (a - b, A - B),
        (-a, -A),
        (a @ b, A @ B),
        (a @ b @ c, A @ B @ C),
        (a @ (b @ c), A @ B @ C),
        (a @ b + c, A @ B + C),
        (c + a @ b, A @ B + C),
        (c - a @ b, C - A @ B),
        (a @ b - c @ b, A @ B - C @ B),
        ((2.0 - 3.0j) * (a @ b), (2.0 - 3.0j) * A @ B),
        ((a @ b).adjoint(), B @ A),
        (commutator(a, b), A @ B - B @ A),
    ):
        np.testing.assert_allclose(operator.to_dense(), expected, atol=1e-12)
        np.testing.assert_allclose(operator.apply(psi), psi @ expected.T, atol=1e-12)


def test_products_of_paulis_are_those_of_the_algebra():
    assert 1j * Z.as_polynomial() == X @ Y
    assert -1j * Z.as_polynomial() == Y @ X
    assert commutator(Z, X) == 2j * Y.as_polynomial()
    assert (X @ Y @ Z * -1j).hermitian() == PauliSum(1, [PauliTerm(1.0, (), "")])
    assert (X @ Y).coefficients == {((0, "Z"),): 1j}


def test_only_products_of_commuting_operators_are_hermitian(three):
    a, b, _ = three
    assert (a @ a).is_hermitian
    assert not (a @ b).is_hermitian
    # Tenths that have rounding.
    tenth = X * 0.1 + Y * 0.2
    assert (tenth @ tenth).hermitian().is_close(PauliSum(1, [PauliTerm(0.05, (), "")]))
    with pytest.raises(ValueError, match=r"must be Hermitian, but has .* up to 1\.$"):
        (X @ Y).hermitian()


def test_heisenberg_chain_conserves_its_total_spin_and_ising_does_not():
    total = PauliSum(4, [PauliTerm(1.0, (i,), "Z") for i in range(4)])
    assert commutator(heisenberg(Chain(4)), total).coefficients == {}
    assert commutator(ising(Chain(4)), total).coefficients


def test_equality_sees_neither_order_nor_form():
    terms = [PauliTerm(0.1, (0, 1), "XY"), PauliTerm(0.2, (1, 0), "YX"), PauliTerm(0.3, (1,), "Z")]
    one, other = PauliSum(2, terms), PauliSum(2, [*terms[::-1], PauliTerm(0.0, (0,), "X")])
    assert one == other
    assert hash(one) == hash(other)
    assert one.simplify().terms[0] == PauliTerm(0.1 + 0.2, (0, 1), "XY")
    assert one != other * 2.0
    assert one != PauliSum(3, terms)
    assert one != "XY"
    assert len({one, other}) == 1


def test_closeness_is_relative_to_the_largest_coefficient():
    thirds = X * 0.1 + X * 0.2
    assert thirds != X * 0.3
    for scale in (1e-9, 1.0, 1e9):
        assert (thirds * scale).is_close(X * 0.3 * scale)
        assert not (thirds * scale).is_close(X * 0.30001 * scale)
    assert not X.is_close(Y)
    assert X.is_close(X + Y * 1e-3, tolerance=1e-2)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: X @ ising(Chain(2)), ValueError, "`n_sites` must be 1 in both .*, but is 2"),
        (lambda: X - ising(Chain(2)), ValueError, "`n_sites` must be 1 in both .*, but is 2"),
        (lambda: PauliPolynomial(X, ising(Chain(2))), ValueError, "`n_sites` must be 1"),
        (lambda: (X @ Y) * "a", ValueError, "`factor` must be real"),
        (lambda: (X @ Y) * np.nan, ValueError, "`factor` must be one finite"),
        (lambda: X * Y, TypeError, "unsupported operand"),
        (lambda: (X @ Y) * X, TypeError, "unsupported operand"),
        (lambda: X - 1, TypeError, "unsupported operand"),
        (lambda: X @ 2, TypeError, "unsupported operand"),
        (lambda: (X @ Y) @ 2, TypeError, "unsupported operand"),
        (lambda: (X @ Y) + 2, TypeError, "unsupported operand"),
        (lambda: (X @ Y) - 2, TypeError, "unsupported operand"),
    ],
)
def test_what_does_not_go_together_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
