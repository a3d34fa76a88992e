"""PredictionService.Predict and GetModelMetadata that succeed."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2

ROWS = {
    "single": np.array([1.5, -2.0], np.float32),
    "exact": np.array([1.0, 2.0]),
    "count": np.array([-7, 2**31 - 1], np.int32),
    "big": np.array([2**53, -(2**63)]),
    "small": np.array([254, 0], np.uint8),
    "flag": np.array([True, False]),
    "text": np.array([b"a", b"\xff\x00"], object),
}


@pytest.mark.parametrize(
    ("choice", "offset", "version"),
    [
        ({}, 3.0, 3),
        ({"version": 1}, 1.0, 1),
        ({"version": 2, "signature": "serving_default"}, 2.0, 2),
    ],
)
def test_model_spec_chooses_and_is_echoed(server, choice, offset, version):
    answer = server.predict("half", {"x": np.float32([0, 4])}, **choice)
    np.testing.assert_array_equal(tf.make_ndarray(answer.outputs["y"]), [offset, offset + 2])
    spec = answer.model_spec
    assert (spec.name, spec.version.value) == ("half", version)
    assert spec.signature_name == "serving_default"


def test_signature_is_echoed(server):
    answer = server.predict("half", {"x": np.float32([4])}, signature="twice")
    assert answer.model_spec.signature_name == "twice"
    assert tf.make_ndarray(answer.outputs["y"]) == 8.0


def test_every_type_keeps_its_dtype(server):
    answer = server.predict("zoo", ROWS, signature="typed")
    found = {name: tf.make_ndarray(proto) for name, proto in answer.outputs.items()}
    np.testing.assert_array_equal(found["single"], ROWS["single"] * 2)
    np.testing.assert_array_equal(found["exact"], ROWS["exact"] / 3)
    np.testing.assert_array_equal(found["count"], -ROWS["count"])
    np.testing.assert_array_equal(found["big"], ROWS["big"] + 1)
    np.testing.assert_array_equal(found["small"], ROWS["small"] + np.uint8(1))
    np.testing.assert_array_equal(found["flag"], ~ROWS["flag"])
    assert list(found["text"]) == [b"a!", b"\xff\x00!"]
    assert list(found["text_bytes"]) == [b"a?", b"\xff\x00?"]
    for name in ("single", "exact", "count", "big", "small", "flag"):
        assert found[name].dtype == ROWS[name].dtype


FIELDS = [
    ("float", np.float32([[1, 2]]), "float_val", [1, 2]),
    ("double", np.float64([[1, 2]]), "double_val", [1, 2]),
    ("int32", np.int32([[1, -2]]), "int_val", [1, -2]),
    ("int8", np.int8([[1, -2]]), "int_val", [1, -2]),
    ("uint8", np.uint8([[1, 255]]), "int_val", [1, 255]),
    ("int64", np.int64([[1, -(2**62)]]), "int64_val", [1, -(2**62)]),
    ("bool", np.array([[True, False]]), "bool_val", [True, False]),
    ("string", np.array([[b"a", b"\xff"]], object), "string_val", [b"a", b"\xff"]),
    ("half", np.float16([[1, -2]]), "half_val", [0x3C00, 0xC000]),
    ("complex64", np.complex64([[1 + 2j, 3]]), "scomplex_val", [1, 2, 3, 0]),
]


@pytest.mark.parametrize(("dtype", "value", "field", "expected"), FIELDS)
def test_answer_is_in_the_typed_field(server, dtype, value, field, expected):
    proto = server.predict("zoo", {"x": value}, signature=f"echo_{dtype}").outputs["y"]
    assert (
        proto.dtype == tf.as_dtype(value.dtype if dtype != "string" else tf.string).as_datatype_enum
    )
    assert [dim.size for dim in proto.tensor_shape.dim] == [1, 2]
    assert list(getattr(proto, field)) == expected
    assert proto.tensor_content == b""


@pytest.mark.parametrize(("dtype", "value"), [(dtype, value) for dtype, value, *_ in FIELDS])
def test_answer_is_in_the_content_if_the_flag_says_so(batching_server, dtype, value):
    answer = batching_server.predict("zoo", {"x": value}, signature=f"echo_{dtype}")
    proto = answer.outputs["y"]
    np.testing.assert_array_equal(tf.make_ndarray(proto), value)
    # Strings have no memory of fixed size, so they stay where they were.
    assert bool(proto.tensor_content) == (dtype != "string")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"float_val": [1, 2, 3, 4]}, [[1, 2], [3, 4]]),
        ({"float_val": [5]}, [[5, 5], [5, 5]]),
        ({"float_val": [1, 2]}, [[1, 2], [2, 2]]),
        ({}, [[0, 0], [0, 0]]),
        ({"tensor_content": np.float32([1, 2, 3, 4]).tobytes()}, [[1, 2], [3, 4]]),
    ],
)
def test_request_may_use_content_or_fields(server, fields, expected):
    shape = tf.TensorShape([2, 2]).as_proto()
    proto = type(tf.make_tensor_proto(0))(
        dtype=tf.float32.as_datatype_enum, tensor_shape=shape, **fields
    )
    answer = server.predict("zoo", {"x": proto})
    np.testing.assert_array_equal(tf.make_ndarray(answer.outputs["y"]), expected)


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1, 1, 1, 1, 1)])
def test_shapes_survive(server, shape):
    answer = server.predict("zoo", {"x": np.zeros(shape, np.float32)})
    assert tf.make_ndarray(answer.outputs["y"]).shape == shape


@pytest.mark.parametrize(
    ("output_filter", "names"),
    [
        ((), {"total", "difference"}),
        (("total",), {"total"}),
        (("difference", "total"), {"total", "difference"}),
    ],
)
def test_output_filter_chooses_outputs(server, output_filter, names):
    inputs = {"a": np.float32([3]), "b": np.float32([1])}
    answer = server.predict("zoo", inputs, signature="pair", output_filter=output_filter)
    assert set(answer.outputs) == names
    expected = {"total": 4.0, "difference": 2.0}
    for name in names:
        assert tf.make_ndarray(answer.outputs[name]) == expected[name]


def test_output_without_batch_dimension_is_answered(server):
    answer = server.predict("zoo", {"x": np.float32([1, 2])}, signature="scalar")
    assert tf.make_ndarray(answer.outputs["total"]).shape == ()
    assert tf.make_ndarray(answer.outputs["total"]) == 3.0


def test_signature_without_inputs(server):
    answer = server.predict("zoo", {}, signature="constant")
    assert tf.make_ndarray(answer.outputs["y"]) == 3.0


def test_message_beyond_the_default_limit_of_grpc(server):
    value = np.arange(2_000_000, dtype=np.float32)
    answer = server.predict("zoo", {"x": value})
    np.testing.assert_array_equal(tf.make_ndarray(answer.outputs["y"]), value)


def test_many_clients_get_their_own_answers(server):
    def ask(number):
        answer = server.predict("half", {"x": np.float32([number])}, version=1 + number % 3)
        return float(tf.make_ndarray(answer.outputs["y"])[0])

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(ask, range(200)))
    assert found == [number / 2 + 1 + number % 3 for number in range(200)]


@pytest.mark.parametrize(("choice", "version"), [({}, 3), ({"version": 2}, 2)])
def test_metadata_names_model_version_and_signatures(server, choice, version):
    answer = server.metadata("half", **choice)
    spec = answer.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("half", version, "")
    assert list(answer.metadata) == ["signature_def"]
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(signatures)
    default = signatures.signature_def["serving_default"]
    assert default.inputs["x"].dtype == tf.float32.as_datatype_enum
    assert "twice" in signatures.signature_def
