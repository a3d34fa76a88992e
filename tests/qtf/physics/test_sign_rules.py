import numpy as np
import pytest

from qtf.physics import Chain, PauliSum, PauliTerm, Square, all_bits, heisenberg, ising, xxz, xyz
from qtf.physics.sign_rules import (
    MAX_PARITIES,
    conserves_total,
    find_sign_sites,
    find_wrong_flip,
    with_signs,
)


def random_sum(seed, n_sites=5, n_terms=7):
    """Real sums in which strings share flips and add up, some to nothing."""
    rng = np.random.default_rng(seed)
    terms = []
    while len(terms) < n_terms:
        size = rng.integers(1, 4)
        paulis = "".join(rng.choice(list("XYZ"), size))
        if paulis.count("Y") % 2 == 0:
            sites = tuple(rng.choice(n_sites, size, replace=False).tolist())
            terms.append(PauliTerm(float(rng.choice([-0.3, -0.1, 0.1, 0.2])), sites, paulis))
    return PauliSum(n_sites, terms)


def every_rule(n_sites):
    return [tuple(np.flatnonzero(bits)) for bits in all_bits(n_sites)]


def is_right(hamiltonian, sites):
    """Whether all off-diagonal elements times the rule's factor are at most 0, from the matrix."""
    signs = 1.0 - 2.0 * (all_bits(hamiltonian.n_sites)[:, list(sites)].sum(axis=1) % 2)
    matrix = hamiltonian.to_dense() * np.outer(signs, signs)
    np.fill_diagonal(matrix, 0.0)
    return matrix.max(initial=0.0) < 1e-12


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("seed", range(12))
def test_rules_are_those_that_the_matrix_shows(seed, scale):
    plain = random_sum(seed, n_terms=2 + seed % 5)
    right = [sites for sites in every_rule(5) if is_right(plain, sites)]
    hamiltonian = scale * plain
    found = find_sign_sites(hamiltonian)
    assert (found in right) if right else (found is None)
    for sites in every_rule(5)[::3]:
        wrong = find_wrong_flip(hamiltonian, sites)
        assert (wrong is None) == (sites in right)


MODELS = {
    "field": (
        ising(Square(2, 3), transverse_field=-3.0, longitudinal_field=0.4),
        (0, 1, 2, 3, 4, 5),
    ),
    "mixed field": (ising(Chain(3), transverse_field=[0.5, -0.5, 0.0]), (1,)),
    "no flips": (ising(Chain(3), transverse_field=0.0), ()),
    "xx": (xyz(Chain(4), coupling_x=-1.0, coupling_y=0.5), ()),
    "yy": (xyz(Chain(4), coupling_x=0.5, coupling_y=1.0), None),
    "xy": (xxz(Chain(4), coupling=-1.0, anisotropy=0.0), ()),
    "ring of 5": (heisenberg(Chain(5, periodic=True)), None),
    "complex": (PauliSum(1, [PauliTerm(1.0, (0,), "Y")]), None),
}


@pytest.mark.parametrize("name", MODELS)
def test_rules_of_models(name):
    hamiltonian, expected = MODELS[name]
    assert find_sign_sites(hamiltonian) == expected


@pytest.mark.parametrize("lattice", [Square(16, 16), Square(4, 4, periodic=True), Chain(7)])
def test_antiferromagnets_have_the_rule_of_a_sublattice(lattice):
    rule = set(find_sign_sites(heisenberg(lattice)))
    assert all((i in rule) != (j in rule) for i, j in lattice.bonds())


def test_complex_hamiltonians_have_no_rule():
    assert find_wrong_flip(MODELS["complex"][0], (0,)) == ()


def test_signs_of_strings_that_depend_on_one_another_are_tried():
    # -1 - a b + (a + b) c / 2 is never positive for signs a, b, c, with independent ones it is.
    strings = [("X", -1.0), ("XZZ", -1.0)]
    terms = [PauliTerm(c, tuple(range(len(p))), p) for p, c in strings]
    terms += [PauliTerm(0.5, (0, 1, 3), "XZZ"), PauliTerm(0.5, (0, 2, 3), "XZZ")]
    assert find_sign_sites(PauliSum(4, terms)) == ()
    more = [*terms, PauliTerm(0.5, (0, 1, 3), "XZZ")]
    assert find_sign_sites(PauliSum(4, more)) is None


def test_many_strings_of_one_flip_are_bounded():
    n = MAX_PARITIES + 4
    chain = [PauliTerm(0.1, (0, i), "XZ") for i in range(1, n)]
    # One more that the others already imply.
    chain.append(PauliTerm(0.1, (0, 1, 2), "XZZ"))
    for constant, expected in ((-0.1 * n, ()), (0.1 * n, (0,)), (-0.01, None)):
        hamiltonian = PauliSum(n, [PauliTerm(constant, (0,), "X"), *chain])
        assert find_sign_sites(hamiltonian) == expected


@pytest.mark.parametrize("seed", range(3))
def test_a_rule_is_a_half_turn_about_z(seed):
    hamiltonian, sites = random_sum(seed), (0, 3)
    signs = 1.0 - 2.0 * (all_bits(5)[:, list(sites)].sum(axis=1) % 2)
    expected = hamiltonian.to_dense() * np.outer(signs, signs)
    np.testing.assert_allclose(with_signs(hamiltonian, sites).to_dense(), expected, atol=1e-15)


@pytest.mark.parametrize("scale", [1e-9, 1e9])
@pytest.mark.parametrize("pauli", "XYZ")
def test_conservation_is_that_of_the_commutator(pauli, scale):
    cases = [
        heisenberg(Chain(3)),
        xxz(Chain(3), anisotropy=0.3),
        xyz(Chain(3), coupling_x=0.1 + 0.2),
    ]
    cases += [xyz(Chain(3), coupling_x=0.1 + 0.2, coupling_y=0.3), random_sum(1, 3, 4)]
    total = sum(
        (PauliSum(3, [PauliTerm(1.0, (site,), pauli)]) for site in (1, 2)),
        PauliSum(3, [PauliTerm(1.0, (0,), pauli)]),
    ).to_dense()
    for hamiltonian in cases:
        matrix = hamiltonian.to_dense()
        is_zero = np.abs(matrix @ total - total @ matrix).max() < 1e-12
        assert conserves_total(scale * hamiltonian, pauli) == is_zero


def test_other_letters_are_refused():
    with pytest.raises(ValueError, match="`pauli` must be one of X, Y, Z, but is 'I'"):
        conserves_total(heisenberg(Chain(2)), "I")
