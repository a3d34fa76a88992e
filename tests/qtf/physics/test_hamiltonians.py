import itertools

import numpy as np
import pytest

from qtf.physics import (
    Chain,
    PauliTerm,
    Square,
    Triangular,
    chiral,
    custom,
    dzyaloshinskii_moriya,
    from_config,
    heisenberg,
    ising,
    j1j2,
    xxz,
    xyz,
)

LATTICES = [
    Chain(1),
    Chain(2, periodic=True),
    Chain(4),
    Chain(5, periodic=True),
    Square(2, 3),
    Square(2, 3, periodic=True),
]


def pair_sum(kronecker, lattice, letters, coefficients, order=1):
    matrix = np.zeros((2**lattice.n_sites,) * 2, complex)
    for c, (i, j) in zip(coefficients, lattice.bonds(order), strict=True):
        matrix += c * kronecker(lattice.n_sites, {i: letters[0], j: letters[1]})
    return matrix


def site_sum(kronecker, lattice, letter, coefficients):
    strings = (kronecker(lattice.n_sites, {i: letter}) for i in range(lattice.n_sites))
    return sum(c * string for c, string in zip(coefficients, strings, strict=True))


def test_what_has_no_coefficient_is_no_term():
    assert {t.sites for t in heisenberg(Chain(3), coupling=[1.0, 0.0]).terms} == {(0, 1)}
    assert [t.paulis for t in xyz(Chain(2), coupling_x=0.0, coupling_z=0.0).terms] == ["YY"]


def check_all_forms(hamiltonian, expected):
    psi = np.random.default_rng(0).normal(size=(2, len(expected)))
    np.testing.assert_allclose(hamiltonian.to_dense(), expected, atol=1e-13)
    np.testing.assert_allclose(hamiltonian.to_sparse().toarray(), expected, atol=1e-13)
    np.testing.assert_allclose(hamiltonian.apply(psi), psi @ expected.T, atol=1e-12)


@pytest.mark.parametrize("lattice", LATTICES)
def test_ising_equals_kronecker_products(lattice, kronecker):
    rng = np.random.default_rng(1)
    j = rng.normal(size=len(lattice.bonds()))
    g, h = rng.normal(size=(2, lattice.n_sites))
    expected = -pair_sum(kronecker, lattice, "ZZ", j)
    expected -= site_sum(kronecker, lattice, "X", g) + site_sum(kronecker, lattice, "Z", h)
    hamiltonian = ising(lattice, coupling=j, transverse_field=g, longitudinal_field=h)
    check_all_forms(hamiltonian, expected)


@pytest.mark.parametrize("lattice", LATTICES)
@pytest.mark.parametrize(("units", "scale"), [("spin", 0.25), ("pauli", 1.0)])
def test_xxz_equals_kronecker_products(lattice, units, scale, kronecker):
    j, d = np.random.default_rng(2).normal(size=(2, len(lattice.bonds())))
    expected = sum(pair_sum(kronecker, lattice, pair, scale * j) for pair in ("XX", "YY"))
    expected += pair_sum(kronecker, lattice, "ZZ", scale * j * d)
    check_all_forms(xxz(lattice, coupling=j, anisotropy=d, units=units), expected)


@pytest.mark.parametrize("lattice", LATTICES)
def test_xyz_equals_kronecker_products(lattice, kronecker):
    rng = np.random.default_rng(5)
    x, y, z = rng.normal(size=(3, len(lattice.bonds())))
    field = rng.normal(size=lattice.n_sites)
    expected = site_sum(kronecker, lattice, "Z", field)
    for letters, coupling in (("XX", x), ("YY", y), ("ZZ", z)):
        expected = expected + pair_sum(kronecker, lattice, letters, coupling)
    hamiltonian = xyz(lattice, coupling_x=x, coupling_y=y, coupling_z=z, field=field)
    check_all_forms(hamiltonian, expected)


@pytest.mark.parametrize("lattice", LATTICES)
def test_heisenberg_equals_kronecker_products(lattice, kronecker):
    j = np.random.default_rng(3).normal(size=len(lattice.bonds()))
    expected = sum(pair_sum(kronecker, lattice, pair, j / 4) for pair in ("XX", "YY", "ZZ"))
    check_all_forms(heisenberg(lattice, coupling=j), expected)


