import numpy as np
import pytest

from qtf.physics import (
    Chain,
    Graph,
    Kagome,
    Lattice,
    Square,
    heisenberg,
    j1j2,
    lanczos_ground_energy,
)
from qtf.physics.lattices import Rectangle


def pairs_at_distance(shape, squared_distance, periodic):
    """All pairs by brute force over coordinates, for sides of at least 3."""
    sites = [np.array(s) for s in np.ndindex(*shape)]
    found = set()
    for i, a in enumerate(sites):
        for j, b in enumerate(sites[:i]):
            d = np.abs(a - b)
            d = np.minimum(d, np.array(shape) - d) if periodic else d
            if (d**2).sum() == squared_distance:
                found.add((j, i))
    return sorted(found)


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("n_sites", [1, 3, 5, 6])
def test_chain_bonds_equal_pairs_at_distance(n_sites, order, periodic):
    if n_sites == 3 and order == 2 and periodic:
        expected = [(0, 1), (0, 2), (1, 2)]  # two places on is one place back
    else:
        expected = pairs_at_distance((n_sites,), order**2, periodic)
    assert sorted(Chain(n_sites, periodic=periodic).bonds(order)) == expected


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("shape", [(3, 3), (3, 5), (4, 3)])
def test_square_bonds_equal_pairs_at_distance(shape, order, periodic):
    square = Square(*shape, periodic=periodic)
    assert square.n_sites == shape[0] * shape[1]
    assert sorted(square.bonds(order)) == pairs_at_distance(shape, order, periodic)


def test_periodic_side_of_two_has_each_bond_twice():
    assert Chain(2, periodic=True).bonds() == ((0, 1), (0, 1))
    assert sorted(Square(2, 3, periodic=True).bonds()).count((0, 3)) == 2


def test_side_of_one_has_no_bond_with_itself():
    assert Chain(1, periodic=True).bonds() == ()
    assert Chain(2, periodic=True).bonds(2) == ()
    assert set(Square(1, 4, periodic=True).bonds()) == set(Chain(4, periodic=True).bonds())


@pytest.mark.parametrize("shape", [(1, 6), (6, 1), (1, 2), (1, 1)])
@pytest.mark.parametrize("periodic", [False, True])
def test_side_of_one_has_no_diagonals(shape, periodic):
    square = Square(*shape, periodic=periodic)
    assert square.bonds(2) == ()
    assert sorted(square.bonds()) == sorted(Chain(max(shape), periodic=periodic).bonds())


def test_ground_energy_of_a_periodic_row_is_that_of_the_ring():
    row = j1j2(Square(1, 6, periodic=True), next_nearest_coupling=0.5)
    assert lanczos_ground_energy(row) == pytest.approx(-2.802775637731995, abs=1e-12)
    ring = lanczos_ground_energy(heisenberg(Chain(6, periodic=True)))
    assert lanczos_ground_energy(row) == pytest.approx(ring, abs=1e-12)


@pytest.mark.parametrize(("shape", "count"), [((2, 4), 2), ((4, 2), 2), ((2, 2), 4), ((3, 4), 1)])
def test_diagonals_across_sides_of_two_are_doubled(shape, count):
    bonds = Square(*shape, periodic=True).bonds(2)
    assert {bonds.count(bond) for bond in bonds} == {count}
    # Each site has four diagonals.
    assert len(bonds) == 2 * shape[0] * shape[1]


def test_bonds_along_a_side_are_not_doubled_by_the_other():
    bonds = Square(2, 4, periodic=True).bonds()
    assert {bond: bonds.count(bond) for bond in ((0, 4), (0, 1), (0, 3))} == {
        (0, 4): 2,
        (0, 1): 1,
        (0, 3): 1,
    }
    assert Chain(4, periodic=True).bonds(2) == ((0, 2), (1, 3), (0, 2), (1, 3))


def test_lattices_are_equal_and_hashable_by_value():
    assert len({Chain(3), Chain(3), Chain(3, periodic=True), Square(1, 3)}) == 3


@pytest.mark.parametrize("order", [0, -1, 1.5, "x"])
@pytest.mark.parametrize("lattice", [Chain(4), Square(2, 2), Kagome(1, 1), Graph([(0, 1)])])
def test_bonds_of_unknown_order_are_refused(lattice, order):
    with pytest.raises(ValueError, match=rf"`order` must be an integer of .* 1, but is {order!r}"):
        lattice.bonds(order)


