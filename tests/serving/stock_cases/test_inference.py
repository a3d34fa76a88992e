"""Classify, Regress and MultiInference, as the stock server's tests ask for them."""

import json
import math

import pytest
from tensorflow_serving.apis import classification_pb2, inference_pb2, regression_pb2

from tests.serving.running_server import choose, error_of
from tests.serving.stock_cases.saved_models import VERSION

MODELS = ("half_plus_two", "half_plus_two_tf2")
PATHS = ("", f"/versions/{VERSION}", "/labels/Version_Label")
METHODS = {
    "Classify": classification_pb2.ClassificationRequest,
    "Regress": regression_pb2.RegressionRequest,
}


def add_example(given, **features):
    values = given.example_list.examples.add().features.feature
    for name, value in features.items():
        values[name].float_list.value.append(value)


def infer(server, call, model, signature, *, n_examples=1):
    """Returns the answer to examples with x = 2."""
    request = METHODS[call]()
    choose(request.model_spec, model, signature=signature)
    for _ in range(n_examples):
        add_example(request.input, x=2.0)
    return getattr(server.prediction, call)(request, timeout=20)


def check_spec(spec, model, signature):
    assert (spec.name, spec.version.value) == (model, VERSION)
    assert spec.signature_name == signature


@pytest.mark.parametrize("model", MODELS)
def test_classify(server, model):
    answer = infer(server, "Classify", model, "classify_x_to_y")
    ((found,),) = [each.classes for each in answer.result.classifications]
    assert (found.label, found.score) == ("", 3.0)
    check_spec(answer.model_spec, model, "classify_x_to_y")


@pytest.mark.parametrize("model", MODELS)
def test_regress(server, model):
    answer = infer(server, "Regress", model, "regress_x_to_y")
    assert [each.value for each in answer.result.regressions] == [3.0]
    check_spec(answer.model_spec, model, "regress_x_to_y")


@pytest.mark.parametrize("model", MODELS)
def test_multi_inference(server, model):
    request = inference_pb2.MultiInferenceRequest()
    tasks = [("regress_x_to_y", "regress"), ("classify_x_to_y", "classify")]
    for signature, method in tasks:
        task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
        choose(task.model_spec, model, signature=signature)
    add_example(request.input, x=2.0)
    first, second = server.prediction.MultiInference(request, timeout=20).results
    assert first.regression_result.regressions[0].value == 3.0
    assert second.classification_result.classifications[0].classes[0].score == 3.0
    for result, (signature, _) in zip((first, second), tasks, strict=True):
        check_spec(result.model_spec, model, signature)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("x", [2.0, 80.0])
def test_regress_by_rest(server, path, x):
    body = {"signature_name": "regress_x_to_y", "examples": [{"x": x}, {"x": 0.0}]}
    answer = server.post(f"half_plus_two{path}:regress", body)
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.text) == {"results": [x / 2 + 2, 2.0]}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("x", [2.0, 20.0])
def test_classify_by_rest(server, path, x):
    body = {"signature_name": "classify_x_to_y", "examples": [{"x": x}]}
    answer = server.post(f"half_plus_two{path}:classify", body)
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.text) == {"results": [[["", x / 2 + 2]]]}


def test_context_is_part_of_every_example(server):
    examples = {"context": {"x": 6.0}, "examples": [{}, {"x2": 1.0}]}
    answer = server.post("half_plus_two:regress", {"signature_name": "regress_x_to_y", **examples})
    assert json.loads(answer.text) == {"results": [5.0, 5.0]}


def test_labels_of_classes(server):
    labels = server.post("labelled:classify", {"signature_name": "labels", "examples": [{}, {}]})
    assert json.loads(labels.text) == {"results": [[["car", 0.0], ["bike", 0.0]]] * 2}
    both = server.post("labelled:classify", {"signature_name": "both", "examples": [{}]})
    assert json.loads(both.text) == {"results": [[["car", 0.2], ["bike", math.inf]]]}
    answer = infer(server, "Classify", "labelled", "both")
    ((car, bike),) = [each.classes for each in answer.result.classifications]
    assert (car.label, bike.label, bike.score) == ("car", "bike", math.inf)


def test_values_that_are_not_finite(server):
    body = {"signature_name": "values", "examples": [{}, {}, {}]}
    assert server.post("labelled:regress", body).text == '{"results":[0.2,Infinity,NaN]}'


