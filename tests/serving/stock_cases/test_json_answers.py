"""What the stock server's tests of JSON say of answers and errors."""

import json

import numpy as np
import pytest
import tensorflow as tf

from serving.endpoints.http import error_answer
from serving.protocol.json_responses import write_classes, write_response, write_values
from serving.status import Code, StatusError, invalid_argument

CUBE = np.int32([[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 0], [1, 2]]])
TEXTS = np.array([[b"foo", b"bar"], [b"baz", b"bat"]], object)


def write(outputs, *, by_rows):
    """Returns the text of an answer."""
    dtypes = {
        alias: tf.string if array.dtype == object else tf.dtypes.as_dtype(array.dtype)
        for alias, array in outputs.items()
    }
    return write_response(outputs, by_rows=by_rows, dtypes=dtypes).decode()


def refusal(outputs):
    """Returns the message of outputs that cannot be written as rows."""
    with pytest.raises(StatusError) as caught:
        write(outputs, by_rows=True)
    assert caught.value.code is Code.INVALID_ARGUMENT
    return caught.value.message


def same_number(text):
    """Keeps the digits of a number, so that 1 and 1.0 differ."""
    return f"number {text}"


@pytest.mark.parametrize("values", [CUBE, CUBE.ravel()[:5]])
@pytest.mark.parametrize(("by_rows", "key"), [(True, "predictions"), (False, "outputs")])
def test_only_output_stands_without_its_name(values, by_rows, key):
    assert json.loads(write({"ints": values}, by_rows=by_rows)) == {key: values.tolist()}


def test_output_whose_name_ends_on_bytes_is_base64():
    values = np.array([[b"hello", b"world"], [b"tf", b"serving"]], object)
    expected = [["aGVsbG8=", "d29ybGQ="], ["dGY=", "c2VydmluZw=="]]
    found = json.loads(write({"text_bytes": values}, by_rows=True))["predictions"]
    assert found == [[{"b64": text} for text in row] for row in expected]


def test_floats_are_written_in_the_digits_that_they_need():
    values = np.float32([[9000000, 999999, 0.5], [0.0003, 0.00003, 555557.5]])
    text = write({"floats": values}, by_rows=True)
    found = json.loads(text, parse_int=same_number)["predictions"]
    assert found == [[9e6, 999999.0, 0.5], [0.0003, 3e-5, 555557.5]]


def test_floats_that_are_not_finite_are_bare_tokens():
    values = np.float32([[np.nan, np.inf], [3, -np.inf]])
    assert write({"x": values}, by_rows=True) == '{"predictions":[[NaN,Infinity],[3.0,-Infinity]]}'


def test_several_outputs_keep_their_names():
    outputs = {
        "doubles": np.array([8.0, 9.0]),
        "floats": np.float32([[1], [2]]),
        "ints": CUBE,
        "texts": TEXTS,
        "more_bytes": TEXTS[:, :1],
    }
    encoded = [[{"b64": "Zm9v"}], [{"b64": "YmF6"}]]
    columns = {
        "doubles": [8.0, 9.0],
        "floats": [[1.0], [2.0]],
        "ints": CUBE.tolist(),
        "texts": [["foo", "bar"], ["baz", "bat"]],
        "more_bytes": encoded,
    }
    rows = [{alias: column[row] for alias, column in columns.items()} for row in range(2)]
    assert json.loads(write(outputs, by_rows=False)) == {"outputs": columns}
    assert json.loads(write(outputs, by_rows=True)) == {"predictions": rows}


def test_outputs_that_cannot_be_written():
    assert "tensor type: complex64" in refusal({"x": np.complex64([1 + 2j])})
    assert "no shape information" in refusal({"x": np.array(1, np.int32)})


@pytest.mark.parametrize("size", [0, 1])
def test_outputs_of_other_lengths_make_no_rows(size):
    outputs = {"ints": CUBE[:size, 0], "texts": TEXTS[: 1 - size]}
    assert "inconsistent batch size" in refusal(outputs)


@pytest.mark.parametrize(
    "outputs",
    [
        {"ints": np.zeros((0, 2), np.int32)},
        {"texts": np.empty((0, 1, 2), object), "floats": np.zeros((0, 3, 4), np.float32)},
    ],
)
def test_no_rows_are_an_empty_list(outputs):
    assert json.loads(write(outputs, by_rows=True)) == {"predictions": []}


def test_classes_are_pairs_of_label_and_score():
    labels = np.array([[b"car", b"bike", b"bus"]] * 2, object)
    scores = np.float32([[0.2, 0.7, 0.1], [0.7, 0.1, 0.2]])
    assert json.loads(write_classes(labels, scores)) == {
        "results": [
            [["car", 0.2], ["bike", 0.7], ["bus", 0.1]],
            [["car", 0.7], ["bike", 0.1], ["bus", 0.2]],
        ]
    }


def test_values_of_a_regression_are_a_list():
    assert json.loads(write_values(np.float32([0.2, 0.9, 1.0]))) == {"results": [0.2, 0.9, 1.0]}


def test_values_of_a_regression_that_are_not_finite_are_bare_tokens():
    written = write_values(np.float32([0.2, np.inf, 1, -np.inf, np.nan]))
    assert written == b'{"results":[0.2,Infinity,1.0,-Infinity,NaN]}'


@pytest.mark.parametrize("text", ['Bad key: "key"', "Bad key: 'key'"])
def test_error_is_an_object_with_its_message(text):
    answer = error_answer(invalid_argument(text))
    assert json.loads(answer.body) == {"error": text}
