"""What the stock server's tests of REST say: paths, errors, answers."""

import json

import pytest
from tensorflow.core.framework.types_pb2 import DataType

from tests.serving.stock_cases.saved_models import VERSION
from tests.serving.stock_cases.test_model_server import STATUS

MODEL = "half_plus_two"
PATHS = ("", f"/versions/{VERSION}", "/labels/Version_Label")


def error_of(answer):
    """Returns status and message of an error."""
    return answer.status, json.loads(answer.text)["error"]


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/v1/foo", "Malformed request"),
        ("POST", "/v1/foo", "Malformed request"),
        ("GET", "/v1/models/debug/model_name", "Malformed request"),
        ("POST", "/v1/models", "Malformed request"),
        ("GET", "/v1/models/foo:predict", "Malformed request"),
        ("GET", "/v1/models/foo/version/50:predict", "Malformed request"),
        ("POST", "/v1/models/foo/version/50:regress", "Malformed request"),
        ("POST", "/v1/models/foo/versions/HELLO:regress", "Malformed request"),
        ("POST", f"/v1/models/foo/versions/{2**64 - 1}:regress", "Failed to convert version"),
        ("POST", "/v1/models/foo/metadata", "Malformed request"),
        ("POST", "/v1/models/foo/label/some_label:regress", "Malformed request"),
        ("POST", "/v1/models/foo/versions/50/labels/some_label:regress", "Malformed request"),
        ("POST", "/v1/models/foo/versions/some_label:regress", "Malformed request"),
    ],
)
def test_calls_that_there_are_not(server, method, path, message):
    status, found = error_of(server.rest(method, path, "" if method == "POST" else None))
    assert (status, message in found) == (400, True), found


@pytest.mark.parametrize("path", ["/statuspage", "/index"])
def test_paths_outside_the_interface_are_not_found(server, path):
    assert server.rest("GET", path).status == 404
    assert server.rest("GET", "/v1/models").status == 200


@pytest.mark.parametrize("name", ["foo", "foo/versions/50", f"{MODEL}99", f"{MODEL}/versions/99"])
def test_models_and_versions_that_there_are_not(server, name):
    assert error_of(server.post(f"{name}:predict", {"instances": [1]}))[0] == 404


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("", "", "JSON Parse error: The document is empty"),
        ("", "instances = [1, 2]", "JSON Parse error: Invalid value"),
        ("", '{"instances": ["x", "y"]}', "not of expected type: float"),
        ("/labels/absent", '{"instances": ["x", "y"]}', "Unrecognized servable version label"),
        ("", '{"signature_name": 100}', "'signature_name' key must be a string value."),
    ],
)
def test_predict_requests_with_mistakes(server, path, body, message):
    status, found = error_of(server.post(f"{MODEL}{path}:predict", body))
    assert (status, message in found) == (400, True), found


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"instances": [[1.0, 2.0], [3.0, 4.0]]}, {"predictions": [[2.5, 3.0], [3.5, 4.0]]}),
        ({"instances": [1.0, 2.0]}, {"predictions": [2.5, 3.0]}),
        (
            {"signature_name": "serving_default", "instances": [3.0, 4.0]},
            {"predictions": [3.5, 4.0]},
        ),
        ({"signature_name": "serving_default", "inputs": [3.0, 4.0]}, {"outputs": [3.5, 4.0]}),
    ],
)
def test_predict(server, path, body, expected):
    answer = server.post(f"{MODEL}{path}:predict", body)
    assert (answer.status, json.loads(answer.text)) == (200, expected)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", PATHS)
def test_status_of_every_version_of_one_and_of_a_label(server, path):
    answer = server.rest("GET", f"/v1/models/{MODEL}{path}")
    assert (answer.status, json.loads(answer.text)) == (200, STATUS)
    assert answer.headers["content-type"] == "application/json"


def tensor(name, dtype, *sizes):
    dim = [{"size": str(size), "name": ""} for size in sizes]
    shape = {"dim": dim, "unknown_rank": False}
    return {"name": name, "dtype": DataType.Name(dtype), "tensor_shape": shape}


def test_metadata_of_a_model(server):
    answer = server.rest("GET", f"/v1/models/{MODEL}/metadata")
    assert answer.headers["content-type"] == "application/json"
    found = json.loads(answer.text)
    assert found["model_spec"] == {
        "name": MODEL,
        "signature_name": "",
        "version": str(VERSION),
    }
    signatures = found["metadata"]["signature_def"]["signature_def"]
    numbers, texts = tensor("x2:0", 1, -1, 1), tensor("examples:0", 7, -1)
    assert signatures["regress_x2_to_y3"] == {
        "inputs": {"inputs": numbers},
        "outputs": {"outputs": tensor("y3:0", 1, -1, 1)},
        "method_name": "tensorflow/serving/regress",
        "defaults": {},
    }
    assert signatures["classify_x_to_y"]["inputs"] == {"inputs": texts}
    assert signatures["serving_default"]["outputs"] == {"y": tensor("y:0", 1, -1, 1)}
    assert len(signatures) == 6
