"""GET of a model: status and metadata as proto JSON."""

import json

import pytest
from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2

from tests.serving.running_server import wait_for

OK = {"error_code": "OK", "error_message": ""}


def get(server, path):
    answer = server.rest("GET", f"/v1/models{path}")
    assert answer.headers["content-type"] == "application/json"
    return answer.status, json.loads(answer.text)


def available(version):
    return {"version": str(version), "state": "AVAILABLE", "status": OK}


def test_status_lists_all_versions_newest_first(server):
    expected = {"model_version_status": [available(3), available(2), available(1)]}
    assert get(server, "/half") == (200, expected)


@pytest.mark.parametrize("path", ["/half/versions/2", "/half/versions/02", "/h%61lf/versions/2"])
def test_status_of_one_version(server, path):
    assert get(server, path) == (200, {"model_version_status": [available(2)]})


def test_status_ignores_a_label(server):
    assert get(server, "/half/labels/nobody") == get(server, "/half")


def test_status_route_ignores_case(server):
    answer = server.rest("GET", "/V1/MODELS/half/Versions/2")
    assert (answer.status, json.loads(answer.text)) == get(server, "/half/versions/2")


def test_status_of_a_version_that_failed_to_load_says_why(server):
    # There is a second attempt.
    wait_for(lambda: get(server, "/broken")[1]["model_version_status"][0]["state"] == "END")
    status, body = get(server, "/broken")
    (version,) = body["model_version_status"]
    assert (status, version["version"]) == (200, "1")
    assert version["status"]["error_code"] != "OK"
    assert "broken/1" in version["status"]["error_message"]


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/absent", 404, "Could not find any versions of model absent"),
        ("/half/versions/9", 404, "Could not find version 9 of model half"),
        ("/absent/versions/9", 404, "Could not find version 9 of model absent"),
        ("/", 400, "Malformed request: GET /v1/models/"),
        ("/absent/metadata", 404, "Servable not found for request: Latest(absent)"),
        ("/half/versions/9/metadata", 404, "Servable not found for request: Specific(half, 9)"),
        ("/half/labels/nobody/metadata", 400, "Unrecognized servable version label: nobody"),
        ("/broken/metadata", 404, "Servable not found for request: Latest(broken)"),
        (
            "/half/versions/99999999999999999999",
            400,
            "Failed to convert version: 99999999999999999999 to numeric.",
        ),
    ],
)
def test_errors_of_status_and_metadata(server, path, status, message):
    assert get(server, path) == (status, {"error": message})


TENSOR_X = {
    "name": "serving_default_x:0",
    "dtype": "DT_FLOAT",
    "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False},
}


@pytest.mark.parametrize(
    ("path", "version"), [("/half/metadata", "3"), ("/half/versions/1/metadata", "1")]
)
def test_metadata_describes_model_and_signatures(server, path, version):
    status, body = get(server, path)
    assert status == 200
    assert body["model_spec"] == {"name": "half", "signature_name": "", "version": version}
    signatures = body["metadata"]["signature_def"]["signature_def"]
    assert {"serving_default", "twice"} <= set(signatures)
    default = signatures["serving_default"]
    assert default["method_name"] == "tensorflow/serving/predict"
    assert default["inputs"] == {"x": TENSOR_X}
    assert list(default["outputs"]) == ["y"]


def test_metadata_shows_unknown_rank(server):
    _, body = get(server, "/zoo/metadata")
    signature = body["metadata"]["signature_def"]["signature_def"]["echo_int64"]
    shape = signature["inputs"]["x"]["tensor_shape"]
    assert shape == {"dim": [], "unknown_rank": True}
    assert signature["inputs"]["x"]["dtype"] == "DT_INT64"


def test_metadata_is_the_json_of_the_grpc_answer(server):
    answer = server.metadata("zoo")
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(signatures)
    expected = json_format.MessageToDict(
        signatures, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    assert get(server, "/zoo/metadata")[1]["metadata"]["signature_def"] == expected
