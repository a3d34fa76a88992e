"""The first request of TensorFlow Serving's own documentation, and others of its kind.

The model was built for columns of numbers, (None, 1). The stock server asks the operations, which
take any shape, and not the signature.
"""

import json

import numpy as np
import pytest
import tensorflow as tf

from tests.serving.running_server import error_of

CASES = [
    ({"instances": [1.0, 2.0, 5.0]}, {"predictions": [2.5, 3.0, 4.5]}),
    ({"instances": [[1.0], [2.0], [5.0]]}, {"predictions": [[2.5], [3.0], [4.5]]}),
    ({"instances": [[1.0, 2.0], [5.0, 0.0]]}, {"predictions": [[2.5, 3.0], [4.5, 2.0]]}),
    ({"instances": [{"x": 1.0}, {"x": 5}]}, {"predictions": [2.5, 4.5]}),
    ({"instances": [{"x": [1.0]}]}, {"predictions": [[2.5]]}),
    ({"inputs": [1.0, 2.0, 5.0]}, {"outputs": [2.5, 3.0, 4.5]}),
    ({"inputs": {"x": [1.0, 2.0, 5.0]}}, {"outputs": [2.5, 3.0, 4.5]}),
    ({"inputs": [[[1.0]]]}, {"outputs": [[[2.5]]]}),
    ({"inputs": []}, {"outputs": []}),
    ({"inputs": [[]]}, {"outputs": [[]]}),
]


@pytest.mark.parametrize("name", ["server", "batching_server"])
@pytest.mark.parametrize(("body", "expected"), CASES)
def test_rest(request, name, body, expected):
    answer = request.getfixturevalue(name).post("half_plus_two:predict", body)
    assert (answer.status, json.loads(answer.text)) == (200, expected)


def test_single_number_by_rest(server):
    answer = server.post("half_plus_two:predict", {"inputs": 1.0})
    assert (answer.status, json.loads(answer.text)) == (200, {"outputs": 2.5})


@pytest.mark.parametrize("shape", [(3,), (2, 1), (2, 2, 2), (0,)])
@pytest.mark.parametrize("name", ["server", "batching_server"])
def test_grpc(request, name, shape):
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    answer = request.getfixturevalue(name).predict("half_plus_two", {"x": x})
    np.testing.assert_array_equal(tf.make_ndarray(answer.outputs["y"]), x / 2 + 2)


def test_shape_that_an_operation_refuses_is_told_in_its_words(server):
    body = {"signature_name": "matrix", "instances": [1.0, 2.0]}
    answer = server.post("zoo:predict", body)
    code, details = error_of(server.predict, "zoo", {"x": np.float32([1, 2])}, signature="matrix")
    assert (answer.status, code) == (400, "INVALID_ARGUMENT")
    assert json.loads(answer.text)["error"] == details
    assert "Cannot feed" not in details
    assert "shape" in details or "dim" in details
