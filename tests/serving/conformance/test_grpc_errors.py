"""gRPC requests that fail: code and the words of the stock server."""

import re
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    predict_pb2,
    regression_pb2,
)

from tests.serving.running_server import choose, error_of

X = {"x": np.float32([1.0])}
PAIR = {"a": np.float32([1.0]), "b": np.float32([1.0])}
TensorProto = type(tf.make_tensor_proto(0))


def shape(*sizes):
    return tf.TensorShape(sizes).as_proto()


def negative_shape():
    proto = shape(1)
    proto.dim[0].size = -5
    return proto


def test_predict_without_model_spec(server):
    found = error_of(server.prediction.Predict, predict_pb2.PredictRequest())
    assert found == ("INVALID_ARGUMENT", "Missing ModelSpec")


NOT_SERVED = [
    ({"name": ""}, "INVALID_ARGUMENT", "ModelSpec has no name specified."),
    ({"name": "absent"}, "NOT_FOUND", "Servable not found for request: Latest(absent)"),
    ({"name": "broken"}, "NOT_FOUND", "Servable not found for request: Latest(broken)"),
    (
        {"name": "half", "version": 9},
        "NOT_FOUND",
        "Servable not found for request: Specific(half, 9)",
    ),
    (
        {"name": "half", "version": 0},
        "NOT_FOUND",
        "Servable not found for request: Specific(half, 0)",
    ),
    (
        {"name": "half", "label": "nobody"},
        "INVALID_ARGUMENT",
        "Unrecognized servable version label: nobody",
    ),
    ({"name": "half", "label": ""}, "INVALID_ARGUMENT", "Unrecognized servable version label: "),
]


@pytest.mark.parametrize("call", ["Predict", "GetModelMetadata", "Classify", "Regress"])
@pytest.mark.parametrize(("spec", "code", "message"), NOT_SERVED)
def test_model_spec_of_what_is_not_served(server, call, spec, code, message):
    request = {
        "Predict": predict_pb2.PredictRequest(),
        "GetModelMetadata": get_model_metadata_pb2.GetModelMetadataRequest(
            metadata_field=["signature_def"]
        ),
        "Classify": classification_pb2.ClassificationRequest(),
        "Regress": regression_pb2.RegressionRequest(),
    }[call]
    choose(request.model_spec, **spec)
    # A spec with an empty name is sent, which is not the same as no spec.
    request.model_spec.SetInParent()
    assert error_of(getattr(server.prediction, call), request) == (code, message)


WRONG_INPUTS = [
    (
        "pair",
        {"a": PAIR["a"]},
        "input size does not match signature: 1!=2 len({a}) != len({a,b}). "
        "Sent extra: {}. Missing but required: {b}.",
    ),
    (
        "pair",
        {**PAIR, "z": PAIR["a"]},
        "input size does not match signature: 3!=2 len({a,b,z}) != len({a,b}). "
        "Sent extra: {z}. Missing but required: {}.",
    ),
    (
        "pair",
        {},
        "input size does not match signature: 0!=2 len({}) != len({a,b}). "
        "Sent extra: {}. Missing but required: {a,b}.",
    ),
    (
        "constant",
        X,
        "input size does not match signature: 1!=0 len({x}) != len({}). "
        "Sent extra: {x}. Missing but required: {}.",
    ),
]


@pytest.mark.parametrize(("signature", "inputs", "message"), WRONG_INPUTS)
def test_wrong_number_of_inputs(server, signature, inputs, message):
    found = error_of(server.predict, "zoo", inputs, signature=signature)
    assert found == ("INVALID_ARGUMENT", message)


def test_wrong_name_of_an_input(server):
    inputs = {"a": PAIR["a"], "z": PAIR["b"]}
    code, message = error_of(server.predict, "zoo", inputs, signature="pair")
    assert code == "INVALID_ARGUMENT"
    older = (
        r"input tensor alias not found in signature: z\. Inputs expected to be in the set \{a,b\}\."
    )
    newer = r"Signature input alias: b\(feed name: \S+\) not found in request and no default value"
    assert re.match(f"{older}$|{newer}", message)


