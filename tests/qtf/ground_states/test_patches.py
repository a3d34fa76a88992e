"""Wave functions whose positions are patches of sites."""

import keras
import numpy as np
import pytest
import scipy.stats

from qtf.autoregressive import NETWORKS, GRUNetwork
from qtf.autoregressive.network import network_class
from qtf.autoregressive.settings import NetworkSettings
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.patches import Patches
from qtf.ground_states.runs.settings import GroundStateSettings, RunSettings
from qtf.ground_states.settings import WaveFunctionSettings
from qtf.ground_states.symmetries import symmetrizer
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Chain, Square, all_bits, j1j2

LATTICE = Square(2, 4)
EVERY = all_bits(8).astype("int32")
SIZES = {
    "gated_2d": {"units": 4},
    "gru": {"units": 6},
    "lstm_2d": {"units": 4, "n_layers": 1},
    "pixelcnn": {"width": 6, "depth": 3},
    "row_scan": {"units": 6, "n_layers": 1},
    "transformer": {"units": 8, "n_layers": 1},
}


def wave_function(
    name="row_scan", *, lattice=LATTICE, patch=(2, 2), dtype="float64", heads=None, **options
):
    keras.utils.set_random_seed(0)
    patches, kind = Patches(lattice, patch), NETWORKS[name]
    d = 2 ** int(np.prod(patch))
    heads = (d, d) if heads is None else heads
    network = network_class(kind)(
        **network_class(kind).size_arguments(patches),
        **SIZES[name],
        heads=heads,
        local_dimension=d,
        dtype=dtype,
    )
    rng = np.random.default_rng(1)
    for variable in network.variables:
        variable.assign(variable + 0.4 * rng.standard_normal(variable.shape))
    sites = patches.site_order(kind.order or "snake")
    return WaveFunction(network=network, sites=sites, dtype=dtype, **options)


def probabilities(psi, bits=EVERY):
    return np.exp(2 * np.asarray(psi(bits)[0], np.float64))


