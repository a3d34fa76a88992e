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
    wire = tensor_proto.serialized(array, dtype, as_content=as_content)
    proto = tensor_pb2.TensorProto.FromString(wire)
    read = tf.make_ndarray(proto)
    assert proto.dtype == dtype.as_datatype_enum
    assert read.shape == array.shape
    np.testing.assert_array_equal(read, array)


def test_floats_are_typed_fields_by_default():
    array = np.arange(3, dtype=np.float32)
    proto = tensor_pb2.TensorProto.FromString(tensor_proto.serialized(array, tf.float32))
    assert list(proto.float_val) == [0, 1, 2]
    assert not proto.tensor_content
    wire = tensor_proto.serialized(array, tf.float32, as_content=True)
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


def test_one_value_stands_for_all():
    proto = tf.make_tensor_proto(2.0, shape=(2, 3))
    np.testing.assert_array_equal(tensor_proto.to_array(proto, "x"), np.full((2, 3), 2.0))


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