def test_unknown_signature(server):
    found = error_of(server.predict, "zoo", X, signature="none")
    assert found == ("FAILED_PRECONDITION", 'Serving signature key "none" not found.')


def test_unknown_signature_wins_over_wrong_inputs(server):
    assert error_of(server.predict, "zoo", {}, signature="none")[0] == "FAILED_PRECONDITION"


@pytest.mark.parametrize(
    ("output_filter", "message"),
    [
        (
            ["wrong"],
            "output tensor alias not found in signature: wrong "
            "Outputs expected to be in the set {difference,total}.",
        ),
        (["total", "total"], "duplicate output tensor alias: total"),
    ],
)
def test_output_filter_that_does_not_fit(server, output_filter, message):
    found = error_of(server.predict, "zoo", PAIR, signature="pair", output_filter=output_filter)
    assert found == ("INVALID_ARGUMENT", message)


UNREADABLE = {
    "content too short": TensorProto(dtype=1, tensor_shape=shape(2), tensor_content=b"1234"),
    "content too long": TensorProto(dtype=1, tensor_shape=shape(1), tensor_content=b"12345678"),
    "negative dimension": TensorProto(dtype=1, tensor_shape=negative_shape(), float_val=[1]),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_tensor_that_cannot_be_read(server, kind):
    code, message = error_of(server.predict, "zoo", {"x": UNREADABLE[kind]})
    assert code == "INVALID_ARGUMENT"
    assert message.startswith("tensor parsing error: x")


@pytest.mark.parametrize("dtype", [0, 1000])
def test_dtype_that_does_not_exist(server, dtype):
    proto = TensorProto(dtype=dtype, tensor_shape=shape(1), float_val=[1])
    code, message = error_of(server.predict, "zoo", {"x": proto})
    assert code == "INVALID_ARGUMENT"
    assert " x" in message


def test_huge_shape_without_values_is_refused(server):
    proto = TensorProto(dtype=1, tensor_shape=shape(2**40, 2**40))
    assert error_of(server.predict, "zoo", {"x": proto})[0] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("value", [np.int64([1]), np.float64([1]), np.array([b"1"], object)])
def test_wrong_dtype_of_an_input(server, value):
    assert error_of(server.predict, "zoo", {"x": value})[0] == "INVALID_ARGUMENT"
    assert server.predict("zoo", X).outputs["y"].float_val == [1.0]


@pytest.mark.parametrize("value", [np.ones((1, 3)), np.ones(2), np.ones((1, 2, 1))])
def test_wrong_shape_of_an_input(server, value):
    inputs = {"x": value.astype(np.float32)}
    assert error_of(server.predict, "zoo", inputs, signature="matrix")[0] == "INVALID_ARGUMENT"


def test_refusal_of_the_graph_names_the_rule(server):
    code, message = error_of(server.predict, "zoo", {"x": np.float32([-1])}, signature="checked")
    assert code == "INVALID_ARGUMENT"
    assert "Input `x` must not be negative." in message
    assert server.predict("zoo", {"x": np.float32([4])}, signature="checked").outputs[
        "y"
    ].float_val == [2]


def test_long_error_texts_are_cut(server):
    names = [f"wrong_{number:04}" for number in range(400)]
    code, message = error_of(server.predict, "zoo", dict.fromkeys(names, X["x"]), signature="pair")
    assert code == "INVALID_ARGUMENT"
    assert message.startswith("input size does not match signature: 400!=2")
    assert message.endswith("...TRUNCATED")
    assert len(message) == 1024 + len("...TRUNCATED")


def test_deadline_ends_a_long_run_and_the_next_call_is_served(server):
    inputs = {"x": np.float32([1]), "n": np.int32([3_000_000])}
    started = time.monotonic()
    code, _ = error_of(server.predict, "zoo", inputs, signature="slow", timeout=0.5)
    assert code == "DEADLINE_EXCEEDED"
    assert time.monotonic() - started < 3
    assert server.predict("zoo", X).outputs["y"].float_val == [1.0]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([], "GetModelMetadataRequest must specify at least one metadata_field"),
        (["unknown_field"], "Metadata field %s is not supported"),
        (["signature_def", "unknown_field"], "Metadata field %s is not supported"),
    ],
)
@pytest.mark.parametrize("model", ["half", "absent"])
def test_metadata_fields_are_checked_first(server, model, fields, message):
    code, found = error_of(server.metadata, model, fields)
    assert code == "INVALID_ARGUMENT"
    # The stock text holds a forgotten "%s"; a server may be wiser than that.
    head, _, tail = message.partition("%s")
    assert found.startswith(head)
    assert tail.strip() in found


