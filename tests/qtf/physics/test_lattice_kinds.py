"""The kinds of lattices against brute force, closed forms and published energies."""

import itertools
from collections import Counter

import numpy as np
import pytest

from qtf.physics import (
    LATTICES,
    NEIGHBORS,
    Chain,
    Graph,
    Honeycomb,
    Kagome,
    Ladder,
    Square,
    Triangular,
    heisenberg,
    ising,
    lanczos_ground_energy,
)
from qtf.physics.lattices.bravais import Parallelogram
from qtf.physics.sign_rules import find_sign_sites
from tests.qtf.physics import lattice_pairs

PLANE = {"square": Square, "triangular": Triangular, "honeycomb": Honeycomb, "kagome": Kagome}
EDGES = pytest.mark.parametrize("periodic", [False, True])
ORDERS = pytest.mark.parametrize("order", [1, 2, 3, 4])


def make(kind, n_rows, n_columns, *, periodic):
    if kind in ("chain", "ladder"):
        return LATTICES[kind](n_columns, periodic=periodic)
    return PLANE[kind](n_rows, n_columns, periodic=periodic)


# Rows of length 2 have bonds more than once.
SHAPES = [
    ("chain", 1, 10),
    ("ladder", 1, 9),
    *((kind, *shape) for kind in PLANE for shape in ((2, 3), (4, 3))),
]


@EDGES
@ORDERS
@pytest.mark.parametrize("shape", SHAPES)
def test_bonds_are_all_pairs_at_the_distance_of_their_order(shape, order, periodic):
    lattice = make(*shape, periodic=periodic)
    expected = lattice_pairs.pairs(*shape, order, periodic=periodic)
    assert sorted(lattice.bonds(order)) == expected
    places = lattice_pairs.positions(*shape)
    np.testing.assert_allclose(lattice.coordinates() @ [1, 1j], places, atol=1e-12)


@EDGES
@pytest.mark.parametrize(("r", "c"), [(3, 3), (3, 5), (4, 3)])
def test_numbers_of_sites_and_bonds_have_closed_forms(r, c, periodic):
    cells = r * c
    counts = {
        Square: (1, 2 * cells - r - c, 2),
        Triangular: (1, 3 * cells - 2 * r - 2 * c + 1, 3),
        Honeycomb: (2, 3 * cells - r - c, 3),
        Kagome: (3, 6 * cells - 2 * r - 2 * c + 1, 6),
    }
    for kind, (n_sites, n_open, n_periodic) in counts.items():
        lattice = kind(r, c, periodic=periodic)
        assert lattice.n_sites == n_sites * cells
        assert len(lattice.bonds()) == (n_periodic * cells if periodic else n_open)
    assert len(Chain(c, periodic=periodic).bonds()) == (c if periodic else c - 1)
    assert len(Ladder(c, periodic=periodic).bonds()) == (3 * c if periodic else 3 * c - 2)


@pytest.mark.parametrize(
    ("lattice", "numbers"),
    [
        (Chain(10, periodic=True), (2, 2, 2, 2)),
        (Ladder(7, periodic=True), (3, 2, 2, 2)),
        (Square(6, 7, periodic=True), (4, 4, 4, 8)),
        (Triangular(7, 6, periodic=True), (6, 6, 6, 12)),
        (Honeycomb(4, 5, periodic=True), (3, 6, 3, 6)),
        (Kagome(4, 4, periodic=True), (4, 4, 6, 8)),
    ],
)
def test_every_site_has_the_neighbours_of_the_infinite_lattice(lattice, numbers):
    for order, number in enumerate(numbers, 1):
        bonds = lattice.bonds(order)
        assert len(set(bonds)) == len(bonds)
        ends = Counter(site for bond in bonds for site in bond)
        assert set(ends.values()) == {number}
        assert len(ends) == lattice.n_sites


