"""What the stock server's test of its whole program says, from flags to answers."""

import contextlib
import json
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_service_pb2_grpc

from tests.serving.running_server import (
    error_of,
    model_config,
    predict_request,
    wait_for,
    write_text,
)
from tests.serving.stock_cases.saved_models import VERSION

TWO = {"x": np.float32([2.0])}
STATUS = {
    "model_version_status": [
        {
            "version": str(VERSION),
            "state": "AVAILABLE",
            "status": {"error_code": "OK", "error_message": ""},
        }
    ]
}


def answer_of(server, model, x=TWO, **choices):
    """Returns the only number of an answer to 2, the model that gave it checked."""
    answer = server.predict(model, x, **choices)
    assert (answer.model_spec.name, answer.model_spec.version.value) == (model, VERSION)
    assert answer.model_spec.signature_name == choices.get("signature", "serving_default")
    (output,) = answer.outputs.values()
    assert output.dtype == tf.float32.as_datatype_enum
    (value,) = output.float_val
    return value


def test_status_of_a_model(server):
    assert server.status("half_plus_two") == {VERSION: ("AVAILABLE", 0, "")}


def test_metadata_of_a_model(server):
    answer = server.metadata("half_plus_two")
    assert (answer.model_spec.name, answer.model_spec.version.value) == ("half_plus_two", VERSION)
    assert list(answer.metadata) == ["signature_def"]


@pytest.mark.parametrize("output_filter", [("y",), ()])
@pytest.mark.parametrize(
    ("model", "expected"), [("half_plus_two", 3.0), ("half_plus_three", 4.0), ("product", 12.0)]
)
def test_models_of_a_file_answer(server, model, expected, output_filter):
    assert answer_of(server, model, output_filter=output_filter) == expected


def test_arguments_of_the_grpc_server_are_taken(server):
    assert "grpc.lb_policy_name=grpclb" in " ".join(server.process.args)
    assert answer_of(server, "half_plus_two") == 3.0


def test_signatures_of_a_module_are_chosen_by_name(server):
    assert answer_of(server, "two_signatures", signature="custom_signature_key") == 2.0
    assert answer_of(server, "two_signatures") == 1.0


@pytest.mark.parametrize("model", ["keras", "keras_on_devices"])
def test_models_of_keras_answer(server, model):
    signature = server.rest("GET", f"/v1/models/{model}/metadata").text
    inputs = json.loads(signature)["metadata"]["signature_def"]["signature_def"]["serving_default"]
    (alias,) = inputs["inputs"]
    assert answer_of(server, model, {alias: np.float32([[2.0]])}) == 2.0


def test_socket_answers_like_the_port(server):
    with grpc.insecure_channel(f"unix:{server.folder / 'socket'}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        answer = stub.Predict(predict_request("half_plus_two", TWO), timeout=20)
    assert list(answer.outputs["y"].float_val) == [3.0]


@pytest.mark.parametrize(
    ("sent", "received"), [("instances", "predictions"), ("inputs", "outputs")]
)
def test_numbers_by_rest(server, sent, received):
    answer = server.post("half_plus_two:predict", {sent: [2.0, 3.0, 4.0]})
    assert json.loads(answer.text) == {received: [3.0, 3.5, 4.0]}


def test_status_by_rest(server):
    assert json.loads(server.rest("GET", "/v1/models/half_plus_two").text) == STATUS


def test_metrics_have_types(server):
    assert "# TYPE" in server.rest("GET", "/monitoring/prometheus/metrics").text


@contextlib.contextmanager
def models_file_of(server, configs):
    """Puts other models into the file of a server for a while."""
    file = server.folder / "models.config"
    before = file.read_text()
    write_text(file, configs)
    try:
        yield
    finally:
        file.write_text(before)


def test_file_of_models_is_read_again(checking_server, models):
    """What is in it takes the place of what was."""
    assert answer_of(checking_server, "half_plus_two") == 3.0

    def is_gone(model):
        with contextlib.suppress(grpc.RpcError):
            checking_server.predict(model, TWO)
            return False
        return True

    with models_file_of(checking_server, [model_config(models, "half_plus_three")]):
        wait_for(lambda: is_gone("half_plus_two"))
        assert answer_of(checking_server, "half_plus_three") == 4.0
        expected = ("NOT_FOUND", "Servable not found for request: Latest(half_plus_two)")
        assert error_of(checking_server.predict, "half_plus_two", TWO) == expected
    wait_for(lambda: not is_gone("half_plus_two"))


def test_file_of_models_is_read_once_without_a_time_to_wait(server, models):
    with models_file_of(server, [model_config(models, "half_plus_three")]):
        time.sleep(1.0)
        assert answer_of(server, "half_plus_two") == 3.0
