import keras
import numpy as np
import pytest
import tensorflow as tf

from qtf.autoregressive import LSTM2D, GatedRNN2D, GRUNetwork, PixelCNN, RowScan, Transformer
from qtf.ground_states.wave_function import WaveFunction
from qtf.training.gradients import per_sample_gradients

NETWORKS = {
    "gated_2d": lambda: GatedRNN2D(shape=(2, 3), units=4, dtype="float64"),
    "gru": lambda: GRUNetwork(n_positions=6, units=4, dtype="float64"),
    "lstm_2d": lambda: LSTM2D(shape=(2, 3), units=3, dtype="float64"),
    "row_scan": lambda: RowScan(shape=(2, 3), units=4, n_layers=1, dtype="float64"),
    "pixelcnn": lambda: PixelCNN(shape=(2, 3), width=3, depth=3, dtype="float64"),
    "transformer": lambda: Transformer(n_positions=6, units=4, n_layers=1, dtype="float64"),
}


HEADS = {"positive": (2,), "phases": (2, 2), "sines": (2, 4)}
LOOPS = {
    "gated_2d with context": lambda heads: GatedRNN2D(
        shape=(3, 2), units=3, heads=heads, context=True, dtype="float64"
    ),
    "gated_2d": lambda heads: GatedRNN2D(shape=(3, 2), units=3, heads=heads, dtype="float64"),
    "gru": lambda heads: GRUNetwork(n_positions=6, units=3, heads=heads, dtype="float64"),
    "gru with context": lambda heads: GRUNetwork(
        n_positions=6, units=3, heads=heads, context=True, dtype="float64"
    ),
}


@pytest.mark.parametrize(
    ("name", "heads"),
    [
        ("gated_2d", "phases"),
        ("gated_2d with context", "phases"),
        ("gru", "sines"),
        ("gru with context", "positive"),
        ("gated_2d", "positive"),
    ],
)
def test_derivatives_by_hand_equal_those_of_samples_taken_one_by_one(name, heads):
    keras.utils.set_random_seed(1)
    psi = WaveFunction(
        network=LOOPS[name](HEADS[heads]), magnetization=0, sites=range(5, -1, -1), dtype="float64"
    )
    for variable in psi.trainable_variables:
        # Biases and norms start from zeros and ones.
        variable.assign_add(0.1 * np.random.default_rng(2).normal(size=variable.shape))
    half = [0, 1, 1, 0, 1, 0]
    bits = np.array([np.roll(half, k) for k in range(4)], "int32")
    found = tf.function(psi.derivatives, jit_compile=True, autograph=False)(tf.constant(bits))
    assert len(found) == (1 if psi.positive else 2)
    for output, part in enumerate(found):
        for i in range(len(bits)):
            np.testing.assert_allclose(part[i], by_tape(psi, bits[i], output), atol=1e-12)


def by_tape(psi, bits, output):
    """The gradient of one output for one sample."""
    weights = [variable.value for variable in psi.trainable_variables]
    with tf.GradientTape() as tape:
        value = psi(bits[None])[output]
    parts = tape.gradient(value, weights, unconnected_gradients="zero")
    return np.concatenate([np.ravel(tf.convert_to_tensor(part)) for part in parts])


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "xla"),
    [
        ("gated_2d", False),
        ("gru", False),
        ("lstm_2d", False),
        ("pixelcnn", False),
        ("pixelcnn", True),
        ("row_scan", True),
        ("transformer", True),
    ],
)
def test_gradients_equal_those_of_samples_taken_one_by_one(name, xla):
    keras.utils.set_random_seed(0)
    psi = WaveFunction(network=NETWORKS[name](), dtype="float64")
    bits = tf.constant(np.random.default_rng(0).integers(2, size=(5, 6)), tf.int32)

    @tf.function(jit_compile=xla, autograph=False)
    def at_once(bits):
        return per_sample_gradients(psi, bits, psi.trainable_variables)

    found = [np.asarray(part) for part in at_once(bits)]
    assert [part.shape for part in found] == [(5, psi.count_params())] * 2
    for i in range(5):
        for output in range(2):
            expected = by_tape(psi, bits[i], output)
            np.testing.assert_allclose(found[output][i], expected, atol=1e-12)


def test_memories_are_differentiated_in_single_precision():
    bits = tf.constant(np.random.default_rng(0).integers(2, size=(16, 4)), tf.int32)
    found, weights = [], None
    for dtype in ("float64", "float32"):
        psi = WaveFunction(network=LSTM2D(shape=(2, 2), units=4, dtype=dtype), dtype=dtype)
        weights = psi.get_weights() if weights is None else weights
        # Biases start from zeros, where norms are not smooth.
        rng = np.random.default_rng(1)
        psi.set_weights([weight + 0.3 * rng.normal(size=weight.shape) for weight in weights])

        @tf.function(autograph=False)
        def at_once(bits, psi=psi):
            return per_sample_gradients(psi, bits, psi.trainable_variables)

        found.append(np.stack(at_once(bits)))
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)