def test_words_for_neighbours_are_orders():
    assert NEIGHBORS == {"nearest": 1, "next_nearest": 2, "third_nearest": 3}


EVERY = [make(*shape, periodic=periodic) for shape in SHAPES for periodic in (False, True)]
EVERY += [Square(1, 4, periodic=True), Kagome(1, 3, periodic=True), Kagome(3, 1)]
NAMES = [lattice.describe() for lattice in EVERY]


@ORDERS
@pytest.mark.parametrize("lattice", EVERY, ids=NAMES)
def test_directed_bonds_are_the_bonds_along_steps(lattice, order):
    bonds, directed = lattice.bonds(order), lattice.directed_bonds(order)
    assert tuple((min(bond), max(bond)) for bond in directed) == bonds
    ways = lattice.displacements(order)
    assert ways.shape == (len(bonds), 2)
    # To the right or up, so that a way and its opposite are never both there.
    assert ((ways[:, 1] > 1e-9) | ((abs(ways[:, 1]) < 1e-9) & (ways[:, 0] > 0))).all()
    assert len({round(float(np.hypot(*way)), 6) for way in ways}) <= 1
    ends = np.array(directed, int).reshape(-1, 2)
    around = lattice.coordinates()[ends[:, 0]] + ways - lattice.coordinates()[ends[:, 1]]
    if not lattice.periodic:
        np.testing.assert_allclose(around, 0, atol=1e-9)
    elif isinstance(lattice, Parallelogram):
        sides = np.array(lattice.VECTORS) * np.array([[lattice.n_rows], [lattice.n_columns]])
        turns = around @ np.linalg.inv(sides)
        np.testing.assert_allclose(turns, turns.round(), atol=1e-9)


def test_last_directed_bond_of_a_ring_leads_back():
    assert Chain(5, periodic=True).directed_bonds()[-1] == (4, 0)
    assert Chain(5, periodic=True).directed_bonds(2)[-2:] == ((3, 0), (4, 1))
    assert (4, 0) in Ladder(3, periodic=True).directed_bonds()
    assert (2, 0) in Triangular(3, 3, periodic=True).directed_bonds()


@pytest.mark.parametrize("lattice", EVERY, ids=NAMES)
def test_symmetries_are_a_group_that_keeps_the_bonds(lattice):
    group = lattice.symmetries()
    assert group[0] == tuple(range(lattice.n_sites))
    assert len(set(group)) == len(group)
    products = {tuple(np.array(a)[list(b)].tolist()) for a, b in itertools.product(group, group)}
    assert products == set(group)
    for order in (1, 2):
        bonds = sorted(lattice.bonds(order))
        for image in group:
            assert sorted(tuple(sorted((image[i], image[j]))) for i, j in bonds) == bonds


@pytest.mark.parametrize(
    ("lattice", "count"),
    [
        (Ladder(6, periodic=True), 4 * 6),
        (Triangular(3, 4, periodic=True), 2 * 12),
        (Triangular(4, 4, periodic=True), 12 * 16),
        (Honeycomb(3, 3, periodic=True), 12 * 9),
        (Honeycomb(2, 3, periodic=True), 2 * 6),
        (Kagome(2, 2, periodic=True), 12 * 4),
        (Kagome(2, 3, periodic=True), 2 * 6),
    ],
)
def test_closed_clusters_have_their_point_group_after_every_translation(lattice, count):
    assert len(lattice.symmetries()) == count


@pytest.mark.parametrize(
    "shape",
    [
        ("ladder", 1, 4),
        *((kind, *s) for kind in PLANE if kind != "square" for s in ((2, 2), (2, 3))),
    ],
)
def test_open_clusters_have_all_their_isometries(shape):
    expected = lattice_pairs.isometries(lattice_pairs.positions(*shape))
    assert set(make(*shape, periodic=False).symmetries()) == expected


