"""REST requests that fail: status, JSON body and the words of the stock server."""

import gzip
import json
import re

import pytest


def error_of(answer):
    """Returns the message of an error answer, its form checked."""
    assert answer.headers["content-type"] == "application/json"
    body = json.loads(answer.text)
    assert list(body) == ["error"]
    return body["error"]


def post_zoo(server, signature, body):
    text = body if isinstance(body, str) else json.dumps({"signature_name": signature, **body})
    return server.post("zoo:predict", text)


def post_column(server, dtype, token):
    # The token goes as it is: Python would write many of these differently.
    body = f'{{"signature_name": "echo_{dtype}", "inputs": [{token}]}}'
    return server.post("zoo:predict", body)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/foo"),
        ("POST", "/v1/foo"),
        ("POST", "/v1/models"),
        ("GET", "/v1/models/half:predict"),
        ("POST", "/v1/models/half"),
        ("POST", "/v1/models/half/metadata"),
        ("POST", "/v1/models/half:PREDICT"),
        ("POST", "/v1/models/half:explain"),
        ("POST", "/v1/models/half:predict/"),
        ("POST", "/v1/models/:predict"),
        ("POST", "/v1/models/half/version/1:predict"),
        ("POST", "/v1/models/half/versions/HELLO:predict"),
        ("POST", "/v1/models/half/versions/-1:predict"),
        ("POST", "/v1/models/half/versions/1/labels/stable:predict"),
        ("GET", "/v1/models/half/"),
        ("GET", "/v1/models/half/versions/1/meta"),
        ("PUT", "/v1/models/half:predict"),
        ("DELETE", "/v1/models/half"),
        ("PATCH", "/v1/models/half:predict"),
        ("OPTIONS", "/v1/models/half:predict"),
    ],
)
def test_unknown_path_or_method_under_v1_is_malformed(server, method, path):
    answer = server.rest(method, path, '{"instances": [0]}' if method != "GET" else None)
    assert (answer.status, error_of(answer)) == (400, f"Malformed request: {method} {path}")


@pytest.mark.parametrize("path", ["/v2/models/half", "/v1", "/index.php", "/models/half:predict"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_path_outside_v1_is_not_found(server, method, path):
    assert server.rest(method, path, "{}" if method == "POST" else None).status == 404


HOSTILE = {
    "deep nesting": b'{"instances": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "no UTF-8": b'{"instances": ["\xff\xfe"]}',
    "zero byte": b'{"instances": [1\x00]}',
    "half a surrogate pair": rb'{"instances": ["\ud800"]}',
    "endless integer": b'{"instances": [' + b"9" * 10_000 + b"]}",
    "too large exponent": b'{"instances": [1e999]}',
    "gzip without a header": gzip.compress(b'{"instances": [1]}'),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_body_is_a_bad_request_and_the_next_is_served(server, kind):
    answer = server.rest("POST", "/v1/models/zoo:predict", HOSTILE[kind])
    assert answer.status == 400
    assert error_of(answer)
    assert server.post("zoo:predict", {"instances": [1]}).status == 200


@pytest.mark.parametrize(("dtype", "value"), [("uint8", 300), ("uint8", -1), ("int8", 200)])
def test_integer_beyond_a_small_type_is_never_wrapped(server, dtype, value):
    answer = post_zoo(server, f"echo_{dtype}", {"inputs": [value]})
    assert answer.status == 400
    assert str(value) in error_of(answer)


def test_version_beyond_64_bits(server):
    answer = server.post("half/versions/18446744073709551615:predict", {"instances": [0]})
    message = "Failed to convert version: 18446744073709551615 to numeric."
    assert (answer.status, error_of(answer)) == (400, message)


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("absent:predict", 404, "Servable not found for request: Latest(absent)"),
        ("half/versions/9:predict", 404, "Servable not found for request: Specific(half, 9)"),
        ("absent/versions/1:predict", 404, "Servable not found for request: Specific(absent, 1)"),
        ("half/labels/nobody:predict", 400, "Unrecognized servable version label: nobody"),
        ("absent/labels/nobody:predict", 400, "Unrecognized servable version label: nobody"),
        ("broken:predict", 404, "Servable not found for request: Latest(broken)"),
        ("HALF:predict", 404, "Servable not found for request: Latest(HALF)"),
        ("half%2Fx:predict", 404, "Servable not found for request: Latest(half/x)"),
    ],
)
def test_unknown_model_version_or_label(server, path, status, message):
    answer = server.post(path, {"instances": [0]})
    assert (answer.status, error_of(answer)) == (status, message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "JSON Parse error: The document is empty"),
        ("instances = [1, 2]", r"JSON Parse error: .* at offset: 0"),
        ('{"instances": [1, 2', r"JSON Parse error: .* at offset: \d+"),
        ('{"instances": [1.0,]}', r"JSON Parse error: .* at offset: \d+"),
        ("{'instances': [1.0]}", r"JSON Parse error: .* at offset: \d+"),
        ('{"instances": [1.0]', r"JSON Parse error: .* at offset: \d+"),
        ('{"instances": ["\\x"]}', r"JSON Parse error: .* at offset: \d+"),
        ("[1.0]", r"(?s)JSON Value: \[.*\] Is not object"),
        ("3", "JSON Value: 3 Is not object"),
        ("null", "JSON Value: null Is not object"),
    ],
)
def test_body_that_is_no_json_object(server, body, message):
    for model in ("zoo", "absent"):
        answer = server.post(f"{model}:predict", body)
        assert answer.status == 400
        assert re.fullmatch(message, error_of(answer))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"signature_name": 5, "instances": [1]}, "'signature_name' key must be a string value."),
        (
            {"signature_name": None, "instances": [1]},
            "'signature_name' key must be a string value.",
        ),
        (
            {"signature_name": "none", "instances": [1]},
            'Serving signature name: "none" not found in signature def',
        ),
        (
            {"signature_name": "constant", "instances": [1]},
            "Failed to get input map for signature: constant",
        ),
        ({}, "Missing 'inputs' or 'instances' key"),
        ({"Instances": [1]}, "Missing 'inputs' or 'instances' key"),
        (
            {"instances": [1], "inputs": [1]},
            "expecting only one of 'inputs' or 'instances' keys to exist",
        ),
        ({"instances": {"x": [1]}}, "Expecting 'instances' to be an list/array"),
        ({"instances": 1}, "Expecting 'instances' to be an list/array"),
        ({"instances": []}, "No values in 'instances' array"),
    ],
)
def test_request_object_of_the_wrong_form(server, body, message):
    answer = server.post("zoo:predict", body)
    assert answer.status == 400
    assert message in error_of(answer)


