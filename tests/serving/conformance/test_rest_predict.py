"""POST .../NAME:predict that succeeds: routes, rows and columns, types, numbers."""

import base64
import gzip
import http.client
import json
import math

import numpy as np
import pytest


def b64(data):
    return {"b64": base64.b64encode(data).decode()}


def answer_of(server, path, body):
    answer = server.post(path, body)
    assert answer.status == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return json.loads(answer.text)


def no_integer(text):
    raise AssertionError(f"A float was written as the integer {text}.")


@pytest.mark.parametrize(
    ("path", "offset"),
    [
        ("half:predict", 3.0),
        ("half/versions/1:predict", 1.0),
        ("half/versions/2:predict", 2.0),
        ("half/versions/002:predict", 2.0),
        ("ha%6Cf:predict", 3.0),
        ("odd:predict", 2.0),
    ],
)
def test_route_chooses_the_version(server, path, offset):
    answer = answer_of(server, path, {"instances": [0.0, 4.0]})
    assert answer == {"predictions": [offset, offset + 2.0]}


def test_route_ignores_the_case_of_its_fixed_parts(server):
    answer = server.rest("POST", "/V1/Models/half/Versions/2:predict", '{"instances": [0.0]}')
    assert (answer.status, json.loads(answer.text)) == (200, {"predictions": [2.0]})


@pytest.mark.parametrize("signature", ["serving_default", ""])
def test_signature_name_default_and_empty_are_the_same(server, signature):
    body = {"signature_name": signature, "instances": [2.0]}
    assert answer_of(server, "half:predict", body) == {"predictions": [4.0]}


def test_signature_name_chooses_the_signature(server):
    body = {"signature_name": "twice", "instances": [2.0]}
    assert answer_of(server, "half:predict", body) == {"predictions": [4.0]}


@pytest.mark.parametrize(
    "content_type", [None, "application/json", "application/x-www-form-urlencoded"]
)
def test_content_type_of_the_request_does_not_matter(server, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    answer = server.rest("POST", "/v1/models/half:predict", '{"instances": [0]}', headers)
    assert json.loads(answer.text) == {"predictions": [3.0]}


@pytest.mark.parametrize(
    ("signature", "body", "expected"),
    [
        ("echo_float", {"instances": [[1, 2], [3, 4]]}, {"predictions": [[1, 2], [3, 4]]}),
        ("echo_float", {"instances": [{"x": 1.5}, {"x": 2.5}]}, {"predictions": [1.5, 2.5]}),
        ("echo_float", {"inputs": [[[1], [2]]]}, {"outputs": [[[1], [2]]]}),
        ("echo_float", {"inputs": {"x": [1.5]}}, {"outputs": [1.5]}),
        ("echo_float", {"inputs": 2.5}, {"outputs": 2.5}),
        ("echo_float", {"inputs": {"x": 2.5, "unknown": "ignored"}}, {"outputs": 2.5}),
        ("echo_float", {"inputs": []}, {"outputs": []}),
        ("echo_float", {"inputs": [[], []]}, {"outputs": [[], []]}),
        ("echo_float", {"instances": [[], []]}, {"predictions": [[], []]}),
        ("matrix", {"instances": [[1, 2]]}, {"predictions": [[1, 2, 3]]}),
        (
            "pair",
            {"instances": [{"a": 3, "b": 1}, {"b": 2, "a": 5}]},
            {"predictions": [{"total": 4, "difference": 2}, {"total": 7, "difference": 3}]},
        ),
        (
            "pair",
            {"inputs": {"a": [3, 5], "b": [1, 2]}},
            {"outputs": {"total": [4, 7], "difference": [2, 3]}},
        ),
        ("scalar", {"inputs": [1, 2]}, {"outputs": {"y": [2, 3], "total": 3}}),
        ("uneven", {"inputs": [1]}, {"outputs": {"y": [1], "doubled": [1, 1]}}),
    ],
)
def test_rows_and_columns_have_the_right_nesting(server, signature, body, expected):
    assert answer_of(server, "zoo:predict", {"signature_name": signature, **body}) == expected


TYPED_ROW = {
    "single": 1.5,
    "exact": 1,
    "count": -7,
    "big": 2**53,
    "small": 254,
    "flag": True,
    "text": "Grüße",
}
TYPED_ANSWER = {
    "single": 3.0,
    "exact": 1 / 3,
    "count": 7,
    "big": 2**53 + 1,
    "small": 255,
    "flag": False,
    "text": "Grüße!",
    "text_bytes": b64("Grüße?".encode()),
}


def test_every_type_in_rows(server):
    body = {"signature_name": "typed", "instances": [TYPED_ROW, TYPED_ROW]}
    answer = answer_of(server, "zoo:predict", body)
    assert answer == {"predictions": [TYPED_ANSWER, TYPED_ANSWER]}


def test_every_type_in_columns(server):
    columns = {name: [value] for name, value in TYPED_ROW.items()}
    answer = answer_of(server, "zoo:predict", {"signature_name": "typed", "inputs": columns})
    assert answer == {"outputs": {name: [value] for name, value in TYPED_ANSWER.items()}}


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("float", 16777215),
        ("float", -16777215),
        ("float", 3.4e38),
        ("double", 2**53 - 1),
        ("double", 1e308),
        ("double", 0.1),
        ("int8", -128),
        ("int32", 2**31 - 1),
        ("int32", -(2**31)),
        ("int64", 2**63 - 1),
        ("int64", -(2**63)),
        ("uint8", 255),
        ("bool", False),
        ("string", ""),
        ("string", 'quote " backslash \\ newline \n null \u0000 ü 😀'),
    ],
)
def test_extreme_values_come_back_exactly(server, dtype, value):
    body = {"signature_name": f"echo_{dtype}", "instances": [value]}
    (found,) = answer_of(server, "zoo:predict", body)["predictions"]
    if dtype == "float":
        found = float(np.float32(found))
        value = float(np.float32(value))
    assert found == value
    assert type(found) is (float if dtype in ("float", "double") else type(value))