@pytest.mark.parametrize("lattice", LATTICES)
def test_j1j2_equals_kronecker_products(lattice, kronecker):
    rng = np.random.default_rng(4)
    first, second = (rng.normal(size=len(lattice.bonds(order))) for order in (1, 2))
    expected = sum(
        pair_sum(kronecker, lattice, pair, first) + pair_sum(kronecker, lattice, pair, second, 2)
        for pair in ("XX", "YY", "ZZ")
    )
    hamiltonian = j1j2(lattice, coupling=first, next_nearest_coupling=second, units="pauli")
    check_all_forms(hamiltonian, expected)


@pytest.mark.parametrize(
    ("n_sites", "lowest", "highest"), [(2, -2.75, 2.41), (7, -11.33, 9.09), (8, -13.05, 10.39)]
)
def test_spectrum_of_default_ising_chain(n_sites, lowest, highest):
    energies = np.linalg.eigvalsh(ising(Chain(n_sites)).to_dense())
    assert energies[[0, -1]].round(2).tolist() == [lowest, highest]


@pytest.mark.parametrize(("n_sites", "expected"), [(4, -1.616025404), (10, -4.258035207)])
def test_ground_energy_of_open_heisenberg_chain(n_sites, expected):
    from scipy.sparse.linalg import eigsh

    matrix = heisenberg(Chain(n_sites)).to_sparse()
    start = np.random.default_rng(0).normal(size=matrix.shape[0])
    lowest = eigsh(matrix, k=1, which="SA", v0=start, return_eigenvectors=False)[0]
    assert lowest == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("hamiltonian", "expected"),
    [
        (heisenberg(Square(4, 4)), -9.189207065),
        (ising(Square(4, 4), transverse_field=2.0, longitudinal_field=0.0), -35.907257620),
        (ising(Square(4, 4), transverse_field=3.0, longitudinal_field=0.0), -50.186623883),
        (ising(Square(4, 4), transverse_field=4.0, longitudinal_field=0.0), -65.570927858),
    ],
    ids=["heisenberg", "ising-2", "ising-3", "ising-4"],
)
def test_ground_energy_of_open_square(hamiltonian, expected):
    from scipy.sparse.linalg import eigsh

    start = np.random.default_rng(0).normal(size=hamiltonian.dimension)
    lowest = eigsh(
        hamiltonian.to_sparse(), k=1, which="SA", v0=start, tol=1e-10, return_eigenvectors=False
    )[0]
    assert lowest == pytest.approx(expected, abs=2e-9)


def test_zero_coefficients_make_no_terms():
    assert len(ising(Chain(4), longitudinal_field=0.0).terms) == 7