WRONG_ROWS = [
    ("pair", [1.0], "instances is a plain list, but expecting list of objects as multiple input"),
    ("pair", [{"a": 1, "b": 1}, 2], "Expecting object but got list at item 1 of input list"),
    ("echo_float", [1, {"x": 1}], "Expecting value/list but got object at item 1 of input list"),
    ("pair", [{"a": 1, "b": 1, "c": 1}], "JSON object: does not have named input: c"),
    (
        "pair",
        [{"a": 1, "b": 1, "c": 1}],
        "Failed to process element: 0 key: c of 'instances' list.",
    ),
    (
        "pair",
        [{"a": 1, "b": 1}, {"a": 1}],
        r"Failed to process element: 1 of 'instances' list\. JSON object:",
    ),
    ("pair", [{"a": 1}], "(must only have keys|keys must be equal to): a,b"),
    ("pair", [{}], "(must only have keys|keys must be equal to): a,b"),
    ("pair", [{"a": 1, "b": [1]}, {"a": 1, "b": [1, 2]}], "Failed to process element: 1 key: b of"),
    ("echo_float", [[1, 2], [3]], "Failed to process element: 1 of 'instances' list. Error: "),
    ("echo_float", [[1, 2], [3]], "Expecting tensor size: 2 but got: 1"),
    ("echo_float", [[[1, 2]], [[1], [2]]], r"Expecting shape \[1,2\] but got: \[2,1\]"),
    (
        "echo_float",
        ["1"],
        "Failed to process element: 0 of 'instances' list. "
        'Error: (INVALID_ARGUMENT|Invalid argument): JSON Value: "1" Type: String',
    ),
    ("echo_half", [1], "Conversion of JSON Value: 1 to type: half"),
    ("echo_complex64", [1], "Conversion of JSON Value: 1 to type: complex64"),
]


@pytest.mark.parametrize(("signature", "rows", "message"), WRONG_ROWS)
def test_rows_that_do_not_fit(server, signature, rows, message):
    answer = post_zoo(server, signature, {"instances": rows})
    # Every fault of a row is a bad request, even a type that REST has no words for.
    assert answer.status == 400
    assert re.search(message, error_of(answer))


WRONG_COLUMNS = [
    (
        "pair",
        [1.0],
        "inputs is a plain value/list, but expecting an object as multiple input tensors",
    ),
    ("pair", {"a": [1]}, "Missing named input: b in 'inputs' object."),
    ("echo_float", {"y": [1]}, "Missing named input: x in 'inputs' object."),
    ("echo_float", {}, "Missing named input: x in 'inputs' object."),
    (
        "echo_float",
        [[1, 2], [3]],
        "Encountered list at unexpected size: 1 at level: 1 expected size: 2",
    ),
    ("echo_float", [1, [2]], "Encountered list at unexpected level: 1 expected < 1"),
    (
        "echo_float",
        [[1], 2],
        "JSON Value: 2 found at incorrect level: ",
    ),
    ("echo_string", {"x": [{"b64": "YQ==", "more": 1}]}, "not formatted correctly for base64 data"),
    ("echo_string", {"x": [{"b64": 1}]}, "not formatted correctly for base64 data"),
    ("echo_string", [{"b64": "!!!"}], "Unable to base64 decode"),
    ("echo_float", [{"b64": "YQ=="}], "Type: Object is not of expected type: float"),
]


