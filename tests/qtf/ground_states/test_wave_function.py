import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from keras import ops

from qtf.autoregressive import LSTM2D, GatedRNN2D, GRUNetwork, PixelCNN, RowScan, Transformer
from qtf.ground_states.symmetries import SymmetricWaveFunction
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Chain, Square, all_bits

NETWORKS = {
    "gated_2d": lambda **kw: GatedRNN2D(shape=(2, 3), units=6, **kw),
    "gru": lambda **kw: GRUNetwork(n_positions=6, units=6, **kw),
    "transformer": lambda **kw: Transformer(n_positions=6, units=8, n_layers=1, **kw),
    "pixelcnn": lambda **kw: PixelCNN(shape=(2, 3), width=6, depth=3, **kw),
    "row_scan": lambda **kw: RowScan(shape=(2, 3), units=6, **kw),
    "lstm_2d": lambda **kw: LSTM2D(shape=(2, 3), units=6, **kw),
}
EVERY = all_bits(6).astype("int32")


def wave_function(name="gru", dtype="float64", **arguments):
    keras.utils.set_random_seed(3)
    network = NETWORKS[name](dtype=dtype)
    rng = np.random.default_rng(4)
    for variable in network.variables:
        variable.assign(variable + 0.4 * rng.standard_normal(variable.shape))
    return WaveFunction(network=network, dtype=dtype, **arguments)


def probabilities(psi):
    return np.exp(2 * np.asarray(psi(EVERY)[0], dtype=np.float64))


OPTIONS = [
    {},
    {"sites": Square(2, 3).site_order("snake")},
    {"zero_magnetization": True},
    {"zero_magnetization": True, "sites": (3, 0, 5, 1, 4, 2), "sign_sites": (0, 2)},
]
# Every network with all at once, and each of them with one.
CASES = [
    *((name, OPTIONS[-1]) for name in NETWORKS),
    *(("gru", options) for options in OPTIONS[:3]),
]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    ("options", "dtype", "tolerance"),
    [
        (OPTIONS[0], "float64", 1e-12),
        (OPTIONS[1], "float32", 1e-5),
        (OPTIONS[2], "float32", 1e-5),
        (OPTIONS[3], "float64", 1e-12),
    ],
)
def test_probabilities_add_up_to_one(name, options, dtype, tolerance):
    found = probabilities(wave_function(name, dtype, **options))
    assert found.sum() == pytest.approx(1.0, abs=tolerance)
    if options.get("zero_magnetization"):
        assert found[EVERY.sum(axis=1) != 3].max() == 0.0
        assert found[EVERY.sum(axis=1) == 3].min() > 0.0


@pytest.mark.parametrize(("name", "options"), CASES)
def test_samples_follow_the_probabilities(name, options):
    psi = wave_function(name, **options)
    n_samples = 20_000
    uniforms = np.random.default_rng(5).random((6, n_samples))
    bits = np.asarray(psi.sample(uniforms))
    counts = np.bincount(bits @ (1 << np.arange(5, -1, -1)), minlength=64)
    expected = n_samples * probabilities(psi)
    assert counts[expected == 0].sum() == 0
    # Rare configurations together, as the test asks for at least five of each.
    rare = expected < 5
    observed = np.append(counts[~rare], counts[rare].sum())
    wanted = np.append(expected[~rare], expected[rare].sum())
    kept = wanted > 0
    assert scipy.stats.chisquare(observed[kept], wanted[kept]).pvalue > 1e-4


@pytest.mark.parametrize(("name", "options"), CASES)
def test_continuing_from_a_prefix_equals_the_whole_evaluation(name, options):
    psi = wave_function(name, **options)
    bits = np.array([[0, 1, 1, 0, 1, 0], [1, 0, 0, 1, 0, 1]], "int32")
    for start in (0, 2, 5, 6):
        (_, prefix) = psi.prefixes(bits, [0, start])
        rows = np.array([1, 0, 1, 1], "int32")
        flat = bits[rows]
        later = list(psi.sites[start:])
        # Permuted among themselves, so that the magnetisation stays.
        flat[1:3, later] = flat[1:3, later[::-1]]
        found = psi.evaluate_from(flat, rows, start=start, prefix=prefix)
        for one, other in zip(found, psi(flat), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-12)


def test_without_a_second_head_only_the_sign_rule_makes_phases():
    network = GRUNetwork(n_positions=6, units=6, heads=(2,), dtype="float64")
    psi = WaveFunction(network=network, sign_sites=(1,), dtype="float64")
    assert psi.positive
    log_modulus, phase = psi(EVERY)
    assert np.sum(np.exp(2 * np.asarray(log_modulus))) == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_array_equal(phase, np.pi * EVERY[:, 1])
    (prefix,) = psi.prefixes(EVERY, [3])
    np.testing.assert_allclose(psi.evaluate_from(EVERY, None, start=3, prefix=prefix)[1], phase)


