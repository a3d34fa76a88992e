import keras
import numpy as np
import pytest
from keras import ops

from qtf.layers import ChainEncoding, FeedForward, SpinDecoding, SpinEncoding

N_MAX = 4
# Keras on JAX computes tanh and layer norms of float64 to single precision only.
KERAS_ACCURACY = 1e-12 if keras.backend.backend() == "tensorflow" else 1e-6


def states(n_sites, seed=0):
    return np.random.default_rng(seed).normal(size=(3, 2, 2**n_sites))


@pytest.mark.parametrize("n_sites", [1, 2, 4])
def test_spin_encoding_equals_the_sums(n_sites):
    layer = SpinEncoding(N_MAX, 6, dtype="float64")
    psi = states(n_sites)
    found = np.asarray(layer(psi))
    real, imaginary = (np.asarray(variable) for variable in layer.variables)
    for sample in range(3):
        expected = np.zeros(6)
        for x in range(2**n_sites):
            expected[:3] += psi[sample, 0, x] * real[x]
            expected[3:] += psi[sample, 1, x] * imaginary[x]
        np.testing.assert_allclose(found[sample], expected, atol=1e-13)


@pytest.mark.parametrize("n_sites", [1, 3])
def test_spin_encoding_uses_exactly_the_first_rows(gradients, n_sites):
    layer = SpinEncoding(N_MAX, 6, dtype="float64")
    layer(states(n_sites))
    _, (_, *found) = gradients(lambda psi: ops.sum(layer(psi) ** 2), [states(n_sites)], layer)
    for gradient in found:
        assert (np.abs(gradient[: 2**n_sites]).max(axis=1) > 0).all()
        assert (gradient[2**n_sites :] == 0).all()


@pytest.mark.parametrize("n_sites", [1, 3])
def test_spin_decoding_equals_the_sums_and_uses_the_first_rows(gradients, n_sites):
    layer = SpinDecoding(N_MAX, dtype="float64")
    hidden = np.random.default_rng(1).normal(size=(3, 6))
    found = np.asarray(layer(hidden, dimension=2**n_sites))
    tables = [np.asarray(variable) for variable in layer.variables]
    for part in range(2):
        expected = hidden @ tables[part][: 2**n_sites].T
        np.testing.assert_allclose(found[:, part], expected, atol=1e-13)
    _, (_, *slopes) = gradients(
        lambda h: ops.sum(layer(h, dimension=2**n_sites) ** 2), [hidden], layer
    )
    for gradient in slopes:
        assert (np.abs(gradient[: 2**n_sites]).max(axis=1) > 0).all()
        assert (gradient[2**n_sites :] == 0).all()


@pytest.mark.parametrize("n_sites", [1, 2, 4])
def test_chain_encoding_adds_the_row_of_n(n_sites):
    layer = ChainEncoding(N_MAX, dtype="float64")
    hidden = np.random.default_rng(1).normal(size=(3, 6))
    found = layer(hidden, dimension=2**n_sites)
    row = np.asarray(layer.embedding)[n_sites - 1]
    np.testing.assert_allclose(found, hidden + row, atol=1e-14)


@pytest.mark.parametrize("n_sites", [1, 2, 4])
def test_multiplicative_chain_encoding_scales_the_units_first(n_sites):
    layer = ChainEncoding(N_MAX, multiplicative=True, dtype="float64")
    hidden = np.random.default_rng(1).normal(size=(3, 6))
    found = layer(hidden, dimension=2**n_sites)
    row, gain = (np.asarray(table)[n_sites - 1] for table in (layer.embedding, layer.gain))
    np.testing.assert_allclose(found, hidden * gain + row, atol=1e-14)


def test_gains_start_scattered_around_one():
    layer = ChainEncoding(N_MAX, multiplicative=True)
    layer.build((None, 4096))
    gains = np.asarray(layer.gain)
    assert abs(gains.mean() - 1) < 0.03
    assert abs(gains.std() - 0.7) < 0.03


def test_decoding_of_zeros_decodes_nothing_until_trained():
    layer = SpinDecoding(N_MAX, initializer="zeros")
    assert not np.asarray(layer(np.ones((3, 6), "float32"), dimension=8)).any()


@pytest.mark.parametrize("layer_norm", [False, True])
def test_feed_forward_equals_numpy(layer_norm):
    layer = FeedForward(layer_norm=layer_norm, activation="tanh", dtype="float64")
    x = np.random.default_rng(1).normal(size=(3, 6))
    found = np.asarray(layer(x))
    w1, b1 = (np.asarray(v) for v in layer.hidden.variables)
    w2, b2 = (np.asarray(v) for v in layer.output_dense.variables)
    expected = np.tanh(x @ w1 + b1) @ w2 + b2 + x
    if layer_norm:
        mean, variance = expected.mean(-1, keepdims=True), expected.var(-1, keepdims=True)
        expected = (expected - mean) / np.sqrt(variance + layer.norm.epsilon)
    np.testing.assert_allclose(found, expected, rtol=0, atol=KERAS_ACCURACY)


def test_feed_forward_dropout_acts_in_training_only():
    layer = FeedForward(dropout=0.5, seed=1)
    x = np.ones((3, 6), "float32")
    np.testing.assert_array_equal(layer(x), layer(x))
    assert np.abs(np.asarray(layer(x, training=True)) - np.asarray(layer(x))).max() > 1e-4


@pytest.mark.parametrize(
    "layer",
    [
        SpinEncoding(3, 4),
        SpinDecoding(3),
        ChainEncoding(3),
        FeedForward(activation="tanh", dropout=0.1, layer_norm=False, seed=2),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_config_round_trip(layer):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert copy.get_config() == layer.get_config()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SpinEncoding(0, 4), "Argument `n_max` must be positive, but is 0."),
        (lambda: SpinEncoding(3, 5), "Argument `units` must be even and positive, but is 5."),
        (lambda: SpinDecoding(0), "Argument `n_max` must be positive, but is 0."),
        (lambda: ChainEncoding(-1), "Argument `n_max` must be positive, but is -1."),
        (lambda: FeedForward(dropout=1.5), r"Argument `dropout` must be in \[0, 1\), but is 1.5."),
    ],
)
def test_init_raises_on_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("dimension", [1, 3, 32])
def test_spin_encoding_raises_on_a_wrong_dimension(dimension):
    layer = SpinEncoding(N_MAX, 6)
    with pytest.raises(ValueError, match=rf"must be 2\*\*n for n in 1..4, but is {dimension}"):
        layer(np.ones((1, 2, dimension), "float32"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: SpinEncoding(3, 6)(np.ones((5, 4), "float32")),
            r"\(..., 2, 2\*\*n\), .* \(5, 4\)",
        ),
        (lambda: SpinEncoding(3, 6)(np.ones(4, "float32")), r"\(..., 2, 2\*\*n\), .* \(4,\)"),
        (lambda: SpinEncoding(3, 6)(np.ones((5, 2, 4), "complex64")), "but is complex"),
        (lambda: ChainEncoding(3)(np.ones((5, 6), "float32"), dimension=3), "`dimension` .* is 3"),
        (lambda: ChainEncoding(3)(np.ones((5, 6), "float32"), dimension=16), "1..3, but is 16"),
        (lambda: SpinDecoding(3)(np.ones((5, 6), "float32"), dimension=16), "`dimension` .* 16"),
    ],
)
def test_states_of_another_shape_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
