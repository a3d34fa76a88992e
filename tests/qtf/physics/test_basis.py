import itertools

import numpy as np
import pytest

from qtf.physics import (
    all_bits,
    all_spins,
    index_of_bits,
    n_sites_of_dimension,
    spins_of_index,
)


@pytest.mark.parametrize("n_sites", [1, 2, 5])
def test_bits_are_counted_with_first_spin_most_significant(n_sites):
    assert all_bits(n_sites).tolist() == [
        list(b) for b in itertools.product((0, 1), repeat=n_sites)
    ]


@pytest.mark.parametrize("site", [0, 1, 2])
def test_spins_are_diagonal_of_kronecker_z(site, kronecker):
    assert all_spins(3).dtype == np.int8
    np.testing.assert_array_equal(all_spins(3)[:, site], np.diag(kronecker(3, {site: "Z"})))


def test_index_of_bits_inverts_all_bits():
    np.testing.assert_array_equal(index_of_bits(all_bits(6)), np.arange(64))


def test_spins_of_index_are_rows_of_all_spins():
    indices = np.array([[0, 3], [7, 12]])
    np.testing.assert_array_equal(spins_of_index(indices, 4), all_spins(4)[indices])


def test_index_of_many_bits_does_not_overflow():
    bits = np.ones(62, np.int8)
    assert int(index_of_bits(bits)) == 2**62 - 1
    np.testing.assert_array_equal(spins_of_index(2**62 - 1, 62), -bits)


@pytest.mark.parametrize("n_sites", [1, 7, 20])
def test_n_sites_of_dimension_inverts_power(n_sites):
    assert n_sites_of_dimension(2**n_sites) == n_sites


@pytest.mark.parametrize("dimension", [3, 6, 100])
def test_dimension_that_is_no_power_of_two_is_refused(dimension):
    message = rf"`dimension` must be a power of two, but is {dimension}\."
    with pytest.raises(ValueError, match=message):
        n_sites_of_dimension(dimension)


@pytest.mark.parametrize("dimension", [0, 1, 2.0])
def test_dimension_of_no_spin_is_refused(dimension):
    with pytest.raises(ValueError, match=r"`dimension` must be an integer of at least 2, but is"):
        n_sites_of_dimension(dimension)


@pytest.mark.parametrize("listed", [all_bits, all_spins])
@pytest.mark.parametrize("n_sites", [0, 25])
def test_listing_of_too_few_or_many_spins_is_refused(listed, n_sites):
    message = rf"`n_sites` must be an integer from 1 to 24, but is {n_sites}\."
    with pytest.raises(ValueError, match=message):
        listed(n_sites)


@pytest.mark.parametrize("index", [-1, 8, 0.5])
def test_index_out_of_range_is_refused(index):
    with pytest.raises(ValueError, match=r"`index` must hold integers from 0 to 7, but is"):
        spins_of_index(index, 3)


def test_spins_of_index_of_no_spin_is_refused():
    with pytest.raises(ValueError, match=r"`n_sites` must be an integer from 1 to 62, but is 0\."):
        spins_of_index(0, 0)


def test_bits_other_than_zero_and_one_are_refused():
    with pytest.raises(ValueError, match=r"`bits` must hold only 0 and 1, but is \[0, 2\]\."):
        index_of_bits([0, 2])


def test_bits_of_wrong_length_are_refused():
    message = r"`bits` must hold 1 to 62 bits on its last axis, but has shape \(63,\)\."
    with pytest.raises(ValueError, match=message):
        index_of_bits(np.zeros(63, int))
