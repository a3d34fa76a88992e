import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import model_pb2, predict_pb2

from serving.protocol import prediction, tensor_proto
from serving.protocol.signature import Signature, Tensor
from serving.status import StatusError

ARRAYS = {
    "float32": np.array([[1.5, np.nan], [np.inf, -0.0]], np.float32),
    "float64": np.linspace(0, 1, 300).reshape(3, 100),
    "complex64": np.array([1 + 2j, 3], np.complex64),
    "complex128": np.array([[1 - 2j]]),
    "int32": np.arange(6, dtype=np.int32).reshape(1, 2, 3),
    "int64": np.array([2**62, -1]),
    "uint8": np.array([0, 255], np.uint8),
    "bool": np.array([True, False]),
    "float16": np.array([0.5, 2], np.float16),
    "scalar": np.float32(2.5),
    "strided": np.arange(12, dtype=np.float32).reshape(3, 4)[:, ::2],
    "empty": np.zeros((0, 4), np.float32),
    "string": np.array([b"a", b"\xff\x00"], object),
}


@pytest.mark.parametrize("as_content", [False, True])
@pytest.mark.parametrize("name", ARRAYS)
def test_wire_format_reads_back_with_tensorflow(name, as_content):
    array = np.asarray(ARRAYS[name])
    dtype = tf.string if array.dtype == object else tf.dtypes.as_dtype(array.dtype)
    wire = tensor_proto.serialize_tensor(array, dtype, as_content=as_content)
    proto = tensor_pb2.TensorProto.FromString(wire)
    read = tf.make_ndarray(proto)
    assert proto.dtype == dtype.as_datatype_enum
    assert read.shape == array.shape
    np.testing.assert_array_equal(read, array)


def test_floats_are_typed_fields_by_default():
    array = np.arange(3, dtype=np.float32)
    proto = tensor_pb2.TensorProto.FromString(tensor_proto.serialize_tensor(array, tf.float32))
    assert list(proto.float_val) == [0, 1, 2]
    assert not proto.tensor_content
    wire = tensor_proto.serialize_tensor(array, tf.float32, as_content=True)
    assert tensor_pb2.TensorProto.FromString(wire).tensor_content == array.tobytes()


def test_response_equals_the_message_of_the_protocol():
    outputs = {"psi": np.arange(200, dtype=np.float32), "n": np.array([3], np.int32)}
    tensors = {
        "psi": Tensor("psi:0", tf.float32, None),
        "n": Tensor("n:0", tf.int32, None),
    }
    spec = model_pb2.ModelSpec(name="ising", signature_name="rollout")
    spec.version.value = 7
    expected = predict_pb2.PredictResponse(model_spec=spec)
    for alias, array in outputs.items():
        expected.outputs[alias].CopyFrom(tf.make_tensor_proto(array))
        if array.dtype == np.float32:
            expected.outputs[alias].ClearField("tensor_content")
            expected.outputs[alias].float_val.extend(array)
    signature = Signature("rollout", "", {}, tensors)
    wire = prediction.write_response(spec, signature, outputs)
    assert predict_pb2.PredictResponse.FromString(wire) == expected


def test_answers_of_every_length_are_the_message_of_the_protocol():
    tensors = {"psi": Tensor("psi:0", tf.float32, None)}
    # Lengths of a tensor and of its entry that take one byte, two and three.
    for size in (*range(1, 80), 2**12):
        array = np.arange(size, dtype=np.float32)
        wire = prediction.write_response(
            model_pb2.ModelSpec(), Signature("s", "", {}, tensors), {"psi": array}
        )
        proto = predict_pb2.PredictResponse.FromString(wire).outputs["psi"]
        np.testing.assert_array_equal(proto.float_val, array)


@pytest.mark.parametrize("name", ["float32", "float64", "int32", "int64", "bool", "uint8"])
def test_typed_fields_and_content_read_alike(name):
    array = ARRAYS[name]
    by_content = tf.make_tensor_proto(array)
    by_field = tensor_pb2.TensorProto()
    by_field.CopyFrom(by_content)
    by_field.ClearField("tensor_content")
    field = {"float32": "float_val", "float64": "double_val", "int64": "int64_val"}
    field = field.get(name, "bool_val" if name == "bool" else "int_val")
    if not getattr(by_field, field):
        getattr(by_field, field).extend(array.ravel().tolist())
    for proto in (by_content, by_field):
        np.testing.assert_array_equal(tensor_proto.to_array(proto, "x"), array)