def test_phases_are_read_from_sines_and_cosines():
    network = GRUNetwork(n_positions=6, units=6, heads=(2, 4), dtype="float64")
    psi = WaveFunction(network=network, dtype="float64")
    assert not psi.positive
    # Untrained, all outputs of the first position are zero.
    with tf.GradientTape() as tape:
        phase = ops.sum(psi(EVERY)[1])
    gradients = tape.gradient(phase, [v.value for v in psi.trainable_variables])
    assert all(g is None or np.isfinite(g).all() for g in gradients)
    network.last_layers[1].bias.assign([0.3, -0.2, 0.5, 0.1])
    outputs = np.asarray(network(EVERY))[..., 2:].reshape(-1, 6, 2, 2)
    chosen = np.take_along_axis(outputs, EVERY[:, :, None, None], axis=-1)[..., 0]
    sine, cosine = chosen[..., 0], chosen[..., 1]
    expected = np.prod((cosine + 1j * sine) / np.hypot(sine, cosine), axis=1)
    np.testing.assert_allclose(np.exp(1j * np.asarray(psi(EVERY)[1])), expected, atol=1e-12)
    (prefix,) = psi.prefixes(EVERY, [3])
    np.testing.assert_allclose(
        psi.evaluate_from(EVERY, None, start=3, prefix=prefix)[1], psi(EVERY)[1], atol=1e-12
    )


def test_sign_sites_change_the_phase_by_pi_for_every_down_spin():
    plain, signed = wave_function(), wave_function(sign_sites=Chain(6).sublattice())
    difference = np.asarray(signed(EVERY)[1]) - np.asarray(plain(EVERY)[1])
    expected = np.pi * (EVERY[:, ::2].sum(axis=1) % 2)
    np.testing.assert_allclose(difference, expected, atol=1e-12)


def test_wave_function_is_made_again_from_its_configuration():
    psi = wave_function(zero_magnetization=True, sites=(1, 0, 2, 3, 5, 4), sign_sites=(2,))
    again = WaveFunction.from_config(psi.get_config())
    again.set_weights(psi.get_weights())
    np.testing.assert_array_equal(again(EVERY)[1], psi(EVERY)[1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: WaveFunction(network=GRUNetwork(n_positions=3, heads=(4,))), r"\(2, 2\)"),
        (lambda: wave_function(sites=(0, 1)), "each of 0 .. 5 once"),
        (lambda: wave_function(sign_sites=(6,)), "below 6"),
        (
            lambda: WaveFunction(network=GRUNetwork(n_positions=3), zero_magnetization=True),
            "even number of sites, but there are 3",
        ),
        (lambda: Chain(2).site_order("spiral"), '"spiral"'),
    ],
)
def test_mistakes_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(("n_sites", "magnetization"), [(6, 2), (6, -4), (5, 1), (4, 4)])
def test_a_magnetisation_is_exact_in_psi_and_in_samples(n_sites, magnetization):
    keras.utils.set_random_seed(0)
    network = GRUNetwork(n_positions=n_sites, units=4, heads=(2, 2))
    psi = WaveFunction(
        network=network, magnetization=magnetization, sites=tuple(reversed(range(n_sites)))
    )
    bits = all_bits(n_sites).astype("int32")
    probabilities = np.exp(2.0 * np.asarray(psi(bits)[0], np.float64))
    allowed = (1 - 2 * bits).sum(axis=1) == magnetization
    assert probabilities[allowed].sum() == pytest.approx(1.0, abs=1e-5)
    assert (probabilities[~allowed] == 0.0).all()
    uniforms = np.random.default_rng(0).random((n_sites, 200)).astype("float32")
    assert ((1 - 2 * np.asarray(psi.sample(uniforms))).sum(axis=1) == magnetization).all()
    assert psi.sector().n_down == (n_sites - magnetization) // 2
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(psi))
    assert again.magnetization == magnetization


def test_a_magnetisation_that_no_spins_have_is_named():
    network = GRUNetwork(n_positions=4, units=4)
    words = "`magnetization` must be even and from -4 to 4 for 4 sites, but is 3"
    with pytest.raises(ValueError, match=words):
        WaveFunction(network=network, magnetization=3)
    psi = WaveFunction(network=network, magnetization=2, zero_magnetization=True)
    assert psi.sector().n_down == 1
    with pytest.raises(ValueError, match="`spin_flip` must be False .*, but psi has 2"):
        SymmetricWaveFunction(psi=psi, permutations=[(0, 1, 2, 3)], spin_flip=True)
