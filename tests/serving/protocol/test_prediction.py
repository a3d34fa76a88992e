"""Inputs of Predict requests: those of the signature, and defaults for what is left out."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow_serving.apis import predict_pb2

from serving.protocol.prediction import read_inputs
from serving.protocol.signature import Signature
from serving.status import StatusError


@pytest.fixture
def signature():
    """x, and a factor that is 2 unless it is sent."""
    proto = SignatureDef()
    for alias in ("x", "factor"):
        proto.inputs[alias].name = f"{alias}:0"
        proto.inputs[alias].dtype = tf.float32.as_datatype_enum
    proto.defaults["factor"].CopyFrom(tf.make_tensor_proto([2.0]))
    return Signature.from_proto("scale", proto)


def request(**inputs):
    message = predict_pb2.PredictRequest()
    for alias, values in inputs.items():
        message.inputs[alias].CopyFrom(tf.make_tensor_proto(values, tf.float32))
    return message


def test_what_is_left_out_has_its_default(signature):
    inputs = read_inputs(request(x=[1.0, 3.0]), signature)
    assert sorted(inputs) == ["factor", "x"]
    np.testing.assert_array_equal(inputs["factor"], np.array([2.0], np.float32))
    assert inputs["factor"].dtype == np.float32


def test_what_is_sent_counts(signature):
    inputs = read_inputs(request(x=[1.0], factor=[5.0]), signature)
    np.testing.assert_array_equal(inputs["factor"], [5.0])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"factor": [1.0]}, "Missing but required: {x}"),
        ({}, "Missing but required: {x}"),
        ({"x": [1.0], "y": [1.0]}, "alias not found in signature: y"),
    ],
)
def test_other_inputs_have_to_be_there(signature, inputs, message):
    with pytest.raises(StatusError, match=message):
        read_inputs(request(**inputs), signature)
