import numpy as np
import pytest

from qtf.physics import Chain, Square


def test_eight_snakes_of_a_square_are_different_and_walk_along_bonds():
    strings = Square(3, 3).strings(8)
    assert strings[0] == (0, 1, 2, 5, 4, 3, 6, 7, 8)
    assert len(set(strings)) == 8
    bonds = {frozenset(bond) for bond in Square(3, 3).bonds()}
    for string in strings:
        assert all(frozenset(pair) in bonds for pair in zip(string, string[1:], strict=False))


def test_a_rectangle_has_four_snakes():
    assert len(Square(2, 3).strings(4)) == 4


def test_string_zero_goes_row_by_row():
    assert Square(2, 3).strings(0) == (tuple(range(6)),)


def test_open_chain_has_two_orders_and_a_periodic_one_all_starts():
    assert Chain(4).strings(2) == ((0, 1, 2, 3), (3, 2, 1, 0))
    strings = Chain(4, periodic=True).strings(8)
    assert len(set(strings)) == 8
    steps = {tuple(np.diff(string) % 4) for string in strings}
    assert steps == {(1, 1, 1), (3, 3, 3)}


@pytest.mark.parametrize(
    ("lattice", "count", "rule"),
    [(Chain(4), 3, "to 2, but is 3"), (Square(2, 3), 5, "to 4"), (Square(3, 3), -1, "to 8")],
)
def test_number_of_strings_is_bounded(lattice, count, rule):
    with pytest.raises(ValueError, match=rule):
        lattice.strings(count)