@pytest.mark.parametrize(("signature", "columns", "message"), WRONG_COLUMNS)
def test_columns_that_do_not_fit(server, signature, columns, message):
    answer = post_zoo(server, signature, {"inputs": columns})
    assert answer.status == 400
    assert message in error_of(answer)


WRONG_VALUES = [
    ("float", '"1"', 'JSON Value: "1" Type: String'),
    ("float", "null", "JSON Value: null Type: Null"),
    ("float", "true", "JSON Value: true Type: True"),
    ("double", "false", "JSON Value: false Type: False"),
    ("int32", "1.0", "JSON Value: 1.0 Type: Number"),
    ("int32", "2147483648", "JSON Value: 2147483648 Type: Number"),
    ("int32", "NaN", "JSON Value: NaN Type: Number"),
    ("int8", "0.5", "JSON Value: 0.5 Type: Number"),
    ("uint8", '"7"', 'JSON Value: "7" Type: String'),
    ("int64", "9223372036854775808", "JSON Value: 9223372036854775808 Type: Number"),
    ("int64", "-9223372036854775809", "JSON Value: -9.223372036854776e+18 Type: Number"),
    ("int64", "18446744073709551616", "JSON Value: 1.8446744073709552e+19 Type: Number"),
    ("int64", "1e3", "JSON Value: 1000.0 Type: Number"),
    ("bool", "1", "JSON Value: 1 Type: Number"),
    ("bool", '"true"', 'JSON Value: "true" Type: String'),
    ("string", "5", "JSON Value: 5 Type: Number"),
]


@pytest.mark.parametrize(("dtype", "value", "message"), WRONG_VALUES)
def test_value_of_the_wrong_type(server, dtype, value, message):
    answer = post_column(server, dtype, value)
    expected = (400, f"{message} is not of expected type: {dtype}")
    assert (answer.status, error_of(answer)) == expected


@pytest.mark.parametrize("dtype", ["half", "complex64"])
def test_dtype_without_json_in_columns_is_unimplemented(server, dtype):
    answer = post_zoo(server, f"echo_{dtype}", {"inputs": [1]})
    expected = (501, f"Conversion of JSON Value: 1 to type: {dtype}")
    assert (answer.status, error_of(answer)) == expected


@pytest.mark.parametrize("key", ["instances", "inputs"])
@pytest.mark.parametrize(("signature", "dtype"), [("as_half", "half"), ("as_complex", "complex64")])
def test_output_without_json_is_a_bad_request(server, signature, dtype, key):
    answer = post_zoo(server, signature, {key: [1.0]})
    expected = (400, f"Failed to write JSON value for tensor type: {dtype}")
    assert (answer.status, error_of(answer)) == expected


def test_rows_of_an_output_without_batch_dimension(server):
    answer = post_zoo(server, "scalar", {"instances": [1.0]})
    expected = (400, "Tensor name: total has no shape information ")
    assert (answer.status, error_of(answer)) == expected


def test_rows_of_outputs_with_different_batch_sizes(server):
    answer = post_zoo(server, "uneven", {"instances": [1.0, 2.0]})
    assert answer.status == 400
    # The stock server goes through its outputs in any order.
    assert error_of(answer) in {
        "Tensor name: y has inconsistent batch size: 2 expecting: 4",
        "Tensor name: doubled has inconsistent batch size: 4 expecting: 2",
    }


@pytest.mark.parametrize(
    ("signature", "rows", "message"),
    [
        ("checked", [-1.0], "Input `x` must not be negative."),
        ("matrix", [[1.0, 2.0, 3.0]], ""),
    ],
)
def test_error_of_the_graph_is_a_bad_request(server, signature, rows, message):
    answer = post_zoo(server, signature, {"instances": rows})
    assert answer.status == 400
    assert message in error_of(answer)
    assert server.post("zoo:predict", {"instances": [1.0]}).status == 200


@pytest.mark.parametrize(
    ("method", "words"), [("classify", "classification"), ("regress", "regression")]
)
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"examples": [{"x": 1.0}]},
            "No {1} inputs found in SignatureDef: ",
        ),
        (
            {"examples": [{"x": 1.0}], "signature_name": "none"},
            "No signature was found with the name: none",
        ),
        ({}, "key 'examples' is expected and was not found"),
        ({"examples": 1}, "Expecting 'examples' value to be an list/array"),
        ({"examples": []}, "'examples' value is an empty array"),
        ({"examples": [1]}, "Example must be JSON object but got JSON Number"),
    ],
)
def test_classify_and_regress_of_a_predict_model(server, method, words, body, message):
    answer = server.post(f"half:{method}", body)
    assert answer.status == 400
    assert message.format(method, words) in error_of(answer)


@pytest.mark.parametrize("method", ["classify", "regress"])
def test_classify_and_regress_of_an_unknown_model(server, method):
    answer = server.post(f"absent:{method}", {"examples": [{"x": 1.0}]})
    expected = (404, "Servable not found for request: Latest(absent)")
    assert (answer.status, error_of(answer)) == expected
