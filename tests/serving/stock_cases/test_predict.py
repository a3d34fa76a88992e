"""What the stock server's tests of Predict say, by gRPC."""

import json

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from tests.serving.running_server import error_of, predict_request
from tests.serving.stock_cases.saved_models import VERSION

MODEL = "half_plus_two"
TWO = {"x": np.float32(2.0)}


def test_request_without_a_model(server):
    empty = predict_pb2.PredictRequest()
    nameless = predict_pb2.PredictRequest()
    nameless.model_spec.SetInParent()
    for request in (empty, nameless):
        assert error_of(server.prediction.Predict, request)[0] == "INVALID_ARGUMENT"


def test_request_without_inputs(server):
    assert error_of(server.predict, MODEL, {}, version=VERSION)[0] == "INVALID_ARGUMENT"


def test_inputs_of_other_names(server):
    inputs = {"unknown_1": np.array([b"any"]), "unknown_2": np.float32([1])}
    code, message = error_of(server.predict, MODEL, inputs)
    assert code == "INVALID_ARGUMENT"
    assert "Sent extra: {unknown_1,unknown_2}" in message
    assert "Missing but required: {x}" in message


@pytest.mark.parametrize(("value", "name"), [(True, "bool"), (np.array([b"any"]), "string")])
def test_input_of_another_type(server, value, name):
    code, message = error_of(server.predict, MODEL, {"x": value})
    assert code == "INVALID_ARGUMENT"
    assert f"Expects input x to be float but {name} is provided" in message


def test_output_filter(server):
    code, message = error_of(server.predict, MODEL, TWO, output_filter=["output_filter"])
    assert code == "INVALID_ARGUMENT"
    assert "output tensor alias not found in signature: output_filter" in message
    assert list(server.predict(MODEL, TWO, output_filter=["y"]).outputs) == ["y"]
    found = error_of(server.predict, MODEL, TWO, output_filter=["y", "y"])
    assert found == ("INVALID_ARGUMENT", "duplicate output tensor alias: y")


@pytest.mark.parametrize(
    ("signature", "alias", "output", "value"),
    [
        ("serving_default", "x", "y", 3.0),
        ("regress_x2_to_y3", "inputs", "outputs", 4.0),
        ("classify_x2_to_y3", "inputs", "scores", 4.0),
    ],
)
def test_answer_to_every_kind_of_signature(server, signature, alias, output, value):
    asked = "" if signature == "serving_default" else signature
    found = server.predict(MODEL, {alias: np.float32(2.0)}, version=VERSION, signature=asked)
    expected = predict_pb2.PredictResponse()
    expected.model_spec.name = MODEL
    expected.model_spec.version.value = VERSION
    expected.model_spec.signature_name = signature
    number = tf.make_tensor_proto(np.float32(value))
    expected.outputs[output].CopyFrom(number)
    assert found == expected


def test_signatures_without_inputs_and_with_state(server):
    def count(signature, inputs=None, **choices):
        answer = server.predict("counter", inputs or {}, signature=signature, **choices)
        assert tf.make_ndarray(answer.outputs["output"]).shape == ()
        return float(tf.make_ndarray(answer.outputs["output"]))

    count("reset_counter")
    assert count("get_counter") == 0.0
    assert count("incr_counter") == 1.0
    assert count("reset_counter") == 0.0
    assert count("incr_counter", output_filter=["output"]) == 1.0
    assert count("incr_counter_by", {"delta": np.float32(3)}) == 4.0


def test_method_is_checked_where_a_flag_says_so(server, checking_server):
    for running in (server, checking_server):
        assert running.predict(MODEL, TWO).outputs["y"].float_val == [3.0]
    request = predict_request(MODEL, TWO, signature="other_method")
    assert server.prediction.Predict(request, timeout=20).outputs["y"].float_val == [3.0]
    code, message = error_of(checking_server.prediction.Predict, request)
    assert code == "INTERNAL"
    assert message.endswith("Was: tensorflow/serving/paint")
    body = {"signature_name": "other_method", "instances": [2.0]}
    answer = checking_server.post(f"{MODEL}:predict", body)
    assert answer.status == 500
    assert json.loads(answer.text)["error"] == message
