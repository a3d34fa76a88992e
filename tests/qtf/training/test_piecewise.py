import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from qtf.autoregressive import GRUNetwork, PixelCNN
from qtf.ground_states.wave_function import WaveFunction
from qtf.training.gradients import per_sample_gradients
from qtf.training.piecewise import evaluate_in_pieces

OUTPUTS = [((), "float64"), ((3,), "float64")]


def sums_and_sines(rows):
    return ops.sum(rows, axis=1), ops.sin(rows)


@pytest.mark.parametrize("kind", ["eager", "graph", "xla"])
@pytest.mark.parametrize("largest", [1, 4, 10, 11])
def test_pieces_change_nothing(kind, largest):
    rows, shapes = np.random.default_rng(0).standard_normal((10, 3)), set()

    def function(piece):
        shapes.add(tuple(piece.shape))
        return sums_and_sines(piece)

    def run(rows):
        return evaluate_in_pieces(function, rows, largest, OUTPUTS)

    if kind != "eager":
        run = tf.function(run, jit_compile=kind == "xla", autograph=False)
    sums, sines = run(tf.constant(rows))
    np.testing.assert_allclose(sums, rows.sum(axis=1), rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(sines, np.sin(rows), rtol=1e-14)
    assert shapes == {({1: 1, 4: 4}.get(largest, 10), 3)}


def test_any_number_of_rows_is_one_piece():
    run = tf.function(
        lambda rows: evaluate_in_pieces(sums_and_sines, rows, 2, OUTPUTS),
        input_signature=[tf.TensorSpec((None, 3), tf.float64)],
        autograph=False,
    )
    assert run(np.ones((5, 3)))[0].numpy().tolist() == [3.0] * 5


NETWORKS = {
    "gru": lambda: GRUNetwork(n_positions=6, units=3, dtype="float64"),
    "pixelcnn": lambda: PixelCNN(shape=(2, 3), width=2, depth=2, dtype="float64"),
}


@pytest.mark.parametrize(("name", "xla"), [("gru", False), ("pixelcnn", True)])
def test_gradients_of_samples_are_the_same_in_pieces(name, xla):
    keras.utils.set_random_seed(0)
    psi = WaveFunction(network=NETWORKS[name](), dtype="float64")
    bits = tf.constant(np.random.default_rng(0).integers(2, size=(5, 6)), tf.int32)

    def run(at_once):
        function = tf.function(
            lambda bits: per_sample_gradients(psi, bits, psi.trainable_variables, at_once=at_once),
            jit_compile=xla,
            autograph=False,
        )
        return function(bits)

    for one, other in zip(run(None), run(2), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
