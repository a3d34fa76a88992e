import keras
import numpy as np
import pytest
import tensorflow as tf

from qtf.autoregressive import GatedRNN2D, GRUNetwork, PixelCNN, RowScan, Transformer
from qtf.ground_states.wave_function import WaveFunction
from qtf.training.gradients import per_sample_gradients

NETWORKS = {
    "gated_2d": lambda: GatedRNN2D(shape=(2, 3), units=4, dtype="float64"),
    "gru": lambda: GRUNetwork(n_positions=6, units=4, dtype="float64"),
    "row_scan": lambda: RowScan(shape=(2, 3), units=4, n_layers=1, dtype="float64"),
    "pixelcnn": lambda: PixelCNN(shape=(2, 3), width=3, depth=3, dtype="float64"),
    "transformer": lambda: Transformer(n_positions=6, units=4, n_layers=1, dtype="float64"),
}


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "xla"),
    [
        ("gated_2d", False),
        ("gru", False),
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
    weights = [variable.value for variable in psi.trainable_variables]

    @tf.function(jit_compile=xla, autograph=False)
    def at_once(bits):
        return per_sample_gradients(psi, bits, psi.trainable_variables)

    found = [np.asarray(part) for part in at_once(bits)]
    assert [part.shape for part in found] == [(5, psi.count_params())] * 2
    for i in range(5):
        for output in range(2):
            with tf.GradientTape() as tape:
                value = psi(bits[i : i + 1])[output]
            parts = tape.gradient(value, weights, unconnected_gradients="zero")
            joined = np.concatenate([np.ravel(tf.convert_to_tensor(part)) for part in parts])
            np.testing.assert_allclose(found[output][i], joined, atol=1e-12)
