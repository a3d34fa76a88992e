import keras
import numpy as np
import pytest
import tensorflow as tf

from qtf.autoregressive import NETWORKS
from qtf.autoregressive.inputs import checked_members, checked_outcomes, checked_uniforms
from qtf.autoregressive.network import network_class

ARGUMENTS = {
    "gated_2d": {"shape": (2, 2), "units": 4},
    "gru": {"n_positions": 4, "units": 4},
    "lstm_2d": {"shape": (2, 2), "units": 4},
    "pixelcnn": {"shape": (2, 2), "width": 4, "depth": 3},
    "row_scan": {"shape": (2, 2), "units": 4},
    "transformer": {"n_positions": 4, "units": 4, "n_layers": 1},
}
GIVEN = [[0, 1, 1, 0], [1, 0, 1, 1]]
TYPES = ("bool", "int8", "uint8", "int64", "float32")


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_take_outcomes_of_any_type(name):
    keras.utils.set_random_seed(1)
    network = network_class(NETWORKS[name])(**ARGUMENTS[name])
    expected = np.asarray(network(np.array(GIVEN, "int32")))
    for dtype in TYPES:
        np.testing.assert_array_equal(network(np.array(GIVEN, dtype)), expected)
    with pytest.raises(
        ValueError, match="^Argument `outcomes` must hold .* 0 to 1, but holds -1.$"
    ):
        network(1 - 2 * np.array(GIVEN))
    with pytest.raises(
        ValueError, match=r"^Argument `outcomes` must be \(batch, 4\), but is \(2, 3"
    ):
        network(np.array(GIVEN)[:, :3])


@pytest.mark.parametrize("value", [-1, 4, 0.5, np.nan])
def test_other_outcomes_are_refused(value):
    with pytest.raises(ValueError, match=f"`a` must hold outcomes from 0 to 3, but holds {value}"):
        checked_outcomes("a", [[0, 3, value]], 4)


def test_rows_are_asked_for():
    with pytest.raises(ValueError, match=r"`a` must be \(batch, n_sites\), but is \(2,\)"):
        checked_members("a", [0, 1], (0, 1), rule="bits")


def test_inside_of_a_graph_values_are_converted_only():
    seen = []

    @tf.function
    def inside(values):
        seen.append(checked_outcomes("a", values, 2))
        return seen[-1] + 0

    assert inside(tf.constant([[7]], tf.int8)).numpy().tolist() == [[7]]
    assert seen[0].dtype == tf.int32
    symbolic = checked_outcomes("a", keras.KerasTensor((2, 3), "int8"), 2)
    assert symbolic.dtype == "int32"


@pytest.mark.parametrize(
    ("uniforms", "message"),
    [
        (np.zeros((3, 5)), r"must be \(4, batch\), but is \(3, 5\)"),
        (np.full((4, 5), -0.1), "must hold numbers from 0 to 1, but holds -0.1"),
        (np.full((4, 5), np.nan), "must hold numbers from 0 to 1, but holds nan"),
    ],
)
def test_wrong_random_numbers_are_refused(uniforms, message):
    with pytest.raises(ValueError, match=f"Argument `uniforms` {message}"):
        checked_uniforms(uniforms, 4)