LARGE = 100_000
LARGE_ARRAYS = {
    "float_val": np.linspace(-1, 1, LARGE, dtype=np.float32),
    "double_val": np.linspace(-1, 1, LARGE),
    "int64_val": np.arange(LARGE) - 2**62,
    "uint64_val": np.arange(LARGE, dtype=np.uint64) + np.uint64(2**63),
    "bool_val": np.arange(LARGE) % 3 == 0,
    "int_val": np.arange(LARGE, dtype=np.int32) % 251 - 7,
    "scomplex_val": np.linspace(-1, 1, LARGE).astype(np.complex64) * (1 + 2j),
    "half_val": np.linspace(-1, 1, LARGE, dtype=np.float16),
}


@pytest.mark.parametrize("field", LARGE_ARRAYS)
def test_large_typed_fields_are_read_and_written_piece_by_piece(field):
    array = LARGE_ARRAYS[field].reshape(50, -1)
    dtype = tf.dtypes.as_dtype(array.dtype)
    proto = tensor_pb2.TensorProto.FromString(tensor_proto.serialize_tensor(array, dtype))
    assert len(getattr(proto, field)) == LARGE * (2 if dtype.is_complex else 1)
    found = tensor_proto.to_array(proto, "x")
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    np.testing.assert_array_equal(tf.make_ndarray(proto), array)


def test_content_wins_over_a_complete_field():
    array = LARGE_ARRAYS["float_val"]
    proto = tf.make_tensor_proto(array)
    proto.float_val.extend(np.zeros(LARGE, np.float32))
    np.testing.assert_array_equal(tensor_proto.to_array(proto, "x"), array)


def test_number_that_does_not_fit_its_type_is_refused_in_a_large_field():
    proto = tensor_pb2.TensorProto(dtype=tf.uint8.as_datatype_enum, int_val=[7] * LARGE)
    proto.int_val[LARGE - 1] = 300
    proto.tensor_shape.dim.add(size=LARGE)
    with pytest.raises(StatusError, match="tensor parsing error: x: .*300"):
        tensor_proto.to_array(proto, "x")


def test_one_value_stands_for_all():
    proto = tf.make_tensor_proto(2.0, shape=(2, 3))
    np.testing.assert_array_equal(tensor_proto.to_array(proto, "x"), np.full((2, 3), 2.0))


def test_one_value_stands_for_as_many_as_are_allowed_and_for_no_more():
    proto = tf.make_tensor_proto(2.0, shape=(tensor_proto.MAX_FILLED,))
    assert tensor_proto.to_array(proto, "x").shape == (tensor_proto.MAX_FILLED,)
    proto.tensor_shape.dim[0].size += 1
    with pytest.raises(StatusError, match=f"at most {tensor_proto.MAX_FILLED} elements"):
        tensor_proto.to_array(proto, "x")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dtype": 1, "shape": (2**40,)}, "a shape of 1099511627776 elements must come with all"),
        ({"dtype": 1, "shape": (-1,)}, r"the shape \[-1\] has a negative axis"),
        ({"dtype": 1, "shape": (4,), "tensor_content": b"12345"}, "tensor parsing error: x"),
        ({"dtype": 0, "shape": ()}, "tensor parsing error: x"),
        ({"dtype": 9999, "shape": ()}, "tensor parsing error: x"),
        ({"dtype": 20, "shape": ()}, "tensor parsing error: x"),
    ],
    ids=["huge", "negative", "length", "no type", "unknown type", "resource"],
)
def test_contradictory_tensor_is_refused(fields, message):
    shape = fields.pop("shape")
    proto = tensor_pb2.TensorProto(**fields)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    with pytest.raises(StatusError, match=message):
        tensor_proto.to_array(proto, "x")
