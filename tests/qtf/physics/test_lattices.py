import numpy as np
import pytest

from qtf.physics import Chain, Square, heisenberg, j1j2, lanczos_ground_energy


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


@pytest.mark.parametrize("order", [0, 3, "x"])
@pytest.mark.parametrize("lattice", [Chain(4), Square(2, 2)])
def test_bonds_of_unknown_order_are_refused(lattice, order):
    with pytest.raises(ValueError, match=rf"`order` must be one of 1, 2, but is '{order}'\."):
        lattice.bonds(order)


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
