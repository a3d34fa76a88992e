"""`tf.Example` messages of Classify, Regress and MultiInference, from protocol buffers and JSON.

A feature of a JSON example is a list of values of one kind, or such a value alone: strings and
base64 are bytes, numbers with a point or an exponent floats, whole numbers and truth values
integers.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from tensorflow.core.example.example_pb2 import Example
from tensorflow.core.example.feature_pb2 import Feature
from tensorflow_serving.apis.input_pb2 import ExampleList, ExampleListWithContext, Input

from qtf.typing import Json
from serving.protocol.json_values import decode_bytes, json_type, show
from serving.status import StatusError, invalid_argument

_EXAMPLES, _CONTEXT = "examples", "context"
_KINDS = {"bytes_list": "bytes", "float_list": "float", "int64_list": "int64"}


def serialized(given: Input) -> np.ndarray:
    """Returns the examples as a graph parses them, the common context in front of each.

    Args:
        given: Input of a request.

    Returns:
        Serialized messages, (n_examples,), of type object.

    Raises:
        StatusError: INVALID_ARGUMENT, there are none.
    """
    context = b""
    examples: Iterable[Example] = given.example_list.examples
    if given.WhichOneof("kind") == "example_list_with_context":
        # Of messages that follow one another, protocol buffers make one with the fields of both.
        context = given.example_list_with_context.context.SerializeToString()
        examples = given.example_list_with_context.examples
    messages = [context + example.SerializeToString() for example in examples]
    if not messages:
        raise invalid_argument("Input is empty.")
    values = np.empty(len(messages), object)
    values[:] = messages
    return values


def read_examples(document: Mapping[str, Json]) -> Input:
    """Reads `examples` and, if it is there, `context` of a classify or regress request.

    Args:
        document: Object of the request.

    Raises:
        StatusError: INVALID_ARGUMENT, there are no examples, or one is none.
    """
    given = Input()
    found: ExampleList | ExampleListWithContext = given.example_list
    if _CONTEXT in document:
        found = given.example_list_with_context
        found.context.CopyFrom(_example(document[_CONTEXT]))
    start = f"JSON Value: {show(document)}"
    if _EXAMPLES not in document:
        raise invalid_argument(
            f"{start} When method is classify, key 'examples' is expected and was not found"
        )
    examples = document[_EXAMPLES]
    if not isinstance(examples, list):
        raise invalid_argument(f"{start} Expecting 'examples' value to be an list/array")
    if not examples:
        raise invalid_argument(f"{start} 'examples' value is an empty array")
    found.examples.extend(map(_example, examples))
    return given


def _example(value: Json) -> Example:
    if not isinstance(value, dict):
        raise invalid_argument(f"Example must be JSON object but got JSON {json_type(value)}")
    example = Example()
    for name, content in value.items():
        # Here, so that a feature without values is there, too.
        feature = example.features.feature[name]
        for element in content if isinstance(content, list) else [content]:
            _add(element, name, feature)
    return example


def _add(value: Json, name: str, feature: Feature) -> None:
    if isinstance(value, str) or (isinstance(value, dict) and value.keys() == {"b64"}):
        _values(feature, "bytes_list", name).append(decode_bytes(value))
    elif isinstance(value, bool | int):
        if value >= 2**63:
            raise invalid_argument(
                f"Feature: {name} has uint64_t element. Only int64_t is supported."
            )
        _values(feature, "int64_list", name).append(int(value))
    elif isinstance(value, float):
        with np.errstate(over="ignore", under="ignore"):
            _values(feature, "float_list", name).append(float(np.float32(value)))
    else:
        raise invalid_argument(
            f"Feature: {name} has element with unexpected JSON type: {json_type(value)}"
        )


def _values(feature: Feature, kind: str, name: str) -> list:
    before = feature.WhichOneof("kind")
    if before not in (None, kind):
        raise _other_kind(name, before)
    return getattr(feature, kind).value


def _other_kind(name: str, kind: str) -> StatusError:
    return invalid_argument(
        f"Unexpected element type in feature: {name} expecting type: {_KINDS[kind]}"
    )