@pytest.mark.parametrize("call", ["GetModelMetadata", "Classify", "Regress"])
def test_other_calls_without_model_spec(server, call):
    request = {
        "GetModelMetadata": get_model_metadata_pb2.GetModelMetadataRequest(),
        "Classify": classification_pb2.ClassificationRequest(),
        "Regress": regression_pb2.RegressionRequest(),
    }[call]
    found = error_of(getattr(server.prediction, call), request)
    assert found == ("INVALID_ARGUMENT", "Missing ModelSpec")


def test_status_without_model_spec(server):
    found = error_of(server.model.GetModelStatus, get_model_status_pb2.GetModelStatusRequest())
    assert found == ("INVALID_ARGUMENT", "Missing ModelSpec")


@pytest.mark.parametrize(
    ("model", "version", "message"),
    [
        ("absent", None, "Could not find any versions of model absent"),
        ("half", 9, "Could not find version 9 of model half"),
        ("absent", 1, "Could not find version 1 of model absent"),
    ],
)
def test_status_of_what_never_was(server, model, version, message):
    assert error_of(server.status, model, version) == ("NOT_FOUND", message)


EXAMPLES = [
    ("Classify", classification_pb2.ClassificationRequest, "classification"),
    ("Regress", regression_pb2.RegressionRequest, "regression"),
]


@pytest.mark.parametrize(("call", "kind", "words"), EXAMPLES)
@pytest.mark.parametrize("signature", ["", "twice", "none"])
def test_examples_for_a_predict_model(server, call, kind, words, signature):
    request = kind()
    choose(request.model_spec, "half", signature=signature)
    request.input.example_list.examples.add().features.feature["x"].float_list.value.append(1.0)
    message = (
        "No signature was found with the name: none"
        if signature == "none"
        else f"No {words} inputs found in SignatureDef: {signature or 'serving_default'} "
        "with inputs {x} and outputs {y}"
    )
    assert error_of(getattr(server.prediction, call), request) == ("INVALID_ARGUMENT", message)


MULTI = [
    ([], "INVALID_ARGUMENT", "ModelSpec has no name specified."),
    ([("absent", "", "classify")], "NOT_FOUND", "Servable not found for request: Latest(absent)"),
    (
        [("half", "none", "classify")],
        "INVALID_ARGUMENT",
        "Requested signature not found in model graph: none",
    ),
    (
        [("half", "", "predict")],
        "UNIMPLEMENTED",
        "Unsupported signature method_name: tensorflow/serving/predict",
    ),
    (
        [("half", "", "regress")],
        "INVALID_ARGUMENT",
        "No regression inputs found in SignatureDef: serving_default "
        "with inputs {x} and outputs {y}",
    ),
]


@pytest.mark.parametrize(("tasks", "code", "message"), MULTI)
def test_multi_inference_of_a_predict_model(server, tasks, code, message):
    request = inference_pb2.MultiInferenceRequest()
    for model, signature, method in tasks:
        task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
        choose(task.model_spec, model, signature=signature)
    assert error_of(server.prediction.MultiInference, request) == (code, message)


def test_unknown_service_and_bytes_that_are_no_request(server):
    def raw(method):
        return server.channel.unary_unary(method)

    assert error_of(raw("/tensorflow.serving.PredictionService/Nothing"), b"")[0] == "UNIMPLEMENTED"
    code, _ = error_of(raw("/tensorflow.serving.PredictionService/Predict"), b"\xff\xff\xff")
    assert code in {grpc.StatusCode.INTERNAL.name, "INVALID_ARGUMENT"}