@pytest.mark.parametrize(
    ("lattice", "count"),
    [
        (Chain(6), 0),
        (Chain(3, periodic=True), 1),
        (Ladder(5), 16),
        (Ladder(5, periodic=True), 20),
        (Square(3, 4), 24),
        (Square(3, 4, periodic=True), 48),
        (Triangular(3, 4), 12),
        (Triangular(3, 4, periodic=True), 24),
        (Honeycomb(3, 3, periodic=True), 54),
        (Kagome(3, 3), 13),
        (Kagome(3, 3, periodic=True), 18),
        (Graph([(0, 1), (1, 2), (2, 0), (2, 3), (3, 0)]), 2),
    ],
)
def test_numbers_of_triangles_have_closed_forms(lattice, count):
    triangles = lattice.triangles()
    assert len(triangles) == count
    assert len(set(map(frozenset, triangles))) == count
    bonds = {*lattice.bonds(1), *lattice.bonds(2)}
    for corners in triangles:
        assert all(pair in bonds for pair in itertools.combinations(sorted(corners), 2))


@pytest.mark.parametrize("shape", [("ladder", 1, 4), *((kind, 3, 3) for kind in PLANE)])
def test_triangles_of_open_clusters_are_all_there_counterclockwise(shape):
    places = lattice_pairs.positions(*shape)
    one, two = (set(lattice_pairs.pairs(*shape, k, periodic=False)) for k in (1, 2))
    wanted = (3, 0) if shape[0] in ("triangular", "kagome") else (2, 1)
    expected = {
        corners
        for corners in itertools.combinations(range(len(places)), 3)
        for sides in [list(itertools.combinations(corners, 2))]
        if (sum(side in one for side in sides), sum(side in two for side in sides)) == wanted
    }
    triangles = make(*shape, periodic=False).triangles()
    assert {tuple(sorted(corners)) for corners in triangles} == expected
    for i, j, k in triangles:
        assert ((places[j] - places[i]).conjugate() * (places[k] - places[i])).imag > 0


def test_triangles_that_fold_onto_themselves_are_left_out():
    # Around two places one is back.
    assert all(len(set(corners)) == 3 for corners in Square(2, 2, periodic=True).triangles())
    assert Triangular(1, 4, periodic=True).triangles() == ()


@pytest.mark.parametrize("lattice", EVERY, ids=NAMES)
def test_sublattices_and_signs_are_there_where_bonds_join_two(lattice):
    # Coloured one site after another, with all choices, by brute force over pairs.
    odd_ring = not _is_bipartite(lattice)
    assert (lattice.sublattice() is None) == odd_ring
    assert (find_sign_sites(heisenberg(lattice)) is None) == odd_ring
    if lattice.KIND in ("triangular", "kagome") and min(lattice._shape) > 1:
        assert odd_ring
    if lattice.KIND == "honeycomb":
        assert lattice.sublattice() == tuple(range(0, lattice.n_sites, 2))


def _is_bipartite(lattice):
    # The spectrum of the bonds' matrix is symmetric about 0 if and only if it is.
    matrix = np.zeros((lattice.n_sites, lattice.n_sites))
    for i, j in lattice.bonds():
        matrix[i, j] = matrix[j, i] = 1
    energies = np.linalg.eigvalsh(matrix)
    return np.allclose(energies, -energies[::-1])


@pytest.mark.parametrize("lattice", EVERY, ids=NAMES)
def test_orders_go_through_every_site_once(lattice):
    every = list(range(lattice.n_sites))
    for name in ("raster", "snake"):
        assert sorted(lattice.site_order(name)) == every
    assert lattice.rows() is None or len(set(map(len, lattice.rows()))) == 1
    assert sorted(lattice.strings(1)[0]) == every


CLUSTERS = [
    ("chain", 1, 12),
    ("ladder", 1, 6),
    ("square", 3, 4),
    ("triangular", 3, 4),
    ("honeycomb", 2, 3),
    ("kagome", 2, 2),
]