@pytest.mark.parametrize("call", METHODS)
def test_no_examples_are_refused_and_so_no_result_is_empty(server, call):
    signature = {"Classify": "classify_x_to_y", "Regress": "regress_x_to_y"}[call]
    found = error_of(infer, server, call, "half_plus_two", signature, n_examples=0)
    assert found == ("INVALID_ARGUMENT", "Input is empty.")
    body = {"signature_name": signature, "examples": []}
    answer = server.post(f"half_plus_two:{call.lower()}", body)
    assert (answer.status, "is an empty array" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("call", "signature", "message"),
    [
        ("Classify", "classify_x2_to_y3", "Expects input inputs to be float but string is"),
        ("Classify", "regress_x_to_y", "at least one of "),
        ("Regress", "classify_x_to_y", "No regression outputs found in SignatureDef: "),
        ("Regress", "serving_default", "No regression inputs found in SignatureDef: "),
        ("Classify", "serving_default", "No classification inputs found in SignatureDef: "),
    ],
)
def test_signature_of_another_kind_is_refused(server, call, signature, message):
    code, found = error_of(infer, server, call, "half_plus_two", signature)
    assert code == "INVALID_ARGUMENT"
    assert message in found


@pytest.mark.parametrize(
    ("call", "signature", "message"),
    [
        ("Classify", "uneven", "should match in dim_size(1). Got 2 vs. 3"),
        ("Classify", "flat", "Expected Tensor shape: [batch_size num_classes] but got [1]"),
        ("Classify", "doubles", "Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE"),
        ("Classify", "too_many", "Expected scores output batch size of 1. Got: 2"),
        ("Classify", "others", 'contain at least one of "classes" or "scores"'),
        ("Classify", "three", "Expected one or two output Tensors, found 3"),
        ("Regress", "both", "Expected one output Tensor."),
        ("Regress", "wide_values", "either [batch_size] or [batch_size, 1] but got [1,2]"),
        ("Regress", "too_many_values", "did not match output batch size: 1 vs. 2"),
        ("Regress", "double_values", "Expected outputs Tensor of DT_FLOAT. Got: DT_DOUBLE"),
    ],
)
def test_outputs_of_another_form_are_told(server, call, signature, message):
    code, found = error_of(infer, server, call, "labelled", signature)
    assert code == "INVALID_ARGUMENT"
    assert message in found


TWICE = [("half_plus_two", "classify_x_to_y", "classify")] * 2


@pytest.mark.parametrize(
    ("tasks", "code", "message"),
    [
        (TWICE, "INVALID_ARGUMENT", "Duplicate evaluation of signature: classify_x_to_y"),
        (
            [TWICE[0], ("half_plus_three", "regress_x_to_y", "regress")],
            "INVALID_ARGUMENT",
            "must access the same model name.",
        ),
        (
            [("half_plus_two", "absent", "classify")],
            "INVALID_ARGUMENT",
            "Requested signature not found in model graph: absent",
        ),
        (
            [("half_plus_two", "", "paint")],
            "UNIMPLEMENTED",
            "Unsupported signature method_name: tensorflow/serving/paint",
        ),
        (
            [("labelled", "two_inputs", "classify")],
            "INVALID_ARGUMENT",
            "Expected one input Tensor.",
        ),
    ],
)
def test_tasks_that_cannot_be_done(server, tasks, code, message):
    request = inference_pb2.MultiInferenceRequest()
    for model, signature, method in tasks:
        task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
        choose(task.model_spec, model, signature=signature)
    add_example(request.input, x=2.0)
    found, details = error_of(server.prediction.MultiInference, request)
    assert (found, message in details) == (code, True), details


@pytest.mark.parametrize("call", METHODS)
def test_methods_are_checked_by_name_where_a_flag_says_so(checking_server, call):
    method = call.lower()
    right = infer(checking_server, call, "half_plus_two", f"{method}_x_to_y")
    assert right.model_spec.version.value == VERSION
    # Of TensorFlow 2, whose signatures all predict.
    wrong = error_of(infer, checking_server, call, "half_plus_two_tf2", f"{method}_x_to_y")
    assert wrong[0] == "INVALID_ARGUMENT"
    assert wrong[1].endswith(
        f"signature method_name to be tensorflow/serving/{method}. Was: tensorflow/serving/predict"
    )