def test_order_without_steps_is_refused():
    with pytest.raises(ValueError, match=r"`order` must be one of 1, 2, but is '3'\."):
        Triangular(3, 3).bonds(3)


def test_lattices_of_wrong_size_are_refused():
    with pytest.raises(ValueError, match=r"`n_sites` must be an integer of at least 1, but is 0\."):
        Chain(0)
    with pytest.raises(ValueError, match=r"`n_rows` must be an integer of at least 1, but is -1\."):
        Square(-1, 2)
    with pytest.raises(ValueError, match=r"`n_columns` must be an integer .*, but is 1.5\."):
        Square(2, 1.5)


@pytest.mark.parametrize(
    "build", [lambda p: Chain(2, periodic=p), lambda p: Square(2, 2, periodic=p)]
)
def test_lattices_with_periodic_not_bool_are_refused(build):
    with pytest.raises(ValueError, match=r"`periodic` must be True or False, but is 1\."):
        build(1)


class Triangular(Rectangle):
    KIND = "triangular"
    STEPS = (((0, 1), (1, 0), (1, -1)), ((1, 1), (2, -1), (1, -2)))


@pytest.mark.parametrize(
    "lattice",
    [
        Chain(3, periodic=True),
        Square(3, 4, periodic=True),
        Square(4, 5, periodic=True),
        Triangular(3, 3),
        Triangular(4, 4, periodic=True),
    ],
)
def test_lattice_whose_bonds_join_no_two_sublattices_has_none(lattice):
    assert lattice.sublattice() is None


@pytest.mark.parametrize(
    ("lattice", "sites"),
    [
        (Chain(1), (0,)),
        (Chain(5), (0, 2, 4)),
        (Chain(4, periodic=True), (0, 2)),
        (Square(2, 3), (0, 2, 4)),
        (Square(3, 2), (0, 3, 4)),
        (Square(2, 4, periodic=True), (0, 2, 5, 7)),
    ],
)
def test_every_bond_joins_the_two_sublattices(lattice, sites):
    assert lattice.sublattice() == sites
    assert all((i in sites) != (j in sites) for i, j in lattice.bonds())


@pytest.mark.parametrize(
    ("lattice", "count"),
    [
        (Square(3, 3), 8),
        (Square(3, 4), 4),
        (Square(3, 3, periodic=True), 72),
        (Triangular(3, 3), 4),
        (Triangular(3, 4), 2),
        (Triangular(3, 3, periodic=True), 36),
    ],
)
def test_symmetries_are_those_that_keep_the_bonds(lattice, count):
    symmetries = lattice.symmetries()
    assert len(symmetries) == count
    assert symmetries[0] == tuple(range(lattice.n_sites))
    for order in (1, 2):
        bonds = sorted(lattice.bonds(order))
        for image in symmetries:
            moved = [sorted((image[i], image[j])) for i, j in bonds]
            assert sorted(map(tuple, moved)) == bonds


def test_strings_of_other_lattices_are_snakes_that_symmetries_relate():
    lattice = Triangular(3, 3)
    strings = lattice.strings(4)
    assert strings[0] == lattice.site_order("snake")
    assert {tuple(image[s] for s in strings[0]) for image in lattice.symmetries()} == set(strings)
    with pytest.raises(ValueError, match=r"`count` must be from 0 to 4, but is 5\."):
        lattice.strings(5)


def test_lattice_that_says_nothing_more_has_what_follows_from_its_bonds():
    class Star(Lattice):
        KIND, SIZES, n_sites, periodic = "star", ("n_sites",), 4, False

        def bonds(self, order=1):
            return tuple((0, i) for i in range(1, self.n_sites))

    star = Star()
    assert star.sublattice() == (0,)
    assert star.symmetries() == ((0, 1, 2, 3),)
    assert star.rows() is None
    assert star.site_order("snake") == (0, 1, 2, 3)
    assert star.strings(1) == ((0, 1, 2, 3),)
    assert star.size_powers(5) is None


def test_resized_lattices_keep_their_edges():
    assert Square(2, 3, periodic=True).resized(4) == Square(4, 4, periodic=True)
    assert Chain(5).resized(7) == Chain(7)
    assert (Chain(5).size, Square(4, 4).size, Square(2, 3).size) == (5, 4, None)
