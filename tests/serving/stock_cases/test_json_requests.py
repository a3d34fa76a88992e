"""What the stock server's tests of JSON say of predict requests, number by number."""

import json
import math
import sys

import numpy as np
import pytest
import tensorflow as tf

from serving.protocol.json_requests import parse_object, read_predict
from serving.protocol.signature import Signature, Tensor
from serving.status import Code, StatusError

INT = {"default": tf.int32}
FLOAT = {"default": tf.float32}
TEXT = {"default": tf.string}
PAIRS = [[1, 2], [3, 4], [5, 6]]
# Of base64 of these two.
HELLO, WORLD = {"b64": "aGVsbG8="}, {"b64": "d29ybGQ="}


def read(body, types, key="serving_default"):
    """Reads a request, a text or an object, for a signature with inputs of these types."""
    text = body if isinstance(body, str) else json.dumps(body)
    inputs = {alias: Tensor(f"{alias}:0", dtype, None) for alias, dtype in types.items()}
    signature = Signature(key, "tensorflow/serving/predict", inputs, {})
    return read_predict(parse_object(text.encode()), {key: signature})


def only(request, alias="default"):
    """Returns the array of a request that has one input."""
    assert list(request.inputs) == [alias]
    return request.inputs[alias]


def refusal(body, types):
    """Returns the message of a request that must be refused."""
    with pytest.raises(StatusError) as caught:
        read(body, types)
    assert caught.value.code is Code.INVALID_ARGUMENT
    return caught.value.message


@pytest.mark.parametrize("signature", ["serving_default", "predict_images"])
def test_rows_of_the_only_input(signature):
    body = {"instances": PAIRS}
    if signature != "serving_default":
        body["signature_name"] = signature
    request = read(body, INT, signature)
    found = only(request)
    assert request.by_rows
    assert request.signature.name == signature
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, PAIRS)


def test_text_behind_the_object_is_not_read():
    np.testing.assert_array_equal(only(read('{"instances": [[1, 2], [3, 4]]}X', INT)), PAIRS[:2])


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_numbers_with_and_without_a_point_are_floats_together(dtype):
    written = [1, 2.0, 3, 4, 5.003, 0.662, 0.007, 0, 0.0]
    found = only(read({"instances": written}, {"default": dtype}))
    assert found.dtype == dtype.as_numpy_dtype
    np.testing.assert_array_equal(found, np.array(written, dtype.as_numpy_dtype))


def test_whole_number_is_rounded_like_the_same_with_a_point():
    (whole,) = only(read('{"instances": [1435774380]}', FLOAT))
    (pointed,) = only(read('{"instances": [1435774380.0]}', FLOAT))
    assert float(whole) == float(pointed) == 1435774336.0


@pytest.mark.parametrize("sign", [1, -1])
def test_what_is_too_large_for_a_float_is_infinite(sign):
    (found,) = only(read({"instances": [sign * sys.float_info.max]}, FLOAT))
    assert found == sign * np.inf


@pytest.mark.parametrize("sign", [1, -1])
def test_what_is_too_small_for_a_float_is_zero_of_its_sign(sign):
    (found,) = only(read({"instances": [sign * sys.float_info.min]}, FLOAT))
    assert found == 0.0
    assert math.copysign(1, found) == sign


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([HELLO, WORLD], [b"hello", b"world"]),
        ([[HELLO], [WORLD]], [[b"hello"], [b"world"]]),
        ([{"default": [[HELLO], [WORLD]]}], [[[b"hello"], [b"world"]]]),
    ],
)
def test_base64_in_rows(rows, expected):
    assert only(read({"instances": rows}, TEXT)).tolist() == expected


def test_rows_of_several_inputs():
    types = {"ints": tf.int32, "texts": tf.string, "floats": tf.float32, "doubles": tf.float64}
    first = {"ints": PAIRS, "texts": ["foo", "bar"], "floats": [1.0, math.nan]}
    second = {"ints": PAIRS[::-1], "texts": ["baz", "bat"], "floats": [2.0, math.inf]}
    rows = [{**first, "doubles": [math.nan]}, {**second, "doubles": [2.0]}]
    body = json.dumps({"instances": rows})
    assert "NaN" in body
    assert "Infinity" in body
    found = read(body, types).inputs
    np.testing.assert_array_equal(found["ints"], [PAIRS, PAIRS[::-1]])
    assert found["texts"].tolist() == [[b"foo", b"bar"], [b"baz", b"bat"]]
    np.testing.assert_array_equal(found["floats"], np.float32([[1, np.nan], [2, np.inf]]))
    np.testing.assert_array_equal(found["doubles"], [[np.nan], [2.0]])
    assert found["floats"].dtype == np.float32
    assert found["doubles"].dtype == np.float64


@pytest.mark.parametrize("columns", [[PAIRS], {"ints": [PAIRS]}])
def test_column_of_the_only_input_with_and_without_its_name(columns):
    request = read({"inputs": columns}, {"ints": tf.int32})
    assert not request.by_rows
    np.testing.assert_array_equal(only(request, "ints"), [PAIRS])


def test_columns_of_several_inputs_may_be_scalars():
    types = {"ints": tf.int32, "texts": tf.string, "bytes": tf.string}
    columns = {"ints": [PAIRS], "texts": ["foo", "bar"], "bytes": HELLO}
    found = read({"inputs": columns}, types).inputs
    np.testing.assert_array_equal(found["ints"], [PAIRS])
    assert found["texts"].tolist() == [b"foo", b"bar"]
    assert (found["bytes"].shape, found["bytes"].item()) == ((), b"hello")


UNEVEN = [[1, 2], [3, 4], [5, 6, 7]]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "document is empty"),
        ({"signature_name": 5, "instances": UNEVEN}, "must be a string value"),
        ({"instances": UNEVEN, "inputs": UNEVEN}, "Not formatted correctly"),
        ({"instances": UNEVEN}, "Expecting tensor size"),
        ({"instances": [[1, 2], [3, 4], [[5, 6]]]}, "Expecting shape"),
        ({"instances": [1, [1]]}, "Expecting shape"),
        ({"instances": [[1, 2], ["a", "b"]]}, "not of expected type"),
    ],
)
def test_mistakes_with_one_input(body, message):
    assert message in refusal(body, INT)


SQUARE, LONGER = {"ints": PAIRS}, {"ints": [*PAIRS, [7, 8]]}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([SQUARE, {"ints": [PAIRS]}], "Expecting shape"),
        ([LONGER, SQUARE], "Expecting tensor size"),
        ([SQUARE, [1, 20, 30], SQUARE], "Expecting object but got list"),
    ],
)
def test_mistakes_with_several_inputs(rows, message):
    texts = {"texts": ["foo", "bar"]}
    rows = [{**row, **texts} if isinstance(row, dict) else row for row in rows]
    assert message in refusal({"instances": rows}, {"ints": tf.int32, "texts": tf.string})


def test_object_among_lists():
    rows = [["baz", "bar"], {"texts": ["baz", "bat"]}]
    expected = "Expecting value/list but got object"
    assert expected in refusal({"instances": rows}, {"texts": tf.string})


@pytest.mark.parametrize("body", ['{"instances": [1], "nested": %s}', '{"signature_name": %s}'])
def test_what_is_nested_half_a_million_deep_is_refused(body):
    deep = body % ("[" * 500_000 + "]" * 500_000)
    assert refusal(deep, INT)