def psi_by_hand(psi, bits, n_down):
    """Returns psi of one configuration from the outputs of its network, patch by patch."""
    d, width = psi.network.local_dimension, psi.sites_per_position
    ordered = bits[list(psi.sites)].reshape(-1, width)
    outcomes = np.array([int("".join(map(str, patch)), 2) for patch in ordered])
    outputs = np.asarray(psi.network(outcomes[None].astype("int32")))[0]
    total, downs = 1.0 + 0.0j, 0
    for place, (outcome, row) in enumerate(zip(outcomes, outputs, strict=True)):
        weights = np.exp(row[:d])
        left = len(bits) - width * (place + 1)
        for other in range(d):
            missing = n_down - downs - bin(other).count("1")
            # Those that are missing have to find place among those that are left.
            weights[other] *= 0 <= missing <= left
        total *= np.sqrt(weights[outcome] / weights.sum()) * np.exp(1j * row[d + outcome])
        downs += bin(outcome).count("1")
    return total


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("magnetization", [0, 2])
def test_psi_is_the_product_over_patches(name, magnetization):
    psi = wave_function(name, magnetization=magnetization)
    allowed = EVERY[(1 - 2 * EVERY).sum(axis=1) == magnetization][::7]
    log_modulus, phase = psi(allowed)
    found = np.exp(np.asarray(log_modulus) + 1j * np.asarray(phase))
    expected = [psi_by_hand(psi, bits, (8 - magnetization) // 2) for bits in allowed]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize(
    ("patch", "dtype", "magnetization"),
    [
        ((2, 2), "float32", 0),
        ((1, 2), "float32", -4),
        ((2, 1), "float64", None),
        ((1, 4), "float64", 8),
    ],
)
def test_probabilities_add_up_to_one(name, patch, dtype, magnetization):
    psi = wave_function(name, patch=patch, dtype=dtype, magnetization=magnetization)
    found = probabilities(psi)
    assert found.sum() == pytest.approx(1.0, abs=1e-5 if dtype == "float32" else 1e-12)
    if magnetization is not None:
        allowed = (1 - 2 * EVERY).sum(axis=1) == magnetization
        assert found[~allowed].max(initial=0.0) == 0.0
        assert found[allowed].min() > 0.0


def test_probabilities_of_four_by_four_add_up_to_one():
    psi = wave_function(lattice=Square(4, 4), dtype="float32", zero_magnetization=True)
    bits = all_bits(16).astype("int32")
    bits = bits[bits.sum(axis=1) == 8]
    assert probabilities(psi, bits).sum() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("magnetization", [None, 0])
def test_samples_follow_the_probabilities(name, magnetization):
    psi = wave_function(name, magnetization=magnetization)
    n_samples = 20_000
    assert psi.n_uniforms == 2
    bits = np.asarray(psi.sample(np.random.default_rng(5).random((2, n_samples))))
    counts = np.bincount(bits @ (1 << np.arange(7, -1, -1)), minlength=256)
    expected = n_samples * probabilities(psi)
    assert counts[expected == 0].sum() == 0
    # Rare configurations together, as the test asks for at least five of each.
    rare = expected < 5
    observed = np.append(counts[~rare], counts[rare].sum())
    wanted = np.append(expected[~rare], expected[rare].sum())
    kept = wanted > 0
    assert scipy.stats.chisquare(observed[kept], wanted[kept]).pvalue > 1e-4


def test_averages_over_symmetries_are_sampled():
    psi = wave_function(zero_magnetization=True)
    average = symmetrizer("lattice_and_flip", LATTICE)(psi)
    found = probabilities(average)
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(found, found[::-1], atol=1e-14)
    bits = np.asarray(average.sample(np.random.default_rng(6).random((3, 20_000))))
    counts = np.bincount(bits @ (1 << np.arange(7, -1, -1)), minlength=256)
    kept = found > 0
    assert scipy.stats.chisquare(counts[kept], 20_000 * found[kept]).pvalue > 1e-4
    assert counts[~kept].sum() == 0


@pytest.mark.parametrize("name", SIZES)
def test_local_energies_from_prefixes_are_those_of_the_whole_state(name):
    lattice = Square(4, 2)
    operator = j1j2(lattice, next_nearest_coupling=0.4)
    psi = wave_function(name, lattice=lattice, magnetization=0, sign_sites=lattice.sublattice())
    bits = EVERY[EVERY.sum(axis=1) == 4]
    log_modulus, phase = psi(EVERY)
    amplitudes = np.exp(np.asarray(log_modulus) + 1j * np.asarray(phase))
    expected = (operator.to_dense() @ amplitudes / np.where(amplitudes == 0, 1, amplitudes))[
        EVERY.sum(axis=1) == 4
    ]
    for n_prefixes in (1, 2):
        real, imaginary = LocalEnergy(operator, n_prefixes=n_prefixes)(psi, bits)
        np.testing.assert_allclose(np.asarray(real) + 1j * np.asarray(imaginary), expected)


def test_single_sites_are_patches_of_one():
    patches = Patches(LATTICE, (1, 1))
    for order in ("raster", "snake"):
        assert patches.site_order(order) == LATTICE.site_order(order)
    assert patches.rows() == LATTICE.rows()
    assert Patches(Chain(6), (1, 2)).site_order("raster") == tuple(range(6))
    assert Patches(Chain(6), (1, 2)).rows() is None


def test_patches_follow_a_snake():
    patches = Patches(Square(4, 4), (2, 2))
    expected = (0, 1, 4, 5, 2, 3, 6, 7, 10, 11, 14, 15, 8, 9, 12, 13)
    assert patches.site_order("snake") == expected
    assert patches.rows() == ((0, 1), (2, 3))


def test_sines_and_cosines_of_every_outcome():
    psi = wave_function(heads=(16, 32))
    bits = EVERY[::50]
    phase = np.asarray(psi(bits)[1])
    outcomes = bits[:, list(psi.sites)].reshape(-1, 2, 4) @ [8, 4, 2, 1]
    outputs = np.asarray(psi.network(outcomes.astype("int32")))[..., 16:]
    sine = np.take_along_axis(outputs[..., :16], outcomes[..., None], axis=-1)
    cosine = np.take_along_axis(outputs[..., 16:], outcomes[..., None], axis=-1)
    expected = np.arctan2(sine, cosine).sum(axis=(1, 2))
    np.testing.assert_allclose(phase, expected, atol=1e-12)


def test_settings_of_patches_make_heads():
    assert WaveFunctionSettings().heads == (2, 2)
    assert WaveFunctionSettings(patch=(2, 2), positive=True).heads == (16,)
    assert WaveFunctionSettings(patch=(1, 2), phase="sine_and_cosine").heads == (4, 8)


SQUARE = {"name": "heisenberg", "lattice": "square", "n_rows": 4, "n_columns": 4}


def settings(kind, **values):
    wave_function = {"patch": (2, 3)}
    return kind.from_mapping(
        {"physics": {"hamiltonian": SQUARE}, "wave_function": wave_function, **values}
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Patches(Square(4, 4), (2, 3)), r"divide the 4 x 4 sites, but is \(2, 3\)"),
        (lambda: Patches(Chain(6), (2, 2)), r"divide the 1 x 6 sites, but is \(2, 2\)"),
        (lambda: Patches(LATTICE, (2, 2)).site_order("spiral"), '"spiral"'),
        (lambda: settings(RunSettings), r"`wave_function.patch` must divide the 4 x 4 sites"),
        (
            lambda: GroundStateSettings.from_mapping(
                {
                    "physics": {"hamiltonian": SQUARE},
                    "wave_function": {"patch": (2, 2)},
                    "growth": {"sizes": (4, 5)},
                }
            ),
            r"`wave_function.patch` must divide the 5 x 5 sites, but is \(2, 2\)",
        ),
        (lambda: WaveFunctionSettings(patch=(2,)), r"rows and columns .* but is \(2,\)"),
        (lambda: WaveFunctionSettings(patch=(3, 3)), r"at most 6 sites, but is \(3, 3\)"),
        (lambda: WaveFunctionSettings(patch=(0, 1)), "`wave_function.patch.*positive"),
        (
            lambda: WaveFunction(network=GRUNetwork(n_positions=3, local_dimension=3)),
            r"2\*\*k outcomes for patches of k sites, but has 3",
        ),
        (
            lambda: WaveFunction(network=GRUNetwork(n_positions=3, local_dimension=4)),
            r"outputs \(4, 4\), \(4, 8\) or \(4,\) for its 4 outcomes, but has \(2, 2\)",
        ),
    ],
)
def test_mistakes_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_every_network_is_examined():
    assert set(SIZES) == set(NETWORKS)
    assert NetworkSettings(name="row_scan").order == "raster"