@EDGES
@pytest.mark.parametrize("shape", CLUSTERS)
def test_ground_energies_of_twelve_sites_are_those_of_another_diagonalization(shape, periodic):
    lattice = make(*shape, periodic=periodic)
    bonds = lattice_pairs.pairs(*shape, 1, periodic=periodic)
    assert lattice.n_sites == 12
    magnet = lanczos_ground_energy(heisenberg(lattice))
    expected = lattice_pairs.ground_energy(12, bonds, xy=0.25, zz=0.25)
    assert magnet == pytest.approx(expected, abs=1e-9)
    fields = {"coupling": -1.0, "transverse_field": 0.7, "longitudinal_field": 0.0}
    expected = lattice_pairs.ground_energy(12, bonds, xy=0.0, zz=1.0, field=0.7)
    assert lanczos_ground_energy(ising(lattice, **fields)) == pytest.approx(expected, abs=1e-9)


def test_kagome_of_twelve_sites_has_its_published_energy():
    # Laeuchli, Sudan and Sorensen, Phys. Rev. B 83, 212401 (2011), table I, cluster 12.
    energy = lanczos_ground_energy(heisenberg(Kagome(2, 2, periodic=True)))
    assert energy == pytest.approx(-5.444875216, abs=1e-8)


def test_triangular_lattice_of_sixteen_sites_has_its_published_energy():
    # github.com/varbench/varbench, Heisenberg/triangular_16_P, in Pauli units.
    bonds = Triangular(4, 4, periodic=True).bonds()
    energy = lattice_pairs.ground_energy(16, bonds, xy=1.0, zz=1.0)
    assert energy == pytest.approx(-34.22205967006502, abs=1e-9)


def test_triangular_torus_of_nine_is_three_spins_of_three_halves():
    # Every site is a neighbour of all sites of both other sublattices, so that
    # H = (S (S + 1) - 3 s (s + 1)) / 2 with s = 3 / 2 and S = 1 / 2.
    energy = lanczos_ground_energy(heisenberg(Triangular(3, 3, periodic=True)))
    assert energy == pytest.approx((0.75 - 3 * 3.75) / 2, abs=1e-10)


def test_triangular_torus_of_four_is_a_tetrahedron_with_double_bonds():
    lattice = Triangular(2, 2, periodic=True)
    assert Counter(lattice.bonds()) == Counter(
        dict.fromkeys(itertools.combinations(range(4), 2), 2)
    )
    # H = S (S + 1) - 3 with S = 0.
    assert lanczos_ground_energy(heisenberg(lattice)) == pytest.approx(-3.0, abs=1e-12)


def test_honeycomb_strip_is_a_ring():
    strip, ring = Honeycomb(1, 4, periodic=True), Chain(8, periodic=True)
    assert sorted(strip.bonds()) == sorted(ring.bonds())


@pytest.mark.parametrize(
    ("edges", "energy"),
    [
        # One spin in the middle of n: -(n / 2 + 1) / 2.
        ([(0, i) for i in range(1, 6)], -(5 / 2 + 1) / 2),
        # Everybody with everybody: (S (S + 1) - 3 n / 4) / 2.
        (list(itertools.combinations(range(5), 2)), (0.75 - 15 / 4) / 2),
        # Three with four: (S (S + 1) - s (s + 1) - t (t + 1)) / 2, S = t - s.
        ([(i, j) for i in range(3) for j in range(3, 7)], (0.75 - 3.75 - 6) / 2),
    ],
)
def test_graphs_have_their_energies_in_closed_form(edges, energy):
    assert lanczos_ground_energy(heisenberg(Graph(edges))) == pytest.approx(energy, abs=1e-10)


