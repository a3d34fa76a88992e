import itertools
import json

import numpy as np
import pytest

from qtf.physics import Chain, PauliSum, PauliTerm, ising


def random_sum(n_sites, n_terms, seed, letters="XYZ"):
    rng = np.random.default_rng(seed)
    terms = []
    for _ in range(n_terms):
        weight = rng.integers(1, n_sites + 1)
        sites = tuple(rng.permutation(n_sites)[:weight].tolist())
        paulis = "".join(rng.choice(list(letters), size=weight))
        terms.append(PauliTerm(float(rng.normal()), sites, paulis))
    return PauliSum(n_sites, terms)


def kronecker_sum(operator, kronecker):
    strings = (
        t.coefficient * kronecker(operator.n_sites, dict(zip(t.sites, t.paulis, strict=True)))
        for t in operator.terms
    )
    return sum(strings, np.zeros((operator.dimension,) * 2))


@pytest.mark.parametrize("letters", ["X", "Y", "Z", "XZ", "XYZ"])
@pytest.mark.parametrize("n_sites", [1, 2, 3, 5])
def test_dense_sparse_and_apply_equal_kronecker_products(
    n_sites, letters, kronecker, random_states
):
    for seed in range(5):
        operator = random_sum(n_sites, 12, seed, letters)
        expected = kronecker_sum(operator, kronecker)
        psi = random_states(3, operator.dimension, seed)
        np.testing.assert_allclose(operator.to_dense(), expected, atol=1e-13)
        np.testing.assert_allclose(operator.to_sparse().toarray(), expected, atol=1e-13)
        np.testing.assert_allclose(operator.apply(psi), psi @ expected.T, atol=1e-12)


def test_every_two_site_string_equals_kronecker_product(kronecker):
    for paulis in map("".join, itertools.product("XYZ", repeat=2)):
        for sites in itertools.permutations(range(3), 2):
            operator = PauliSum(3, [PauliTerm(0.7, sites, paulis)])
            np.testing.assert_allclose(
                operator.to_dense(), kronecker_sum(operator, kronecker), atol=1e-15
            )


def test_identity_term_shifts_the_diagonal():
    operator = PauliSum(2, [PauliTerm(3.0, (), ""), PauliTerm(1.0, (0,), "Z")])
    np.testing.assert_array_equal(operator.to_dense(), np.diag([4.0, 4.0, 2.0, 2.0]))


def test_sum_of_no_terms_is_zero():
    operator = PauliSum(2, [])
    np.testing.assert_array_equal(operator.to_dense(), np.zeros((4, 4)))
    assert operator.to_sparse().nnz == 0
    np.testing.assert_array_equal(operator.apply(np.ones(4)), np.zeros(4))


def test_matrix_is_real_exactly_if_each_term_has_even_number_of_y():
    real = PauliSum(2, [PauliTerm(1.0, (0, 1), "YY"), PauliTerm(1.0, (0,), "X")])
    assert real.is_real
    assert real.to_dense().dtype == real.to_sparse().dtype == np.float64
    other = real + PauliSum(2, [PauliTerm(1.0, (0,), "Y")])
    assert not other.is_real
    assert other.to_dense().dtype == other.to_sparse().dtype == np.complex128


def test_apply_on_batches_equals_apply_on_single_states(random_states):
    operator = random_sum(3, 8, seed=1)
    psi = random_states(6, 8).reshape(2, 3, 8)
    one_by_one = [[operator.apply(state) for state in row] for row in psi]
    np.testing.assert_array_equal(operator.apply(psi), one_by_one)


def test_sparse_matrix_is_canonical_and_holds_no_zeros():
    matrix = ising(Chain(5), longitudinal_field=0.0).to_sparse()
    assert matrix.has_canonical_format
    assert np.all(matrix.data != 0)


def test_sum_and_multiple_equal_those_of_matrices():
    a, b = random_sum(3, 4, seed=1), random_sum(3, 4, seed=2)
    expected = a.to_dense() - 2.5 * b.to_dense()
    np.testing.assert_allclose((a + b * -2.5).to_dense(), expected, atol=1e-14)
    np.testing.assert_allclose((a + -2.5 * b).to_dense(), expected, atol=1e-14)


def test_dict_through_json_gives_equal_operator():
    operator = random_sum(4, 6, seed=3)
    assert PauliSum.from_dict(json.loads(json.dumps(operator.to_dict()))) == operator


def test_sums_of_many_sites_need_no_matrix():
    assert ising(Chain(100)).dimension == 2**100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1j, (0,), "X"), r"`coefficient` must be real, but is 1j\."),
        ((np.nan, (0,), "X"), r"`coefficient` must be one finite real number, but is nan\."),
        ((1.0, (0, 0), "XX"), r"`sites` must not repeat a site, but is \(0, 0\)\."),
        ((1.0, (-1,), "X"), r"`sites` must be an integer of at least 0, but is -1\."),
        ((1.0, 0, "X"), r"`sites` must be a tuple of sites, but is 0\."),
        ((1.0, (0, 1), "X"), r"`paulis` must be one letter .* of 2 sites, but is 'X'\."),
        ((1.0, (0,), "I"), r"`paulis` must be one letter X, Y or Z .*, but is 'I'\."),
        ((1.0, (0,), None), r"`paulis` must be one letter X, Y or Z .*, but is None\."),
    ],
)
def test_term_with_wrong_argument_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        PauliTerm(*arguments)


def test_term_outside_the_sites_is_refused():
    message = r"`sites` must hold sites below n_sites = 2, but is \(0, 2\)\."
    with pytest.raises(ValueError, match=message):
        PauliSum(2, [PauliTerm(1.0, (0, 2), "ZZ")])


def test_sum_of_no_sites_is_refused():
    with pytest.raises(ValueError, match=r"`n_sites` must be an integer of at least 1, but is 0\."):
        PauliSum(0, [])


def test_sum_of_different_sizes_is_refused():
    with pytest.raises(ValueError, match=r"`n_sites` must be 2 in both operators, but is 3\."):
        ising(Chain(2)) + ising(Chain(3))


def test_sum_with_something_else_is_a_type_error():
    with pytest.raises(TypeError):
        ising(Chain(2)) + 1


def test_multiple_by_complex_number_is_refused():
    with pytest.raises(ValueError, match=r"`factor` must be real, but is 2j\."):
        ising(Chain(2)) * 2j


def test_matrices_of_too_many_spins_are_refused():
    with pytest.raises(ValueError, match=r"`n_sites` must be an integer from 1 to 14, but is 15\."):
        ising(Chain(15)).to_dense()
    with pytest.raises(ValueError, match=r"`n_sites` must be an integer from 1 to 24, but is 25\."):
        ising(Chain(25)).to_sparse()


def test_apply_on_state_of_other_dimension_is_refused():
    with pytest.raises(ValueError, match=r"`psi` must have 4 amplitudes .* shape \(8,\)\."):
        ising(Chain(2)).apply(np.ones(8))


@pytest.mark.parametrize(
    "content",
    [{"n_sites": 2}, {"n_sites": 2, "terms": [], "more": 1}, {"n_sites": 1, "terms": [{}]}, 3],
)
def test_dict_with_missing_or_unknown_keys_is_refused(content):
    with pytest.raises(ValueError, match=r"`content` must have the keys (n_sites|coefficient)"):
        PauliSum.from_dict(content)
