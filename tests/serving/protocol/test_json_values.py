import json
import time

import numpy as np
import pytest
import tensorflow as tf

from serving.protocol.json_values import show, to_array
from serving.protocol.prediction import wanted_outputs
from serving.protocol.signature import Signature
from serving.status import StatusError

# More than what is converted at a stretch.
MANY = 100_000


def fastest(function, n_times=7):
    times = []
    for _ in range(n_times):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return min(times)


@pytest.mark.parametrize("width", [None, 4, 1000])
@pytest.mark.parametrize(
    ("dtype", "make"),
    [
        (tf.float32, float),
        (tf.float64, lambda k: k if k % 2 else k / 8),
        (tf.int64, lambda k: k - 2**62),
        (tf.uint64, lambda k: k + 2**63),
        (tf.bool, lambda k: k % 3 == 0),
        (tf.string, str),
    ],
)
def test_many_values_in_any_nesting(dtype, make, width):
    leaves = [make(k) for k in range(MANY)]
    rows = leaves if width is None else [leaves[k : k + width] for k in range(0, MANY, width)]
    found = to_array(rows, dtype)
    assert found.shape == ((MANY,) if width is None else (MANY // width, width))
    if dtype == tf.string:
        assert found.ravel().tolist() == [leaf.encode() for leaf in leaves]
    else:
        assert found.dtype == dtype.as_numpy_dtype
        np.testing.assert_array_equal(found.ravel(), np.array(leaves, dtype.as_numpy_dtype))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ([], r"unexpected level: 1 expected < 1"),
        ("x", r'JSON Value: "x" Type: String is not of expected type: float'),
        (None, r"JSON Value: null Type: Null is not of expected type: float"),
        (True, r"JSON Value: true Type: True is not of expected type: float"),
    ],
)
@pytest.mark.parametrize("place", [0, MANY // 2, MANY - 1])
def test_late_mistake_is_named(spoil, message, place):
    values = [0.5] * MANY
    values[place] = spoil
    if place == 0 and spoil == []:
        message = r"JSON Value: 0.5 found at incorrect level: 2"
    with pytest.raises(StatusError, match=message):
        to_array(values, tf.float32)


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ([1.0], r"unexpected size: 1 at level: 1 expected size: 2"),
        (1.0, r"JSON Value: 1.0 found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
        ([1.0, [2.0]], r"unexpected level: 2 expected < 2"),
    ],
)
def test_late_row_of_another_form_is_named(last, message):
    with pytest.raises(StatusError, match=message):
        to_array([[1.0, 2.0]] * MANY + [last], tf.float32)


@pytest.mark.parametrize("rows", [False, True])
def test_numbers_take_a_few_times_as_long_as_numpy_alone(rows):
    values = np.random.default_rng(0).normal(size=(MANY // 8, 8))
    values = values.tolist() if rows else values.ravel().tolist()
    alone = fastest(lambda: np.array(values, np.float32))
    assert fastest(lambda: to_array(values, tf.float32)) < 8 * alone


def test_only_the_shown_beginning_is_written():
    document = {"instances": [[0.5] * 10] * 1000, "inputs": 3}
    assert show(document) == json.dumps(document)[:200] + "..."
    assert show([1, "a", None]) == '[1, "a", null]'
    assert fastest(lambda: show([0.5] * 10**6)) < 0.01


def test_outputs_come_in_one_order():
    signature = Signature("s", "", {}, dict.fromkeys("cab"))
    assert wanted_outputs(["c", "a"], signature) == wanted_outputs(["a", "c"], signature)
    assert wanted_outputs([], signature) == ("a", "b", "c")