def test_graph_of_a_lattice_has_its_bonds():
    ring = Chain(9, periodic=True)
    graph = Graph(ring.directed_bonds())
    assert graph.n_sites == 9
    assert graph.directed_bonds() == ring.directed_bonds()
    for order in (1, 2, 3, 4):
        assert sorted(graph.bonds(order)) == sorted(ring.bonds(order))
    assert graph.bonds(5) == ()


def test_graph_distances_are_powers_of_its_matrix():
    rng = np.random.default_rng(0)
    edges = [pair for pair in itertools.combinations(range(12), 2) if rng.random() < 0.2]
    graph = Graph([*edges, (0, 11)])
    step = np.eye(graph.n_sites, dtype=int)
    for i, j in graph.edges:
        step[i, j] = step[j, i] = 1
    for order in (1, 2, 3, 4):
        within, closer = (np.linalg.matrix_power(step, k) > 0 for k in (order, order - 1))
        expected = [(i, j) for i, j in np.argwhere(within & ~closer).tolist() if i < j]
        assert sorted(graph.bonds(order)) == expected


def test_graph_knows_no_more_than_its_bonds():
    graph = Graph(np.array([(0, 1), (1, 2), (2, 3), (3, 0)]))
    assert graph == Graph([[0, 1], [1, 2], [2, 3], [3, 0]])
    assert hash(graph) == hash(Graph(graph.edges))
    assert graph.sublattice() == (0, 2)
    assert graph.symmetries() == ((0, 1, 2, 3),)
    assert graph.rows() is None
    assert graph.site_order("snake") == (0, 1, 2, 3)
    assert graph.size is None
    assert not graph.periodic
    gaps = np.linalg.norm(np.diff(graph.coordinates(), axis=0), axis=1)
    np.testing.assert_allclose(gaps, 1.0)
    with pytest.raises(ValueError, match=r"A graph has no other size, but 6 is asked for\."):
        graph.resized(6)


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (5, r"`edges` must hold pairs of sites, but is 5\."),
        ("ab", r"`edges` must hold pairs of sites, but is 'ab'\."),
        ([], r"`edges` must hold at least one pair of sites, but is empty\."),
        ([(0, 0)], r"`edges` must join different sites, but holds \(0, 0\)\."),
        ([(0, 1), (1,)], r"`edges` must hold pairs of sites, numbered from 0, but holds \(1,\)\."),
        ([(0, 1.5)], r"`edges` must hold pairs .*, but holds \(0, 1\.5\)\."),
        ([(0, 1), (1, 2, 3)], r"`edges` must hold pairs .*, but holds \(1, 2, 3\)\."),
        ([(0, -1)], r"`edges` must hold pairs .*, but holds \(0, -1\)\."),
        ([(0, True)], r"`edges` must hold pairs .*, but holds \(0, True\)\."),
        ([7], r"`edges` must hold pairs .*, but holds 7\."),
        ([(0, 1), (3, 4)], r"`edges` must join every site, but there is none of site 2\."),
        ([(1, 2)], r"`edges` must join every site, but there is none of site 0\."),
    ],
)
def test_bad_graphs_are_refused(edges, message):
    with pytest.raises(ValueError, match=message):
        Graph(edges)


@pytest.mark.parametrize("kind", [Triangular, Honeycomb, Kagome])
def test_bad_shapes_are_refused(kind):
    with pytest.raises(ValueError, match=r"`n_rows` must be an integer of at least 1, but is 0\."):
        kind(0, 3)
    with pytest.raises(ValueError, match=r"`n_columns` must be an integer .*, but is 2\.5\."):
        kind(3, 2.5)
    with pytest.raises(ValueError, match=r"`periodic` must be True or False, but is 'x'\."):
        kind(3, 3, periodic="x")


def test_bad_ladders_are_refused():
    with pytest.raises(
        ValueError, match=r"`n_rungs` must be an integer of at least 1, but is -2\."
    ):
        Ladder(-2)
    with pytest.raises(ValueError, match=r"`periodic` must be True or False, but is 1\."):
        Ladder(2, periodic=1)
