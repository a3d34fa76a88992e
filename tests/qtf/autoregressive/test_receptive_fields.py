"""Which outcomes an output depends on, for every network."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from qtf.autoregressive import NETWORKS, AutoregressiveNetwork
from qtf.autoregressive.network import network_class

ROWS, COLUMNS = SHAPE = (4, 4)
N = ROWS * COLUMNS
ARGUMENTS = {
    "gated_2d": [{"shape": SHAPE, "units": 6, "context": context} for context in (False, True)],
    "gru": [{"n_positions": N, "units": 6, "context": context} for context in (False, True)],
    "lstm_2d": [
        {"shape": SHAPE, "units": 6, "n_layers": n_layers, "layer_norm": layer_norm}
        for n_layers in (1, 5)
        for layer_norm in (False, True)
    ],
    "row_scan": [{"shape": SHAPE, "units": 6, "n_layers": n_layers} for n_layers in (1, 2)],
    "transformer": [{"n_positions": N, "units": 8, "n_layers": 1, "n_attention_heads": 2}],
}
CASES = [(name, arguments) for name, cases in ARGUMENTS.items() for arguments in cases]


def randomized(name, arguments, rng):
    keras.utils.set_random_seed(0)
    network = network_class(NETWORKS[name])(**arguments, dtype="float64")
    for variable in network.variables:
        variable.assign(variable + 0.4 * rng.standard_normal(variable.shape))
    return network


def dependence(name, arguments):
    """Returns whether the output at a position (row) depends on the outcome at one (column)."""
    rng = np.random.default_rng(1)
    network = randomized(name, arguments, rng)
    given = rng.integers(2, size=(20, N))
    # All of them in one batch: first as they are, then each position changed.
    changed = given ^ np.eye(N, dtype=int)[:, None]
    every = np.concatenate([given[None], changed]).reshape(-1, N).astype("int32")
    outputs = np.asarray(network(every)).reshape(N + 1, 20, N, -1)
    change = np.abs(outputs[1:] - outputs[0]).max(axis=(1, 3)).T
    found = change > 1e-9
    # Nothing between an influence and none at all.
    assert change[~found].max() < 1e-13
    return found


def test_every_network_is_examined():
    assert {*ARGUMENTS, "pixelcnn"} == set(NETWORKS)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_outputs_depend_on_every_outcome_before_and_on_no_other(name, arguments):
    np.testing.assert_array_equal(dependence(name, arguments), np.tri(N, k=-1, dtype=bool))


def seen_by_convolutions(depth):
    """Returns what a path of `depth` steps to the left or up, also slantwise, can reach."""
    row, column = np.divmod(np.arange(N), COLUMNS)
    up = row[:, None] - row[None]
    left = column[:, None] - column[None]
    # A step up brings one to the right at most.
    before = (np.arange(N)[:, None] > np.arange(N)[None]) & (left >= -up)
    return before & (np.maximum(up, np.abs(left)) <= depth)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("depth", [1, 3, 5, 9])
def test_convolutions_are_blind_further_right_than_up_at_any_depth(depth, residual):
    arguments = {"shape": SHAPE, "width": 12, "depth": depth, "residual": residual}
    found, expected = dependence("pixelcnn", arguments), seen_by_convolutions(depth)
    np.testing.assert_array_equal(found, expected)
    missing = np.tri(N, k=-1, dtype=bool) & ~found
    assert missing.sum() == (78 if depth == 1 else 11)


def slopes(name, arguments):
    """Returns the largest slope of the outputs at a position (row) in the outcome at one (column).

    Outcomes become unit vectors that need not be whole. A transformer looks up a table instead:
    it gets one row for each position, which only its outcome looks up.
    """
    rng = np.random.default_rng(1)
    if name == "transformer":
        network = randomized(name, {**arguments, "local_dimension": N}, rng)
        given, watched = np.arange(N, dtype="int32")[None], network.outcome_embedding.value
    else:
        network = randomized(name, arguments, rng)
        given = watched = tf.one_hot(rng.integers(2, size=(5, N)), 2, dtype="float64")
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(watched)
        # Not `network(given)`, which refuses outcomes that are not whole.
        outputs = network.call(given)
        outputs = tf.reduce_sum(outputs * rng.standard_normal(outputs.shape), axis=(0, 2))
        at_positions = tf.unstack(outputs)
    found = [
        tf.convert_to_tensor(tape.gradient(output, watched, unconnected_gradients="zero"))
        for output in at_positions
    ]
    found = np.abs(found).max(axis=-1)
    return found[:, :N] if name == "transformer" else found.max(axis=1)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        # Every gradient of a deep one takes a second.
        *(case for case in CASES if case[1].get("n_layers") != 5),
        ("lstm_2d", {"shape": SHAPE, "units": 6, "n_layers": 2}),
        ("pixelcnn", {"shape": SHAPE, "width": 12, "depth": 3}),
        ("pixelcnn", {"shape": SHAPE, "width": 12, "depth": 5, "residual": True}),
    ],
)
def test_gradients_are_zero_in_every_outcome_but_those_before(monkeypatch, name, arguments):
    monkeypatch.setattr(AutoregressiveNetwork, "encode", lambda self, vectors: vectors)
    if name == "gated_2d":
        # Its own gradient takes outcomes for constants; without it, the loops are differentiated.
        monkeypatch.setattr(ops, "custom_gradient", lambda run: lambda *arrays: run(*arrays)[0])
    found, before = slopes(name, arguments), np.tri(N, k=-1, dtype=bool)
    expected = seen_by_convolutions(arguments["depth"]) if name == "pixelcnn" else before
    assert (found[~before] == 0.0).all()
    np.testing.assert_array_equal(found > 1e-9, expected)
