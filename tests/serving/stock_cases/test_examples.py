"""What the stock server's tests of JSON say of examples, for Classify and Regress alike."""

import json

import pytest
from google.protobuf import text_format
from tensorflow.core.example.example_pb2 import Example
from tensorflow_serving.apis.input_pb2 import Input

from serving.protocol.examples import read_examples, serialized
from serving.protocol.json_requests import parse_object
from serving.status import Code, StatusError

FIRST = {"names": ["foo", "bar"], "ratings": [8.0, 9.0], "age": 20}
FIRST_PROTO = """
features {
  feature { key: "age" value { int64_list { value: 20 } } }
  feature { key: "names" value { bytes_list { value: "foo" value: "bar" } } }
  feature { key: "ratings" value { float_list { value: 8 value: 9 } } }
}
"""
CONTEXT_PROTO = """
features {
  feature { key: "query" value { bytes_list { value: "pizza" } } }
  feature { key: "location" value { bytes_list { value: "sfo" } } }
}
"""
SECOND_PROTO = """
features {
  feature { key: "names" value { bytes_list { value: "baz" value: "hello" } } }
  feature { key: "ratings" value { float_list { value: -inf } } }
  feature { key: "mixed" value { int64_list { value: 1 value: 1 value: 0 } } }
  feature { key: "empty" value { } }
}
"""
SECOND = {
    "names": ["baz", {"b64": "aGVsbG8="}],
    "ratings": float("-inf"),
    "mixed": [1, True, False],
    "empty": [],
}


def read(body):
    return read_examples(parse_object(json.dumps(body).encode()))


def example(text):
    return text_format.Parse(text, Example())


def refusal(body):
    with pytest.raises(StatusError) as caught:
        read(body)
    assert caught.value.code is Code.INVALID_ARGUMENT
    return caught.value.message


def test_features_have_the_kind_of_their_values():
    expected = Input()
    expected.example_list.examples.extend([example(FIRST_PROTO), example(SECOND_PROTO)])
    assert read({"examples": [FIRST, SECOND]}) == expected


def test_context_belongs_to_every_example():
    context = {"query": "pizza", "location": ["sfo"]}
    given = read({"signature_name": "a", "context": context, "examples": [FIRST, SECOND]})
    assert given.example_list_with_context.context == example(CONTEXT_PROTO)
    for message, alone in zip(serialized(given), (FIRST_PROTO, SECOND_PROTO), strict=True):
        whole = example(alone)
        whole.MergeFrom(example(CONTEXT_PROTO))
        assert Example.FromString(message) == whole


def test_float_beyond_single_precision_is_infinite():
    (found,) = read({"examples": [{"x": 1e308}]}).example_list.examples
    assert found.features.feature["x"].float_list.value == [float("inf")]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"signature_name": ["a"], "examples": [FIRST]}, "'signature_name' key must be a string"),
        ({"context": [FIRST]}, "Example must be JSON object but got JSON Array"),
        ({"examples": FIRST}, "list/array"),
        ({"examples": [[FIRST]]}, "Example must be JSON object but got JSON Array"),
        ({"examples": [{"n": [10, None]}]}, "n has element with unexpected JSON type: Null"),
        ({"examples": [{"n": [10, 10.0]}]}, "feature: n expecting type: int64"),
        ({"examples": [{"n": ["a", 1]}]}, "feature: n expecting type: bytes"),
        ({"examples": [{"n": [1.5, "a"]}]}, "feature: n expecting type: float"),
        (
            {"examples": [{"n": [10, {"a": 10}]}]},
            "n has element with unexpected JSON type: Object",
        ),
        ({"examples": [{"n": [[10], 20]}]}, "n has element with unexpected JSON type: Array"),
        ({"examples": [{"n": [20, 18446744073709551603]}]}, "Only int64_t is supported"),
        ({"examples": [{"n": {"b64": "!"}}]}, "Unable to base64 decode"),
    ],
)
def test_mistakes_in_examples(body, message):
    assert message in refusal(body)


def test_input_without_examples_is_refused():
    with pytest.raises(StatusError, match="Input is empty"):
        serialized(Input())