def test_custom_accepts_terms_triples_and_mappings():
    forms = [
        PauliTerm(0.5, (0, 1), "XY"),
        (0.5, (0, 1), "XY"),
        [0.5, [0, 1], "XY"],
        {"coefficient": 0.5, "sites": [0, 1], "paulis": "XY"},
    ]
    assert len({custom(2, [form]) for form in forms}) == 1


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {"name": "ising", "n_sites": 3, "lattice": "chain", "periodic": True, "coupling": 0.3},
            ising(Chain(3, periodic=True), coupling=0.3),
        ),
        (
            {"name": "ising", "n_sites": 2, "transverse_field": (1, 2), "longitudinal_field": 3},
            ising(Chain(2), transverse_field=[1, 2], longitudinal_field=3),
        ),
        (
            {
                "name": "heisenberg",
                "lattice": "square",
                "n_rows": 2,
                "n_columns": 3,
                "units": "pauli",
            },
            heisenberg(Square(2, 3), units="pauli"),
        ),
        (
            {
                "name": "j1j2",
                "lattice": "square",
                "n_rows": 2,
                "n_columns": 2,
                "n_sites": 4,
                "next_nearest_coupling": 0.1,
            },
            j1j2(Square(2, 2), next_nearest_coupling=0.1),
        ),
        ({"name": "xxz", "n_sites": 3, "anisotropy": 2.0}, xxz(Chain(3), anisotropy=2.0)),
        (
            {"name": "xyz", "n_sites": 3, "coupling_y": 0.0, "field": 2.0},
            xyz(Chain(3), coupling_y=0.0, field=2.0),
        ),
        (
            {"name": "custom", "n_sites": 1, "terms": [[1.0, [0], "Y"]]},
            custom(1, [(1.0, (0,), "Y")]),
        ),
    ],
)
def test_config_builds_the_model_it_names(config, expected):
    given = dict(config)
    assert from_config(config) == expected
    assert config == given


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"name": "isin", "n_sites": 2}, r"`name` must be one of ising, .*, but is 'isin'\."),
        ({"n_sites": 2}, r"`name` must be one of ising, xxz, .*, but is None\."),
        (
            {"name": "ising", "n_sites": 2, "field": 1},
            r"`config` must have only keys of .* 'field'\.",
        ),
        ({"name": "ising", "n_sites": 2, "n_rows": 2}, r"`config` must have only .* 'n_rows'\."),
        (
            {"name": "xxz", "n_sites": 2, "transverse_field": 1},
            r"only keys .* 'transverse_field'\.",
        ),
        ({"name": "custom", "n_sites": 2, "coupling": 1}, r"only keys of .* 'coupling'\."),
        ({"name": "ising"}, r"`config` must have the key `n_sites`, but is \{\}\."),
        ({"name": "ising", "lattice": "square", "n_rows": 2}, r"must have the key `n_columns`"),
        ({"name": "custom", "n_sites": 2}, r"`config` must have the key `terms`"),
        ({"name": "ising", "lattice": "ring"}, r"`lattice` must be one of chain, .* 'ring'\."),
        (
            {"name": "ising", "n_sites": 0},
            r"`n_sites` must be an integer of at least 1, but is 0\.",
        ),
        ({"name": "ising", "n_sites": 2, "periodic": "no"}, r"`periodic` must be True or False"),
        (
            {"name": "ising", "n_sites": 2, "coupling": "a"},
            r"`coupling` must be real, but is 'a'\.",
        ),
        (
            {"name": "ising", "lattice": "square", "n_rows": 2, "n_columns": 2, "n_sites": 5},
            r"`n_sites` must be 4 \(open square of 2 x 2\), but is 5\.",
        ),
        ({"name": "custom", "n_sites": 2, "terms": [5]}, r"`terms` must hold .*, but holds 5\."),
        (
            {"name": "custom", "n_sites": 2, "terms": [[1.0, [0]]]},
            r"`terms` must hold \(coefficient",
        ),
        (
            {"name": "custom", "n_sites": 2, "terms": [[1.0, [2], "X"]]},
            r"`sites` must hold sites below",
        ),
    ],
)
def test_config_with_a_mistake_is_refused(config, message):
    with pytest.raises(ValueError, match=message):
        from_config(config)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: ising(Chain(3), coupling=[1.0]),
            r"`coupling` must be one number or 2 numbers, one",
        ),
        (lambda: ising(Chain(3), transverse_field=[1, 2]), r"`transverse_field` .* 3 .* each site"),
        (
            lambda: ising(Chain(3), longitudinal_field=np.nan),
            r"`longitudinal_field` must be finite",
        ),
        (lambda: heisenberg(Chain(3), coupling=[1, 2, 3]), r"`coupling` .* 2 numbers"),
        (
            lambda: heisenberg(Chain(3), units="x"),
            r"`units` must be one of spin, pauli, but is 'x'\.",
        ),
        (lambda: xyz(Chain(3), coupling_y=[1]), r"`coupling_y` must be one number or 2 numbers"),
        (lambda: xyz(Chain(3), field=np.inf), r"`field` must be finite"),
        (lambda: xxz(Chain(3), anisotropy=[1]), r"`anisotropy` must be one number or 2 numbers"),
        (lambda: j1j2(Chain(3), units="x"), r"`units` must be one of spin, pauli, but is 'x'\."),
        (
            lambda: j1j2(Chain(3), next_nearest_coupling=[1, 2]),
            r"`next_nearest_coupling` .* 1 numb",
        ),
    ],
)
def test_model_with_wrong_argument_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def spin_operators(n_sites, kronecker):
    """S^a of every site, (n_sites, 3, 2**n, 2**n)."""
    return np.array([[0.5 * kronecker(n_sites, {i: p}) for p in "XYZ"] for i in range(n_sites)])


