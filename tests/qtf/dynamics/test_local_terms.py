import json

import numpy as np
import pytest

from qtf.dynamics.local_terms import LocalTerms

from .conftest import dense_generator

FIELDS = (0.3, -1.2, 0.7, 0.1)
KINDS = {
    "uniform": LocalTerms(),
    "range 3": LocalTerms(interaction_range=3),
    "site": LocalTerms(site_dependent=True, n_sites=4),
    "fields": LocalTerms(fields=FIELDS),
}


def coefficients(terms, seed=0):
    return np.random.default_rng(seed).normal(size=terms.size)


@pytest.mark.parametrize(("kind", "size"), [("uniform", 20), ("range 3", 38), ("fields", 23)])
def test_number_of_coefficients(kind, size):
    terms = KINDS[kind]
    assert terms.size == len(set(terms.names)) == size


def test_names_of_a_chain_with_its_own_fields_count_from_one():
    names = KINDS["site"].names
    assert names[:4] == ("X_1", "Y_1", "Z_1", "X_2")
    assert names[12:14] == ("X_i X_{i+1}", "X_i Y_{i+1}")
    assert names[-1] == "1"
    assert len(names) == 4 * 3 + 9 + 1


@pytest.mark.parametrize("kind", KINDS)
def test_pauli_sum_equals_kronecker_products(kind):
    terms = KINDS[kind]
    values = coefficients(terms)
    for n_sites in (4,) if terms.n_sites else (1, 2, 3, 5):
        expected = dense_generator(terms.split(values), n_sites, FIELDS)
        found = terms.pauli_sum(values, n_sites).to_dense()
        np.testing.assert_allclose(found, expected, atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_sum_of_operators_is_the_pauli_sum(kind):
    terms = KINDS[kind]
    values = coefficients(terms)
    operators = [operator.to_dense() for operator in terms.operators(4)]
    found = np.tensordot(values, np.stack(operators), axes=1)
    np.testing.assert_allclose(found, terms.pauli_sum(values, 4).to_dense(), atol=1e-13)


@pytest.mark.parametrize(
    ("kind", "lengths"), [("uniform", (2, 3)), ("range 3", (3, 4, 5)), ("site", (4,))]
)
def test_no_two_sets_of_coefficients_are_the_same_generator(kind, lengths):
    terms = KINDS[kind]
    columns = [
        np.stack([operator.to_dense().ravel() for operator in terms.operators(n)]) for n in lengths
    ]
    assert np.linalg.matrix_rank(np.concatenate(columns, axis=1)) == terms.size


def test_site_fields_hold_edges_and_form():
    terms = KINDS["fields"]
    values = np.zeros(terms.size)
    for name, value in {"X_i": 1.0, "X_1": 0.5, "Z_n": 2.0, "f_i Z_i": 10.0}.items():
        values[terms.names.index(name)] = value
    found = terms.site_fields(values, 4)
    np.testing.assert_allclose(found[:, 0], [1.5, 1, 1, 1])
    np.testing.assert_allclose(found[:, 1], 0)
    np.testing.assert_allclose(found[:, 2], 10 * np.array(FIELDS) + [0, 0, 0, 2])


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip_through_json(kind):
    content = json.loads(json.dumps(KINDS[kind].to_dict()))
    assert LocalTerms.from_dict(content) == KINDS[kind]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"interaction_range": 0}, "Argument `interaction_range` must be positive, but is 0."),
        ({"site_dependent": True}, "`n_sites` must be the number of spins .*, but is None."),
        ({"site_dependent": True, "n_sites": 0}, "`n_sites` must be the number .*, but is 0."),
        ({"n_sites": 3}, "`n_sites` must be left out of a chain .* everywhere, but is 3."),
        ({"fields": (1.0, 2.0), "n_sites": 3}, "`n_sites` must be 2, .* fields, but is 3."),
        ({"fields": ((1.0,),)}, "`fields` must hold one finite number for each site"),
        ({"fields": ()}, r"`fields` must hold one finite number for each site, but is \(\)"),
        ({"fields": (1.0, np.nan)}, "`fields` must hold one finite number .*nan"),
        (
            {"fields": (1.0,), "site_dependent": True},
            "Arguments `site_dependent` and `fields` exclude each other",
        ),
    ],
)
def test_init_raises_on_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        LocalTerms(**arguments)


@pytest.mark.parametrize(
    ("kind", "size", "n_sites", "message"),
    [
        ("uniform", 19, 3, r"`coefficients` must have the shape \(20,\), but has \(19,\)"),
        ("uniform", 20, 0, "`n_sites` must be positive, but is 0"),
        ("site", 22, 3, "`n_sites` must be 4, as the fields have it, but is 3"),
    ],
)
def test_pauli_sum_raises_on_bad_arguments(kind, size, n_sites, message):
    with pytest.raises(ValueError, match=message):
        KINDS[kind].pauli_sum(np.zeros(size), n_sites)
