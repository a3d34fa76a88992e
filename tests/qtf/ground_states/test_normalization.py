"""All probabilities of lattices and of a chain of 12, for every way to build psi."""

import itertools

import keras
import numpy as np
import pytest

from qtf.autoregressive import NETWORKS
from qtf.autoregressive.network import network_class
from qtf.ground_states.exact_sums import state_vector
from qtf.ground_states.settings import GROUPS
from qtf.ground_states.symmetries import symmetrizer
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Chain, Square, all_bits
from qtf.physics.lattices import ORDERS

LATTICES = {"3x4": Square(3, 4), "chain": Chain(12), "4x4": Square(4, 4)}
SIZES = {
    "gated_2d": {"units": 6, "context": True},
    "gru": {"units": 6},
    "transformer": {"units": 8, "n_layers": 1, "n_attention_heads": 2},
    "pixelcnn": {"width": 4, "depth": 2},
    "lstm_2d": {"units": 3, "n_layers": 2},
    "row_scan": {"units": 4, "n_layers": 1},
}
ON_SQUARES = ("gated_2d", "lstm_2d", "pixelcnn", "row_scan")
CASES = [
    (name, lattice)
    for name, lattice in itertools.product(SIZES, ("3x4", "chain"))
    if lattice == "3x4" or name not in ON_SQUARES
]
# Every pair of choices is among them, in a quarter of all products.
CHOICES = [
    (*case, ("float32", "float64")[k], ORDERS[k ^ (i // 2 % 2)], bool(k ^ (i % 2)))
    for i, case in enumerate(CASES)
    for k in range(2)
]
# A precision for each in turn; every network is there in both. Only 4 x 4 has turns by a quarter.
AVERAGES = [
    *((name, "chain", group, "raster") for name in ("gru", "transformer") for group in GROUPS[1:]),
    *((name, "3x4", "flip", "snake") for name in SIZES),
    ("row_scan", "3x4", "lattice", "raster"),
    ("gated_2d", "3x4", "flip", "raster"),
    ("gru", "4x4", "lattice", "raster"),
    ("lstm_2d", "3x4", "lattice", "raster"),
    ("pixelcnn", "4x4", "lattice_and_flip", "raster"),
    ("pixelcnn", "3x4", "lattice_and_flip", "snake"),
]
TOLERANCES = {"float32": 1e-5, "float64": 1e-12}
AVERAGES_AND_PRECISIONS = [
    (*average, tuple(TOLERANCES)[k % 2]) for k, average in enumerate(AVERAGES)
]


def wave_function(name, lattice, dtype, **options):
    keras.utils.set_random_seed(0)
    if name in ON_SQUARES:
        place = {"shape": (lattice.n_rows, lattice.n_columns)}
    else:
        place = {"n_positions": lattice.n_sites}
    network = network_class(NETWORKS[name])(**place, **SIZES[name], dtype=dtype)
    rng = np.random.default_rng(1)
    for variable in network.variables:
        variable.assign(variable + 0.3 * rng.standard_normal(variable.shape))
    return WaveFunction(network=network, dtype=dtype, **options)


def total(psi):
    # Compiling would take longer than it saves.
    return np.sum(np.abs(state_vector(psi, xla=False)) ** 2)


@pytest.mark.parametrize(("name", "lattice", "dtype", "order", "zero_magnetization"), CHOICES)
def test_probabilities_of_all_configurations_add_up(
    name, lattice, dtype, order, zero_magnetization
):
    lattice = LATTICES[lattice]
    options = {
        "sites": lattice.site_order(order),
        "zero_magnetization": zero_magnetization,
        "sign_sites": lattice.sublattice(),
    }
    psi = wave_function(name, lattice, dtype, **options)
    assert total(psi) == pytest.approx(1.0, abs=TOLERANCES[dtype])


def test_every_pair_of_choices_is_made():
    values = CASES, tuple(TOLERANCES), ORDERS, (False, True)
    choices = [((name, lattice), *others) for name, lattice, *others in CHOICES]
    for first, second in itertools.combinations(range(4), 2):
        pairs = {(choice[first], choice[second]) for choice in choices}
        assert pairs == set(itertools.product(values[first], values[second]))


def test_every_network_group_and_order_is_averaged():
    names, _, groups, orders = map(set, zip(*AVERAGES, strict=True))
    assert (names, groups, orders) == (set(NETWORKS), set(GROUPS[1:]), set(ORDERS))
    for place, values in ((0, NETWORKS), (2, GROUPS[1:]), (3, ORDERS)):
        pairs = {(case[place], case[4]) for case in AVERAGES_AND_PRECISIONS}
        assert pairs == set(itertools.product(values, TOLERANCES))


@pytest.mark.parametrize(("name", "lattice", "group", "order", "dtype"), AVERAGES_AND_PRECISIONS)
def test_averages_over_symmetries_add_up(name, lattice, group, order, dtype):
    lattice = LATTICES[lattice]
    sites = lattice.site_order(order)
    psi = wave_function(name, lattice, dtype, zero_magnetization=True, sites=sites)
    average = symmetrizer(group, lattice)(psi)
    # As many spins up as down: all other configurations have been summed above.
    bits = all_bits(lattice.n_sites).astype("int32")
    bits = bits[2 * bits.sum(axis=1) == lattice.n_sites]
    parts = np.array_split(bits, -(-len(bits) * average.n_symmetries // 8192))
    log_modulus = np.concatenate([np.asarray(average(part)[0], np.float64) for part in parts])
    assert np.exp(2 * log_modulus).sum() == pytest.approx(1.0, abs=TOLERANCES[dtype])