@pytest.mark.parametrize("lattice", [Chain(4, periodic=True), Triangular(2, 2)])
def test_vectors_of_each_bond_turn_its_spins_against_each_other(lattice, kronecker):
    bonds = lattice.directed_bonds()
    vectors = np.random.default_rng(0).standard_normal((len(bonds), 3))
    spins = spin_operators(4, kronecker)
    levi_civita = np.zeros((3, 3, 3))
    for a, b, c in itertools.permutations(range(3)):
        levi_civita[a, b, c] = (a - b) * (b - c) * (c - a) / 2
    expected = sum(
        levi_civita[a, b, c] * vectors[bond, a] * spins[i, b] @ spins[j, c]
        for bond, (i, j) in enumerate(bonds)
        for a, b, c in itertools.permutations(range(3))
    )
    found = dzyaloshinskii_moriya(lattice, coupling=0.0, dm=vectors)
    np.testing.assert_allclose(found.to_dense(), expected, atol=1e-14)
    one = dzyaloshinskii_moriya(lattice, dm=[0.0, 0.0, 0.3])
    assert one == dzyaloshinskii_moriya(lattice, dm=0.3)
    assert one == heisenberg(lattice) + dzyaloshinskii_moriya(lattice, coupling=0.0, dm=0.3)


def test_open_chain_with_a_twist_along_z_has_the_levels_of_an_xxz_chain():
    j, d = 0.8, 0.6
    twisted = dzyaloshinskii_moriya(Chain(6), coupling=j, dm=d, units="pauli")
    turned = xxz(Chain(6), coupling=np.hypot(j, d), anisotropy=j / np.hypot(j, d), units="pauli")
    levels = [np.linalg.eigvalsh(h.to_dense()) for h in (twisted, turned)]
    np.testing.assert_allclose(*levels, atol=1e-12)


def test_chirality_is_the_volume_that_three_spins_span(kronecker):
    lattice = Triangular(2, 2)
    weights = [0.7, -0.3]
    spins = spin_operators(4, kronecker)
    expected = sum(
        weight
        * sum(
            spins[i, a] @ (spins[j, b] @ spins[k, c] - spins[j, c] @ spins[k, b])
            for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1))
        )
        for weight, (i, j, k) in zip(weights, lattice.triangles(), strict=True)
    )
    found = chiral(lattice, coupling=0.0, chirality=weights)
    np.testing.assert_allclose(found.to_dense(), expected, atol=1e-14)
    pauli = chiral(lattice, units="pauli") - heisenberg(lattice, units="pauli")
    assert pauli == 8.0 * chiral(lattice, coupling=0.0)


def test_triangle_of_one_chirality_has_its_levels():
    # Spin 1/2 twice, of S . (S x S) = +- sqrt(3) / 4, and 0 four times.
    energies = np.linalg.eigvalsh(chiral(Chain(3, periodic=True), coupling=0.0).to_dense())
    top = np.sqrt(3) / 4
    np.testing.assert_allclose(energies, [-top] * 2 + [0.0] * 4 + [top] * 2, atol=1e-14)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: dzyaloshinskii_moriya(Chain(3), dm=[1.0, 2.0]), r"`dm` must be one number, three"),
        (lambda: dzyaloshinskii_moriya(Chain(3), dm="z"), r"`dm` must be real and finite, but is"),
        (lambda: dzyaloshinskii_moriya(Chain(3), dm=1j), r"`dm` must be real and finite, but is"),
        (lambda: dzyaloshinskii_moriya(Chain(3), dm=[1, [2], 3]), r"`dm` must be an array of num"),
        (
            lambda: dzyaloshinskii_moriya(Chain(3), units="si"),
            r"`units` must be one of spin, pauli",
        ),
        (lambda: chiral(Chain(3)), r"lattice must have triangles, but is the open chain of 3\."),
        (lambda: chiral(Triangular(2, 2), chirality=[1.0]), r"or 2 numbers, one for each triangle"),
        (lambda: chiral(Triangular(2, 2), units="si"), r"`units` must be one of spin, pauli"),
    ],
)
def test_complex_model_with_a_mistake_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()