@pytest.mark.parametrize("key", ["instances", "inputs"])
@pytest.mark.parametrize(
    ("dtype", "token", "expected"),
    [
        ("float", "1435774380", 1435774336.0),
        ("float", "-16777217", -16777216.0),
        ("float", "16777216", 16777216.0),
        ("float", "9223372036854775807", 2.0**63),
        ("float", "18446744073709551615", 2.0**64),
        ("float", "18446744073709551616", 2.0**64),
        ("float", "1" + "0" * 38, float(np.float32(1e38))),
        ("float", "1" + "0" * 40, math.inf),
        ("float", "1e308", math.inf),
        ("float", "-1e39", -math.inf),
        ("float", "1e-60", 0.0),
        ("double", "9007199254740993", 2.0**53),
        ("double", "-9223372036854775808", -(2.0**63)),
        ("double", "18446744073709551615", 2.0**64),
        ("double", "1" + "0" * 300, 1e300),
        ("double", "1e-400", 0.0),
    ],
)
def test_any_number_is_taken_as_a_float(server, key, dtype, token, expected):
    body = f'{{"signature_name": "echo_{dtype}", "{key}": [{token}, 1, 0.5]}}'
    answer = server.post("zoo:predict", body)
    assert answer.status == 200, answer.text
    ((found, one, half),) = json.loads(answer.text).values()
    rounded = np.float32 if dtype == "float" else np.float64
    assert (rounded(found), one, half) == (rounded(expected), 1.0, 0.5)


@pytest.mark.parametrize("dtype", ["float", "double"])
def test_floats_survive_the_text_bit_for_bit(server, dtype):
    kind = {"float": np.float32, "double": np.float64}[dtype]
    values = np.random.default_rng(0).normal(size=500).astype(kind)
    values = np.concatenate([values, values * kind(1e30), values * kind(1e-30)])
    # JSON from repr of a double carries a float32 exactly.
    body = {"signature_name": f"echo_{dtype}", "inputs": [float(value) for value in values]}
    found = np.asarray(answer_of(server, "zoo:predict", body)["outputs"], kind)
    np.testing.assert_array_equal(found, values)


def test_whole_floats_are_written_as_decimals(server):
    body = '{"signature_name": "echo_float", "instances": [0, -3, 2000000, 1e20]}'
    text = server.post("zoo:predict", body).text
    assert json.loads(text, parse_int=no_integer) == {"predictions": [0.0, -3.0, 2e6, 1e20]}


@pytest.mark.parametrize("dtype", ["float", "double"])
def test_tokens_of_numbers_that_are_not_finite(server, dtype):
    body = {"signature_name": f"echo_{dtype}", "instances": [math.nan, math.inf, -math.inf, 1.0]}
    assert "[NaN, Infinity, -Infinity, 1.0]" in json.dumps(body)
    text = server.post("zoo:predict", body).text
    nan, *rest = json.loads(text)["predictions"]
    assert math.isnan(nan)
    assert rest == [math.inf, -math.inf, 1.0]
    for token in ("NaN", "Infinity", "-Infinity"):
        assert token in text
        assert f'"{token}"' not in text


@pytest.mark.parametrize("key", ["instances", "inputs"])
def test_base64_objects_are_strings(server, key):
    body = {"signature_name": "echo_string", key: [b64(b"abc"), "plain", b64(b"")]}
    (answer,) = answer_of(server, "zoo:predict", body).values()
    assert answer == ["abc", "plain", ""]


def test_base64_object_alone_is_a_scalar_column(server):
    body = {"signature_name": "echo_string", "inputs": b64(b"abc")}
    assert answer_of(server, "zoo:predict", body) == {"outputs": "abc"}


def test_bytes_that_are_no_text_come_back_as_base64(server):
    data = bytes(range(256))
    row = TYPED_ROW | {"text": {"b64": base64.b64encode(data).decode()}}
    answer = server.post("zoo:predict", {"signature_name": "typed", "instances": [row]})
    # "text" holds bytes that are no UTF-8 here, so only the other output is looked at.
    assert answer.status == 200
    assert b64(data + b"?")["b64"] in answer.text


def test_compressed_body_is_read(server):
    body = gzip.compress(b'{"instances": [2]}')
    answer = server.rest("POST", "/v1/models/half:predict", body, {"Content-Encoding": "gzip"})
    assert (answer.status, json.loads(answer.text)) == (200, {"predictions": [4.0]})


def test_body_in_chunks_is_read(server):
    chunks = iter([b'{"insta', b'nces": ', b"[2]}"])
    # Of unknown length, so the client sends them as chunks.
    answer = server.rest("POST", "/v1/models/half:predict", chunks)
    assert json.loads(answer.text) == {"predictions": [4.0]}


def test_large_body_is_answered(server):
    rows = np.arange(300_000, dtype=float).tolist()
    body = {"signature_name": "echo_float", "inputs": rows}
    assert answer_of(server, "zoo:predict", body) == {"outputs": rows}


def test_connection_stays_open_between_requests(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=20)
    sockets = []
    for body in ('{"instances": [0]}', "broken", '{"instances": [2]}'):
        connection.request("POST", "/v1/models/half:predict", body)
        response = connection.getresponse()
        text = response.read().decode()
        sockets.append(connection.sock)
    assert json.loads(text) == {"predictions": [4.0]}
    assert sockets[0] is not None
    assert sockets[0] is sockets[2]
    connection.close()
