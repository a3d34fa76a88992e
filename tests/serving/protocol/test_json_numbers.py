import json
import random

import numpy as np
import pytest
import tensorflow as tf

from serving.protocol import json_numbers, json_pieces, json_requests
from serving.protocol.json_numbers import Numbers, read_numbers
from serving.protocol.signature import Signature, Tensor
from serving.status import StatusError

SPACES = ["", " ", "  ", "\n\t"]
NUMBERS = ["0", "1", "-7", "2.5", "-1e-3", "4E2", "NaN", "-Infinity", "18446744073709551616"]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(json_numbers, "_PIECE", 32)
    monkeypatch.setattr(json_pieces, "PIECE", 7)
    monkeypatch.setattr(json_requests, "_LARGE", 0)


def parse(text):
    return json_requests._parse_all(text)


def random_array(source, shape, numbers=NUMBERS):
    space = source.choice(SPACES)
    if not shape:
        return space + source.choice(numbers) + space
    inner = [random_array(source, shape[1:], numbers) for _ in range(shape[0])]
    return f"{space}[{','.join(inner)}]{space}"


def random_body(source, array):
    words = source.choice(["", '"signature_name": "serving_default", '])
    kind = source.randrange(3)
    if kind == 2:
        return f'{{{words}"inputs": {{"x": {array}}}}}'.encode()
    return f'{{{words}"{("instances", "inputs")[kind]}": {array}}}'.encode()


def signatures_of(*dtypes):
    inputs = {
        alias: Tensor(f"{alias}:0", dtype, None) for alias, dtype in zip("xy", dtypes, strict=False)
    }
    return {"serving_default": Signature("serving_default", "", inputs, {})}


def outcome(parsed, signatures):
    """Returns the inputs of a request as lists, or what is wrong with it."""
    try:
        request = json_requests.read_predict(parsed, signatures)
    except StatusError as error:
        return error.code, error.message
    return {
        alias: (value.dtype, value.shape, value.astype(str).tolist())
        for alias, value in request.inputs.items()
    }


def whole_outcome(body, signatures):
    """The same by way of an object for each number."""
    try:
        return outcome(json_requests.parse_object(body), signatures)
    except StatusError as error:
        return error.code, error.message


def quick_outcome(body, signatures):
    try:
        return outcome(json_requests.parse_predict(body), signatures)
    except StatusError as error:
        return error.code, error.message


@pytest.mark.parametrize("shape", [(1,), (6,), (3, 2), (1, 1), (2, 1, 3), (1, 1, 1, 2), (5, 4)])
def test_arrays_are_those_of_the_slow_way(shape):
    source = random.Random(0)
    for _ in range(60):
        body = random_body(source, random_array(source, shape))
        read = read_numbers(body, parse)
        values = next(value for value in read.values() if not isinstance(value, str))
        numbers = values["x"] if isinstance(values, dict) else values
        assert isinstance(numbers, Numbers)
        assert numbers.array.shape == shape
        for dtype in (tf.float32, tf.float64, tf.int32, tf.uint8, tf.bool, tf.string, tf.half):
            signatures = signatures_of(dtype)
            assert outcome(read, signatures) == whole_outcome(body, signatures)


def test_broken_requests_have_the_answers_of_the_slow_way():
    source = random.Random(1)
    n_read = n_refused = 0
    for _ in range(4000):
        shape = source.choice([(4,), (3, 2), (2, 1, 2)])
        body = bytearray(random_body(source, random_array(source, shape, ["1", "2.5", "-3"])))
        for _ in range(source.randrange(3)):
            place = source.randrange(len(body))
            change = source.choice([b"", b"[", b"]", b",", b"}", b"{", b"1", b'"', b" ", b"],["])
            body[place : place + source.randrange(2)] = change
        read = read_numbers(bytes(body), parse)
        n_read += read is not None
        n_refused += read is None
        signatures = signatures_of(tf.float32)
        assert quick_outcome(bytes(body), signatures) == whole_outcome(bytes(body), signatures)
    assert min(n_read, n_refused) > 500


@pytest.mark.parametrize(
    "array",
    [
        "[[1,]2,[3,4]]",
        "[[1,2],7[3,4]]",
        "[7[1,2],[3,4]]",
        "[[1,2]7,[3,4]]",
        "[[,1],[2,3]]",
        "[[1,],[2,3]]",
        "[[1,2],[3]]",
        "[[1,2],3]",
        "[[1],[[2]]]",
        "[[]]",
        "[]",
        "[1,,2]",
        "[1,2,]",
        "[1 2]",
        "[true, 1]",
        '["1"]',
        "[null]",
        "[" * 33 + "1" + "]" * 33,
        "[1]]",
        "[[1]",
    ],
)
def test_what_is_no_regular_array_is_left_to_others(array):
    body = f'{{"instances": {array}}}'.encode()
    assert read_numbers(body, parse) is None
    signatures = signatures_of(tf.float32)
    assert quick_outcome(body, signatures) == whole_outcome(body, signatures)


@pytest.mark.parametrize(
    "body",
    [
        b'{"instances": [1], "inputs": [2]}',
        b'{"instances": [1], "more": 1}',
        b'{"instances": null, "signature_name": "a[1,2]b"}',
        b'{"signature_name": 3, "instances": [1]}',
        b'{"signature_name": "a[", "instances": [1]}',
        b'{"inputs": {"x": [1], "y": [2]}}',
        b'{"inputs": {"b64": [1]}}',
        b'{"instances": [{"x": 1}]}',
        b'{"instances": [1]} and more',
        b"[1, 2]",
        b"{}",
        b"1",
        b" " * 5000 + b'{"instances": [1]}',
    ],
)
def test_other_requests_are_left_to_others(body):
    assert read_numbers(body, parse) is None
    signatures = signatures_of(tf.float32)
    assert quick_outcome(body, signatures) == whole_outcome(body, signatures)


def test_an_array_for_one_of_two_inputs_names_the_other():
    signatures = signatures_of(tf.float32, tf.float32)
    for body in (b'{"inputs": {"x": [1, 2]}}', b'{"inputs": [1, 2]}', b'{"instances": [1, 2]}'):
        assert read_numbers(body, parse) is not None
        assert quick_outcome(body, signatures) == whole_outcome(body, signatures)


def test_no_object_is_made_for_each_number(monkeypatch):
    monkeypatch.undo()
    values = np.random.default_rng(0).normal(size=(20_000, 3)).astype(np.float32)
    body = json.dumps({"instances": values.tolist()}).encode()
    parsed = json_requests.parse_predict(body)
    assert isinstance(parsed["instances"], Numbers)
    found = json_requests.read_predict(parsed, signatures_of(tf.float32)).inputs["x"]
    np.testing.assert_array_equal(found, values)
